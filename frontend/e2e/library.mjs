// Documents in the whole program: twelve kinds of files are dropped on the page
// as a file manager would drop them, read, searched and answered from.
import { execFileSync } from "node:child_process";
import { copyFileSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { assertAccessible, assertNoSins, expect, openPage, shot, startProgram, Suite, until } from "./harness.mjs";

const given = fileURLToPath(new URL("files", import.meta.url));
const patience = 180_000; // a small machine, whose model is busy

/** What the receipts of the files must tell. */
const receipts = {
  "lease.pdf": "3 pages",
  "minutes.docx": "1 table",
  "budget.pptx": "4 slides",
  "charges.xlsx": "1 table",
  "inventory.ods": "1 table",
  "readings.csv": "1 table",
  "handbook.odt": "OpenDocument text",
  "guide.epub": "4 chapters",
  "letter.rtf": "RTF",
  "notes.md": "Markdown",
  "notice.html": "HTML",
  "enquiry.eml": "Mail",
};

/** Drops files as the system does: the page is only told that they come from outside. */
async function dropFiles(page, files, at) {
  const session = await page.context().newCDPSession(page);
  const data = { items: [], files, dragOperationsMask: 1 };
  for (const type of ["dragEnter", "dragOver", "drop"]) {
    await session.send("Input.dispatchDragEvent", { type, ...at, data });
    if (type === "dragOver") await page.waitForTimeout(200);
  }
  await session.detach();
}

/** binary and models are paths; the second model makes vectors and may be missing. */
export async function librarySuite(browser, { binary, model, embedder }) {
  const suite = new Suite("library");
  const home = mkdtempSync(join(tmpdir(), "freehold-library-"));
  const desk = join(home, "desk");
  mkdirSync(desk);
  for (const name of Object.keys(receipts)) copyFileSync(join(given, name), join(desk, name));
  const env = { ...process.env, FREEHOLD_HOME: join(home, "freehold") };
  for (const file of [model, embedder].filter(Boolean)) execFileSync(binary, ["import", file], { env, stdio: "ignore" });
  const server = await startProgram(binary, ["serve", "--addr", "127.0.0.1:0"], { line: /(http:\/\/\S+token=\S+)/, env });
  const { page, context, sins } = await openPage(browser, server.hit[1]);
  page.setDefaultTimeout(30_000);
  // Each goes on where the one before it stopped.
  const check = async (name, work) => suite.failed > 0 || suite.check(name, work, (n) => shot(page, `failed library ${n}`));
  const visit = (hash) => page.evaluate((h) => void (location.hash = h), hash);
  const row = (name) => page.locator(".row.document", { has: page.getByRole("heading", { name }) });
  const ready = () => until(async () => /^\d+ documents?$/.test((await page.locator(".files-head .section-sum").textContent()).trim()), "all documents to be read", patience);
  const ask = async (text) => {
    const before = await page.locator(".answer").count();
    await page.getByRole("textbox", { name: "Message" }).fill(text);
    await page.keyboard.press("Enter");
    await until(async () => (await page.locator(".answer").count()) > before, "an answer to begin");
    await page.locator(".answer-last[aria-busy=false]").waitFor({ timeout: patience });
  };
  const askAbout = async (name) => {
    await visit("#/documents");
    await page.getByRole("button", { name: `More about ${name}` }).click();
    await page.getByRole("menuitem", { name: "Ask about it" }).click();
    await page.locator(".chip", { hasText: name }).waitFor();
  };
  const last = page.locator(".answer-last");

  try {
    await check("twelve kinds of files are dropped and read, and their receipts are right", async () => {
      await visit("#/documents");
      await page.getByRole("heading", { name: "Documents" }).waitFor();
      await shot(page, "library empty");
      await dropFiles(page, Object.keys(receipts).map((name) => join(desk, name)), { x: 700, y: 400 });
      await page.getByText("12 documents added").waitFor();
      await ready();
      for (const [name, what] of Object.entries(receipts)) {
        const text = await row(name).textContent();
        expect(text.includes(what), `${name}: ${what}; its receipt is ${text}`);
        expect((await row(name).locator("[role=alert]").count()) === 0, `${name} without a problem`);
      }
      await assertAccessible(page, "documents");
      await shot(page, "library documents");
    });
    await check("what is dropped again is recognised", async () => {
      await dropFiles(page, ["lease.pdf", "notes.md"].map((name) => join(desk, name)), { x: 700, y: 400 });
      await page.getByText("These 2 documents are here already").waitFor();
      await ready();
      expect((await page.locator(".row.document").count()) === 12, "twelve documents still");
    });
    await check("the search inside leads to the page", async () => {
      await page.getByRole("textbox", { name: "Question or words to search for" }).fill("roof and outside walls");
      await page.keyboard.press("Enter");
      const first = page.locator(".passage").first();
      await first.getByText("lease.pdf").waitFor();
      await first.getByText("page 2").waitFor();
      await shot(page, "library inspector");
      await page.getByRole("textbox", { name: "Question or words to search for" }).fill("");
    });
    await check("an answer's citation opens the right page with the right words marked", async () => {
      await askAbout("lease.pdf");
      await ask("Who keeps the roof and the outside walls in repair?");
      await shot(page, "library answer");
      await last.locator("button.cite").first().click();
      const panel = page.locator(".source-panel");
      await panel.getByText("Page 2 of 3").waitFor();
      await panel.locator(".page-mark").first().waitFor();
      await panel.locator(".page-picture img").waitFor();
      await page.locator("[data-sonner-toast]").waitFor({ state: "detached" });
      await page.waitForTimeout(300);
      await shot(page, "library citation");
      await panel.getByRole("radio", { name: "Text" }).click();
      await panel.locator("mark", { hasText: "roof" }).first().waitFor();
      await assertAccessible(page, "citation");
      await page.keyboard.press("Escape");
    });
    await check("sums over a sheet are exact, and show how they were made", async () => {
      await askAbout("charges.xlsx");
      await ask("How much was paid to Spotless Ltd in total?");
      expect((await last.locator(".md").textContent()).includes("£1,404.20"), `£1,404.20, got ${await last.locator(".md").textContent()}`);
      await last.getByText("SELECT").first().waitFor();
      await shot(page, "library sum");
    });
    await check("what the documents do not tell is said so", async () => {
      await askAbout("handbook.odt");
      await ask("What is the wavelength of a helium laser?");
      await last.getByText("these documents do not tell").waitFor();
      await shot(page, "library absent");
    });
    await check("answers are saved as Markdown and as PDF", async () => {
      for (const [item, file, begins] of [["As Markdown", /\.md$/, "> What"], ["As PDF", /\.pdf$/, "%PDF-"]]) {
        await page.getByRole("button", { name: "Save this answer with its sources" }).last().click();
        const [download] = await Promise.all([page.waitForEvent("download"), page.getByRole("menuitem", { name: item }).click()]);
        expect(file.test(download.suggestedFilename()), `${item}, got ${download.suggestedFilename()}`);
        const text = readFileSync(await download.path(), "latin1");
        if (process.env.E2E_SHOTS) copyFileSync(await download.path(), join(process.env.E2E_SHOTS, download.suggestedFilename()));
        expect(text.startsWith(begins), `${item} to begin with ${begins}, got ${text.slice(0, 40)}`);
      }
    });
    await check("a removed document leaves nothing behind", async () => {
      await visit("#/documents");
      await page.getByRole("button", { name: "More about enquiry.eml" }).click();
      await page.getByRole("menuitem", { name: "Remove" }).click();
      await row("enquiry.eml").waitFor({ state: "detached" });
      await page.reload(); // what could be undone no longer can be
      await page.locator(".files-head", { hasText: "11 documents" }).waitFor();
      await page.getByRole("textbox", { name: "Question or words to search for" }).fill("parking space number 7");
      await page.keyboard.press("Enter");
      await until(async () => !(await page.locator(".passage").allTextContents()).some((t) => t.includes("enquiry.eml")), "no passage of it");
      expect(readdirSync(desk).includes("enquiry.eml"), "the user's own file to stay");
    });
    await check("made no error and asked no other server", async () => assertNoSins(sins));
  } finally {
    await context.close();
    await server.end();
    rmSync(home, { recursive: true, force: true });
  }
  return suite;
}
