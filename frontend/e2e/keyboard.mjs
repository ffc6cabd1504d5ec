// The ten main tasks without a pointer: no click, no mouse, only keys. Each step
// goes from where the focus is, as somebody's does who cannot use a mouse.
import { shot, until } from "./harness.mjs";

const fake = { documents: "some" };

export async function keyboardChecks({ check, answered, rpc }) {
  const focused = (page) =>
    page.evaluate(() => {
      const e = document.activeElement;
      return e ? `${e.getAttribute("aria-label") ?? ""} ${e.textContent ?? ""}`.trim() : "";
    });
  const press = async (page, ...keys) => {
    for (const key of keys) await page.keyboard.press(key);
  };
  /** Tab, or Shift+Tab, until what has the focus is named so. */
  const tabTo = async (page, name, key = "Tab") => {
    for (let i = 0; i < 80; i++) {
      if (name.test(await focused(page))) return;
      await page.keyboard.press(key);
    }
    throw new Error(`${name} cannot be reached by ${key}; the focus is on “${await focused(page)}”`);
  };
  const typed = (page, text) => page.keyboard.type(text);
  const inComposer = (page) => page.waitForFunction(() => document.activeElement?.id === "composer");
  /** The palette finds everything by name. */
  const command = async (page, text) => {
    await press(page, "Control+k");
    await page.getByRole("dialog").waitFor();
    await typed(page, text);
    await page.waitForTimeout(250);
    await press(page, "Enter");
  };

  const tasks = {
    "asks, and stops an answer": async (page) => {
      await inComposer(page);
      await typed(page, "an endless question");
      await press(page, "Enter");
      await page.locator(".caret").waitFor();
      await press(page, "Escape");
      await page.getByText("You stopped this answer here.").waitFor();
      await inComposer(page);
    },
    "answers again and goes between the versions": async (page) => {
      await press(page, "Alt+ArrowDown");
      await page.locator(".answer").first().waitFor();
      await press(page, "Alt+r");
      await page.getByText("2/2").waitFor();
      await answered(page);
      await tabTo(page, /Previous version/, "Shift+Tab");
      await press(page, "Enter");
      await page.getByText("1/2").waitFor();
    },
    "edits a question": async (page) => {
      await press(page, "Alt+ArrowDown");
      await page.locator(".answer").first().waitFor();
      await press(page, "Alt+q");
      await page.getByRole("textbox", { name: "Your question, edited" }).waitFor();
      await press(page, "Control+a");
      await typed(page, "short, please");
      await press(page, "Enter");
      await page.locator(".question-text", { hasText: "short, please" }).waitFor();
      await answered(page);
    },
    "finds words and goes where they stand": async (page) => {
      await press(page, "Control+Shift+f");
      await page.getByRole("textbox", { name: "Search all messages" }).waitFor();
      await typed(page, "leasehold before");
      await page.locator(".find-hit").first().waitFor();
      await tabTo(page, /Freehold and leasehold/);
      await press(page, "Enter");
      await page.waitForFunction(() => CSS.highlights.get("found")?.size > 0);
    },
    "renames, pins and deletes a chat, and takes that back": async (page) => {
      await tabTo(page, /^Find duplicate files$/, "Shift+Tab");
      await press(page, "F2");
      await page.getByRole("textbox", { name: "Title of the chat" }).waitFor();
      await page.waitForTimeout(100);
      await press(page, "Control+a");
      await typed(page, "Twins");
      await press(page, "Enter");
      await page.locator(".chat-link", { hasText: "Twins" }).waitFor();
      await tabTo(page, /^More about “Twins”/);
      await press(page, "Enter");
      await page.getByRole("menuitem", { name: "Pin" }).waitFor();
      await page.waitForTimeout(200);
      for (let i = 0; i < 12 && (await focused(page)) !== "Pin"; i++) await press(page, "ArrowDown");
      await press(page, "Enter");
      await page.getByRole("region", { name: "Pinned" }).getByText("Twins").waitFor();
      await tabTo(page, /^Twins$/, "Shift+Tab");
      await press(page, "Delete");
      await page.locator(".chat-link", { hasText: "Twins" }).waitFor({ state: "detached" });
      await tabTo(page, /^Undo/, "Shift+Tab");
      await press(page, "Enter");
      await page.locator(".chat-link", { hasText: "Twins" }).waitFor();
    },
    "chooses another model": async (page) => {
      await press(page, "Alt+m");
      await page.getByRole("menu").waitFor();
      for (let i = 0; i < 12 && !(await focused(page)).startsWith("Qwen3 4B"); i++) {
        await press(page, "ArrowDown");
        await page.waitForTimeout(60);
      }
      await press(page, "Enter");
      await page.getByRole("button", { name: /Qwen3 4B/ }).waitFor();
    },
    "asks documents and opens a citation": async (page) => {
      await command(page, "Who repairs what");
      await answered(page);
      await tabTo(page, /passage 1|Source 1|^1$|\b1\b.*lease/i, "Shift+Tab");
      await press(page, "Enter");
      await page.locator(".source-panel").waitFor();
      await press(page, "Escape");
      await page.locator(".source-panel").waitFor({ state: "detached" });
    },
    "downloads a model": async (page) => {
      await rpc("SaveSettings", { ...(await rpc("State")).settings, networkAllowed: true });
      await tabTo(page, /^Models$/, "Shift+Tab");
      await press(page, "Enter");
      await page.getByRole("heading", { name: "Models", exact: true }).waitFor();
      await page.waitForTimeout(500);
      await tabTo(page, /^Download/);
      await press(page, "Enter");
      await until(async () => (await rpc("Downloads")).length > 0, "a download");
    },
    "changes a setting": async (page) => {
      await press(page, "Control+,");
      await page.getByRole("heading", { name: "Settings" }).waitFor();
      await tabTo(page, /^Dark$|^As the system$/);
      while (!(await focused(page)).startsWith("Dark")) await press(page, "ArrowRight");
      await press(page, "Space");
      await until(async () => (await rpc("State")).settings.theme === "dark", "the dark theme");
    },
    "turns the network off and on": async (page) => {
      const before = (await rpc("State")).settings.networkAllowed;
      await tabTo(page, /^Allow network/, "Shift+Tab");
      await press(page, "Space");
      await until(async () => (await rpc("State")).settings.networkAllowed !== before, "the switch");
    },
  };
  for (const [name, work] of Object.entries(tasks))
    await check(`by keys alone: ${name}`, async (page) => {
      await page.locator("#composer").waitFor();
      await work(page);
      await shot(page, `keys ${name}`);
    }, { fake });
}
