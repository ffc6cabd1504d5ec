// The whole program: `freehold serve` with a real model, from an empty folder.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { assertAccessible, assertNoSins, expect, openPage, shot, startProgram, Suite, until } from "./harness.mjs";

const token = "end-to-end-test-0123456789";

/** binary and model are paths; or url is the link of a server that runs already and has a model. */
export async function realSuite(browser, { binary, model, url }) {
  const suite = new Suite("program");
  const home = mkdtempSync(join(tmpdir(), "freehold-e2e-"));
  const serve = (addr) =>
    startProgram(binary, ["serve", "--addr", addr], { line: /(http:\/\/\S+token=\S+)/, env: { FREEHOLD_HOME: home, FREEHOLD_TOKEN: token } });
  let server = url ? null : await serve("127.0.0.1:0");
  const link = url ?? server.hit[1];
  let { page, context, sins } = await openPage(browser, link);

  const composer = () => page.getByRole("textbox", { name: "Message" });
  const ask = async (text) => {
    await composer().fill(text);
    await page.keyboard.press("Enter");
  };
  const patience = 180_000; // a small machine, and busy
  const answered = () => page.locator(".answer-last[aria-busy=false]").waitFor({ timeout: patience });
  const words = () => page.locator(".answer-last .md").waitFor({ timeout: patience });
  const check = (name, work) => suite.check(name, work, (n) => shot(page, `failed program ${n}`));

  try {
    if (!url) {
      await check("a page without the key is turned away", async () => {
        const r = await fetch(new URL("/", link));
        expect(r.status === 401, `status 401, got ${r.status}`);
      });
      await check("starts empty, and says how to add a model", async () => {
        await page.getByRole("heading", { name: "No model yet" }).waitFor();
        await assertAccessible(page, "no model");
        await shot(page, "program empty");
      });
      await check("imports a file", async () => {
        await page.evaluate(() => void (location.hash = "#/models"));
        const path = page.getByRole("textbox", { name: "Name, address or path" });
        await path.fill("/no/such/file.gguf");
        await page.keyboard.press("Enter");
        await page.getByText("The file was not imported").waitFor();
        await path.fill(model);
        await page.keyboard.press("Enter");
        await page.getByText(/is ready$/).waitFor({ timeout: patience });
        expect((await page.locator(".row").first().textContent()).includes("Q4_1"), "its quantisation");
      });
    }
    await check("answers a question", async () => {
      await page.evaluate(() => void (location.hash = "#/"));
      await page.getByRole("button", { name: "This chat’s instructions and sampling" }).click();
      await page.getByRole("textbox", { name: "Temperature" }).fill("0");
      await page.getByRole("textbox", { name: "Longest answer" }).fill("40");
      await page.keyboard.press("Escape");
      await ask("What is the opposite of hot?");
      await words();
      await answered();
      const text = await page.locator(".answer-last .md").textContent();
      expect(/cold/.test(text), `the opposite, got ${JSON.stringify(text)}`);
      await page.getByText(/[\d.]+ tokens\/s/).waitFor();
      await page.getByRole("link", { name: /opposite of hot/ }).waitFor();
      await shot(page, "program answer");
    });
    await check("counts the context", async () => {
      await composer().fill("a draft of some words");
      await page.getByRole("button", { name: /^Context: [\d,]+ of [\d,]+ tokens/ }).click();
      await page.getByText("Kept free for the answer").waitFor();
      const row = async (name) => Number((await page.locator(".facts div", { hasText: name }).locator("dd").textContent()).replace(/\D/g, ""));
      await until(async () => (await row("Your message")) >= 4, "the draft to be counted");
      expect((await row("Conversation")) > 10, "the conversation to be counted");
      await shot(page, "program context");
      await page.keyboard.press("Escape");
      await composer().fill("");
    });
    await check("two answers side by side, of one model at two temperatures", async () => {
      const before = await page.evaluate(() => location.hash);
      await page.evaluate(() => void (location.hash = "#/"));
      await page.getByRole("button", { name: /^Model:/ }).click();
      await page.getByRole("menuitem", { name: "Compare models…" }).click();
      await page.getByRole("button", { name: "Compare from the next question on" }).click();
      await ask("Name three colours, and nothing else.");
      await until(async () => (await page.locator(".column .answer[aria-busy=false] .md").count()) === 2, "both answers", patience);
      await page.getByRole("button", { name: "Best answer" }).first().click();
      await page.getByText("The best", { exact: true }).waitFor();
      await page.getByRole("button", { name: "Show differences" }).click();
      await page.locator(".differences-side").nth(1).waitFor();
      await shot(page, "program differences");
      await page.keyboard.press("Escape");
      await page.evaluate(() => void (location.hash = "#/activity"));
      await page.getByRole("heading", { name: /^Answer: Name three/ }).first().waitFor();
      await page.getByText("Freehold itself").waitFor();
      await shot(page, "program activity");
      await page.evaluate((hash) => void (location.hash = hash), before);
    });
    await check("chats of another program come in, and go again", async () => {
      const before = await page.evaluate(() => location.hash);
      const chats = () => page.locator(".chat-link").count();
      const had = await chats();
      await page.evaluate(() => void (location.hash = "#/settings"));
      await page.locator("input[type=file][aria-label^='Files with chats']").setInputFiles(fileURLToPath(new URL("../../app/porting/testdata/chatgpt.json", import.meta.url)));
      await page.getByRole("dialog").getByRole("button", { name: /^Import \d+ chats?$/ }).click();
      await until(async () => (await chats()) > had, "chats to come", patience);
      await shot(page, "program import");
      await page.getByRole("button", { name: "Take back" }).click();
      await until(async () => (await chats()) === had, "them to go", patience);
      await page.evaluate((hash) => void (location.hash = hash), before);
    });
    await check("answers again, and keeps both", async () => {
      await page.getByRole("button", { name: "Answer again" }).click();
      await page.getByRole("img", { name: "Version 2 of 2" }).waitFor({ timeout: patience });
      await answered();
      await page.getByRole("button", { name: "Previous version" }).click();
      await page.getByRole("img", { name: "Version 1 of 2" }).waitFor();
    });
    await check("continues the conversation", async () => {
      await ask("And of big?");
      await words();
      await answered();
      expect((await page.locator(".question").count()) === 2, "two questions");
    });
    await check("stops when told", async () => {
      await page.locator(".new-chat").click();
      await page.locator(".greeting").waitFor(); // else the words go into the chat that is left
      await ask("Write a very long story about a lighthouse keeper, with many chapters.");
      await words();
      await page.getByRole("button", { name: "Stop", exact: true }).click();
      await page.getByText("You stopped this answer here.").waitFor();
      const text = (await page.locator(".answer-last .md").textContent()).trim();
      expect(text.length > 0, "the text so far");
      await page.reload();
      await page.locator(".answer-last .md").waitFor();
      expect((await page.locator(".answer-last .md").textContent()).trim() === text, "the same text after a reload");
    });
    await check("a page that comes in the middle of an answer sees all of it", async () => {
      await page.getByRole("button", { name: "Answer again" }).click();
      await words();
      const second = await openPage(browser, link);
      await second.page.goto(page.url());
      await second.page.locator(".answer-last[aria-busy=true] .md, .answer-last[aria-busy=false] .md").waitFor({ timeout: patience });
      await page.getByRole("button", { name: "Stop", exact: true }).click().catch(() => {});
      await answered();
      await second.page.locator(".answer-last[aria-busy=false]").waitFor({ timeout: patience });
      const texts = await Promise.all([page, second.page].map((p) => p.locator(".answer-last .md").textContent()));
      expect(texts[0] === texts[1], `the same text on both:\n${texts.join("\n---\n")}`);
      await second.context.close();
    });
    await check("finds, renames, deletes and restores chats", async () => {
      await page.getByRole("textbox", { name: "Search chats" }).fill("opposite");
      await until(async () => (await page.locator(".chat-link").count()) === 1, "one result");
      await page.locator(".chat-link").focus();
      await page.keyboard.press("F2");
      await page.getByRole("textbox", { name: "Title of the chat" }).fill("Opposites");
      await page.keyboard.press("Enter");
      await page.getByRole("textbox", { name: "Search chats" }).fill("");
      const link_ = page.getByRole("link", { name: "Opposites" });
      await link_.focus();
      await page.keyboard.press("Delete");
      await link_.waitFor({ state: "detached" });
      await page.getByRole("button", { name: "Undo" }).click();
      await link_.waitFor();
    });
    await check("shows the machine", async () => {
      await page.evaluate(() => void (location.hash = "#/machine"));
      await page.getByRole("heading", { name: "Processor" }).waitFor();
      await page.getByText(/^\d+ cores?/).waitFor();
      await page.evaluate(() => void (location.hash = "#/settings"));
      await page.getByText("Data folder").waitFor();
      await shot(page, "program settings");
    });
    for (const theme of ["Light", "Dark"])
      await check(`is accessible, ${theme.toLowerCase()}`, async () => {
        await page.evaluate(() => void (location.hash = "#/settings"));
        await page.getByRole("radio", { name: theme }).click();
        await assertAccessible(page, "settings");
        await page.evaluate(() => void (location.hash = "#/models"));
        await page.getByRole("heading", { name: "Catalogue" }).waitFor();
        await page.waitForTimeout(300);
        await assertAccessible(page, "models");
        await shot(page, `program models ${theme}`);
        await page.getByRole("link", { name: "Opposites" }).click();
        await page.locator(".answer-last").waitFor();
        await assertAccessible(page, "conversation");
      });
    if (!url)
      await check("finds the program again after a restart", async () => {
        await server.end();
        await page.getByText("The connection to Freehold is lost").waitFor();
        server = await serve(new URL(link).host);
        await until(async () => !(await page.getByText("The connection to Freehold is lost").isVisible()), "the notice to go");
        await page.locator(".answer-last .md").waitFor();
        await ask("Thank you.");
        await page.locator(".question", { hasText: "Thank you." }).waitFor();
        await words();
        await answered();
      });
    if (!url)
      await check("a backup is made, and becomes the library again with the next start", async () => {
        await page.evaluate(() => void (location.hash = "#/settings"));
        await page.getByRole("button", { name: "Back up" }).click();
        await page.getByRole("dialog").getByRole("button", { name: "Back up" }).click();
        await page.getByText("Backup made and read back").waitFor();
        const path = await page.locator(".backup-note .data-name").textContent();
        const response = await page.request.get(new URL(await page.getByRole("link", { name: "Download it" }).getAttribute("href"), link).href);
        expect(response.ok() && (await response.body()).length > 1000, `the file to be fetched, got ${response.status()}`);
        const gone = page.getByRole("link", { name: "Opposites" });
        await gone.focus();
        await page.keyboard.press("Delete");
        await gone.waitFor({ state: "detached" });
        await page.locator("input[type=file][aria-label^='A backup']").setInputFiles(path);
        await page.getByRole("dialog").getByRole("button", { name: "Restore at the next start" }).click();
        await page.getByText("A backup is ready to be restored").waitFor();
        await server.end();
        await page.getByText("The connection to Freehold is lost").waitFor();
        server = await serve(new URL(link).host);
        await page.getByText("The library was restored from").waitFor();
        await gone.waitFor();
        await gone.click();
        await page.locator(".question", { hasText: "Thank you." }).waitFor(); // its answer may have been half written when it was copied
        await shot(page, "program restored");
      });
    await check("made no error and asked no other server", async () => assertNoSins(sins));
  } finally {
    await context.close();
    await server?.end();
    rmSync(home, { recursive: true, force: true });
  }
  return suite;
}
