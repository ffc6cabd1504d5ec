// Takes the pictures of docs/gallery, always of the same day and the same
// chats, in light and dark:
//
//   npm run build && node e2e/gallery.mjs          writes them
//   npm run build && node e2e/gallery.mjs check    compares with those that are there
//
// A picture differs if more than some hundredths of it do: another machine has
// other fonts. ImageMagick compares, and keeps the files small.
import { execFileSync, spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { freePort, launch, openPage, startProgram } from "./harness.mjs";

const check = process.argv[2] === "check";
const most = 0.04; // of a picture's points
const now = Date.UTC(2026, 10, 20, 10, 30);
const folder = fileURLToPath(new URL("../../docs/gallery", import.meta.url));
const taken = check ? mkdtempSync(join(tmpdir(), "freehold-gallery-")) : folder;
mkdirSync(taken, { recursive: true });

const chat = async (page, title) => {
  await page.locator(".chat-link", { hasText: title }).click();
  await page.locator(".answer-last[aria-busy=false]").waitFor();
};
const visit = (page, hash) => page.evaluate((h) => void (location.hash = h), hash);
const toTop = async (page) => {
  await page.locator(".messages").hover();
  await page.mouse.wheel(0, -100_000);
  await page.waitForTimeout(400);
};

/** What is shown, by the picture's name. */
const pictures = {
  start: async () => {},
  chat: async (page) => {
    await chat(page, "Freehold and leasehold");
    await toTop(page);
  },
  "cited-page": async (page) => {
    await chat(page, "Who repairs what");
    await toTop(page);
    await page.locator(".answer").first().locator("button.cite", { hasText: "1" }).first().click();
    await page.locator(".page-mark").first().waitFor();
  },
  documents: async (page) => {
    await visit(page, "#/documents");
    await page.getByRole("heading", { name: "lease-14b.pdf" }).waitFor();
  },
  models: async (page) => {
    await visit(page, "#/models");
    await page.getByRole("heading", { name: "For this machine" }).waitFor();
  },
  search: async (page) => {
    await visit(page, "#/search/leasehold");
    await page.locator(".find-hit").first().waitFor();
  },
  palette: async (page) => {
    await page.keyboard.press("Control+k");
    await page.getByRole("dialog").waitFor();
  },
  presets: async (page) => {
    await visit(page, "#/presets");
    await page.getByRole("heading", { name: "Presets", exact: true }).waitFor();
  },
  settings: async (page) => {
    await visit(page, "#/settings");
    await page.getByRole("heading", { name: "Settings" }).waitFor();
  },
  machine: async (page) => {
    await visit(page, "#/machine");
    await page.getByRole("heading", { name: "Processor" }).waitFor();
  },
};

const browser = await launch();
const server = await startProgram(process.execPath, ["node_modules/vite/bin/vite.js", "preview", "--config", "vite.fake.config.ts", "--host", "127.0.0.1", "--port", String(await freePort()), "--strictPort"], {
  cwd: fileURLToPath(new URL("..", import.meta.url)),
  line: /(http:\/\/127\.0\.0\.1:\d+)\//,
  env: { ...process.env, FAKE_NOW: String(now) },
});
const url = `${server.hit[1]}/`;
let wrong = 0;
try {
  for (const [name, reach] of Object.entries(pictures))
    for (const colorScheme of ["light", "dark"]) {
      await fetch(`${url}rpc/Reset`, { method: "POST", headers: { "x-test": "yes" }, body: JSON.stringify([{ documents: "some", pace: 4 }]) });
      const { page, context } = await openPage(browser, url, { colorScheme, reducedMotion: "reduce", timezoneId: "UTC", locale: "en-GB" });
      await page.clock.setSystemTime(now);
      await page.reload();
      await page.locator(".frame").waitFor();
      await reach(page);
      await page.mouse.move(640, 2);
      await page.waitForTimeout(500);
      const file = `${name}-${colorScheme}.png`;
      await page.screenshot({ path: join(taken, file), animations: "disabled", caret: "hide" });
      await context.close();
      if (check) wrong += differs(file);
      else execFileSync("convert", [join(taken, file), "-strip", "+dither", "-colors", "220", `PNG8:${join(taken, file)}`]);
    }
} finally {
  await server.end();
  await browser.close();
}
if (check) {
  if (wrong === 0) rmSync(taken, { recursive: true });
  console.log(wrong === 0 ? "all pictures are as in docs/gallery" : `${wrong} pictures differ; the new ones are in ${taken}`);
}
process.exit(wrong === 0 ? 0 : 1);

function differs(file) {
  const before = join(folder, file);
  if (!existsSync(before)) {
    console.log(`${file}: not in docs/gallery`);
    return 1;
  }
  const { stderr } = spawnSync("compare", ["-metric", "AE", "-fuzz", "12%", before, join(taken, file), "null:"], { encoding: "utf8" });
  const share = Number.parseFloat(stderr) / (1280 * 800);
  if (share <= most && statSync(before).size > 0) return 0;
  console.log(`${file}: ${(share * 100).toFixed(1)} % differ`);
  return 1;
}
