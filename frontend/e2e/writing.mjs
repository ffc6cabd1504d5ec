// What is written survives: the real program is killed and started again.
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { assertNoSins, expect, openPage, shot, startProgram, Suite, until } from "./harness.mjs";

/** binary and model are paths. */
export async function writingSuite(browser, { binary, model }) {
  const suite = new Suite("writing");
  const home = mkdtempSync(join(tmpdir(), "freehold-writing-"));
  const serve = (addr) => startProgram(binary, ["serve", "--addr", addr], { line: /(http:\/\/\S+token=\S+)/, env: { FREEHOLD_HOME: home, FREEHOLD_TOKEN: "end-to-end-test-0123456789" } });
  let server = await serve("127.0.0.1:0");
  const link = server.hit[1];
  const { page, context, sins } = await openPage(browser, link);
  const composer = () => page.getByRole("textbox", { name: "Message" });
  const rpc = (method, ...args) =>
    page.evaluate(async ([m, a]) => (await (await fetch(`/rpc/${m}`, { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(a) })).json()).result, [method, args]);
  const waiting = () => page.locator(".queue-text").allTextContents();
  const ask = async (text) => {
    await composer().fill(text);
    await page.keyboard.press("Enter");
  };
  const words = () => page.locator(".answer-last .md").waitFor();
  const killed = async () => {
    await server.end("SIGKILL");
    await page.getByText("The connection to Freehold is lost").waitFor();
    server = await serve(new URL(link).host);
    await until(async () => !(await page.getByText("The connection to Freehold is lost").isVisible()), "the notice to go");
  };
  const anew = async () => {
    await page.goto(link);
    await composer().waitFor();
  };
  const check = (name, work) => suite.check(name, work, (n) => shot(page, `failed writing ${n}`));
  try {
    await rpc("ImportModel", model);
    await page.reload();
    await check("a draft is there after kill -9, in a chat and in the next one", async () => {
      await composer().fill("half a thought");
      await until(async () => (await rpc("Drafts")).some((d) => d.text === "half a thought"), "the draft to be kept");
      await killed();
      await anew();
      await until(async () => (await composer().inputValue()) === "half a thought", "the draft");
    });
    await check("what waits is held after kill -9, and goes on when told", async () => {
      await ask("Write a very long story about a lighthouse keeper, with many chapters.");
      await words();
      await ask("What is the opposite of hot?");
      await ask("And of big?");
      await until(async () => (await waiting()).length === 2, "two that wait");
      await composer().fill("a third, unfinished");
      await until(async () => (await rpc("Drafts")).some((d) => d.text === "a third, unfinished"), "the draft to be kept");
      await killed();
      await page.reload();
      await page.getByText("Held since Freehold was closed").waitFor();
      expect((await waiting()).join() === "What is the opposite of hot?,And of big?", `what waits is ${await waiting()}`);
      expect((await composer().inputValue()) === "a third, unfinished", "the draft");
      await shot(page, "program held after a restart");
      await page.getByRole("button", { name: "Send them" }).click();
      await until(async () => (await waiting()).length === 0, "nothing to wait any more", 180_000);
      await page.locator(".answer-last[aria-busy=false]").waitFor({ timeout: 180_000 });
      const asked = await page.locator(".question-text").allTextContents();
      expect(asked.slice(-2).join() === "What is the opposite of hot?,And of big?", `asked were ${asked}`);
    });
    await check("the queue goes on when its page is closed, and send now stops the answer", async () => {
      await page.locator(".new-chat").click();
      await page.locator(".greeting").waitFor(); // else the words go into the chat that is left
      await ask("Write a very long story about a lighthouse keeper, with many chapters.");
      await words();
      const id = await page.evaluate(() => location.hash.split("/")[2]);
      await ask("What is the opposite of cold?");
      await until(async () => (await waiting()).length === 1, "one that waits");
      await page.getByRole("button", { name: "Send now, and stop the answer" }).click();
      await page.evaluate(() => void (location.hash = "#/settings"));
      await until(async () => {
        const c = await rpc("Chat", id);
        return c.messages.length === 4 && c.messages[1].status === "stopped" && c.messages[3].status === "complete";
      }, "the second answer", 180_000);
    });
    await check("of a temporary chat neither draft nor queue comes to the disk", async () => {
      await page.getByRole("button", { name: "New temporary chat" }).click();
      await composer().fill("xylophone whispers");
      await page.waitForTimeout(1000);
      await page.keyboard.press("Enter");
      await words();
      await ask("xylophone waits");
      await until(async () => (await waiting()).length === 1, "one that waits");
      await composer().fill("xylophone draft");
      await until(async () => (await rpc("Drafts")).some((d) => d.text === "xylophone draft"), "the draft to be kept in memory");
      for (const file of readdirSync(home, { recursive: true, withFileTypes: true }))
        if (file.isFile() && !file.name.endsWith(".gguf") && !file.parentPath.includes("blobs")) expect(!readFileSync(join(file.parentPath, file.name)).includes("xylophone"), `${file.name} without it`);
      await rpc("Stop", await page.evaluate(() => location.hash.split("/")[2])); // it may have ended by itself
    });
    await check("presets are there after kill -9", async () => {
      await page.evaluate(() => void (location.hash = "#/presets"));
      await page.getByRole("button", { name: "New preset" }).click();
      await page.getByLabel("Name", { exact: true }).fill("Opposites");
      await page.getByLabel("Instructions").fill("Answer with one word.");
      await page.getByRole("button", { name: "Save" }).click();
      await page.getByRole("heading", { name: "Opposites" }).waitFor();
      await killed();
      await page.reload();
      await page.getByRole("button", { name: "New chat: Opposites" }).click();
      await page.getByText("Preset: Opposites").waitFor();
    });
    await check("made no error and asked no other server", async () => assertNoSins(sins));
  } finally {
    await context.close();
    await server.end();
    rmSync(home, { recursive: true, force: true });
  }
  return suite;
}
