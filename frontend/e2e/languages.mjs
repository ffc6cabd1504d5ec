// Every page in every language: accessible in both themes, nothing cut off, nothing
// over something else; and input methods, whose keys send nothing half written.
import { assertAccessible, expect, shot, until } from "./harness.mjs";

const languages = { de: "de", es: "es", ko: "ko", zh: "zh-Hans" };

/** What is wrong with the look of what is shown: words that are cut off, words that lie over others. */
const faults = () => {
  const seen = (e) => e.checkVisibility({ opacityProperty: true, visibilityProperty: true }) && !e.closest(".unseen, [aria-hidden=true]");
  const name = (e) => `${e.tagName.toLowerCase()}.${[...e.classList].join(".")} “${e.textContent.trim().slice(0, 60)}”`;
  const found = [];
  const main = document.querySelector("#main");
  for (const box of [document.documentElement, main, ...document.querySelectorAll(".messages, .sheet, .sidebar, .dialog, .popover")])
    if (box.scrollWidth > box.clientWidth + 1) found.push(`${name(box)} is ${box.scrollWidth - box.clientWidth} pixels too wide`);
  // What the interface itself says is never shortened. Names and titles that users give may be.
  const own = "button:not(.picker, .chip-name), a:not(.chat-link, .tab), label, h1, h2, dt, th, .badge, .field-hint, .section-text, [role=tab], [role=radio], .button, .facts li, .coming-name, .sidebar-link";
  for (const e of document.querySelectorAll(own)) {
    if (!seen(e) || e.closest(".chat-item, .topbar-title, .messages pre, .md-table")) continue;
    const style = getComputedStyle(e);
    if ((style.overflowX !== "visible" || style.textOverflow === "ellipsis") && e.scrollWidth > e.clientWidth + 1 && e.clientWidth > 0) found.push(`${name(e)} is cut off by ${e.scrollWidth - e.clientWidth}`);
    if (/^(BUTTON|A|LABEL)$/.test(e.tagName) && style.overflowX === "visible" && e.scrollWidth > e.clientWidth + 1 && style.display !== "inline" && !e.querySelector("svg:only-child")) found.push(`${name(e)} says more than it has room for: ${e.scrollWidth - e.clientWidth}`);
  }
  // Rectangles of words, as far as their boxes show them.
  const words = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let node = walker.nextNode(); node; node = walker.nextNode()) {
    const parent = node.parentElement;
    if (!node.data.trim() || !parent || /^(SCRIPT|STYLE|OPTION|TEXTAREA)$/.test(parent.tagName) || !seen(parent)) continue;
    const range = document.createRange();
    range.selectNodeContents(node);
    for (const r of range.getClientRects()) {
      let { left, top, right, bottom } = r;
      for (let e = parent; e && e !== document.body; e = e.parentElement) {
        const s = getComputedStyle(e);
        if (s.overflowX === "visible" && s.overflowY === "visible") continue;
        const b = e.getBoundingClientRect();
        [left, top, right, bottom] = [Math.max(left, b.left), Math.max(top, b.top), Math.min(right, b.right), Math.min(bottom, b.bottom)];
      }
      // Lines may touch: the height of a line is more than that of its letters.
      const give = (bottom - top) * 0.2;
      if (right - left > 1 && bottom - top > 2) words.push({ parent, left, right, top: top + give, bottom: bottom - give });
    }
  }
  const layer = (e) => e.closest(".toaster, [data-radix-popper-content-wrapper], .sheet, .dialog, .source-panel, .composer, .sidebar, .topbar, .selection") ?? main;
  for (let i = 0; i < words.length; i++)
    for (let j = i + 1; j < words.length && found.length < 12; j++) {
      const [a, b] = [words[i], words[j]];
      const [x, y] = [Math.min(a.right, b.right) - Math.max(a.left, b.left), Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top)];
      if (x > 2 && y > 2 && a.parent !== b.parent && layer(a.parent) === layer(b.parent)) found.push(`${name(a.parent)} lies over ${name(b.parent)}`);
    }
  return found;
};

export async function languageChecks({ check, rpc, visit, composer }) {
  const fake = { documents: "some" };
  /** Speaks the language and waits for it. */
  const speak = async (page, language) => {
    await rpc("SaveSettings", { ...(await rpc("State")).settings, language });
    await page.reload();
    await page.locator(`html[lang=${languages[language] ?? language}]`).waitFor();
    await page.locator(".frame").waitFor();
  };
  const looks = async (page, what) => {
    await page.waitForTimeout(200);
    const found = await page.evaluate(faults);
    expect(found.length === 0, `${what} to look right:\n${found.join("\n")}`);
    await shot(page, what);
  };
  const both = async (page, what) => {
    for (const colorScheme of ["dark", "light"]) {
      await page.emulateMedia({ colorScheme });
      await assertAccessible(page, `${what}, ${colorScheme}`);
    }
  };
  /** All that the sidebar leads to, the start of a chat, an answer, one from documents, and the search. */
  const places = async (page) => {
    const chats = await rpc("Chats");
    await page.locator("nav.sidebar").waitFor();
    const links = await page.locator("nav.sidebar a[href^='#/']:not(.chat-link)").evaluateAll((all) => all.map((a) => a.getAttribute("href")));
    return [...new Set(["#/", `#/chat/${chats.find((c) => /Who repairs/.test(c.title)).id}`, `#/chat/${chats.find((c) => /Freehold/.test(c.title)).id}`, "#/network", "#/search/freehold", ...links])];
  };
  const narrow = { viewport: { width: 360, height: 740 } };

  for (const language of Object.keys(languages)) {
    await check(`${language}: every page is accessible and whole`, async (page) => {
      await speak(page, language);
      for (const hash of await places(page)) {
        await visit(page, hash);
        await page.locator("#main h1").first().waitFor();
        await looks(page, `${language} 1280 ${hash.slice(2, 12)}`);
        await both(page, `${language} ${hash}`);
      }
    }, { fake });

    await check(`${language}: every page is whole at 360 pixels`, async (page) => {
      await speak(page, language);
      await page.locator(".topbar .icon-button").first().click();
      await looks(page, `${language} 360 sidebar`);
      const all = await places(page);
      await page.keyboard.press("Control+b");
      await page.locator("nav.sidebar").waitFor({ state: "detached" });
      for (const hash of all) {
        await visit(page, hash);
        await page.locator("#main h1").first().waitFor();
        await looks(page, `${language} 360 ${hash.slice(2, 12)}`);
      }
    }, { fake, options: narrow });
  }

  await check("the language is chosen in the settings, under its own name, and spoken at once", async (page) => {
    await visit(page, "#/settings");
    await page.getByRole("combobox", { name: "Language" }).click();
    await page.getByRole("option", { name: "한국어" }).click();
    await page.getByRole("heading", { level: 1, name: "설정" }).waitFor();
    expect((await page.evaluate(() => document.documentElement.lang)) === "ko", "the page to say that it is Korean");
    await page.getByRole("combobox", { name: "언어" }).click();
    expect((await page.getByRole("option", { name: "Deutsch" }).evaluate((o) => o.closest("[lang]").lang)) === "de", "each name in its own language");
    await page.getByRole("option", { name: "Deutsch" }).click();
    await page.getByRole("heading", { level: 1, name: "Einstellungen" }).waitFor();
    expect((await page.getByRole("textbox", { name: "Temperatur" }).inputValue()).includes(","), "a decimal comma in German");
  });

  await check("a language that the system asks for is spoken by itself", async (page) => {
    await rpc("SaveSettings", { ...(await rpc("State")).settings, language: "" });
    await page.reload();
    await page.getByRole("button", { name: /새 채팅/ }).first().waitFor();
    expect((await page.evaluate(() => document.documentElement.lang)) === "ko", "Korean");
  }, { options: { locale: "ko-KR" } });

  await inputMethods({ check, rpc, visit, composer });
}

/** Composes text in a field as Korean and Chinese are written: key after key, changing what stands there until Enter or a space takes it. */
async function inputMethods({ check, rpc, visit, composer }) {
  const writer = async (page, context) => {
    const cdp = await context.newCDPSession(page);
    /** A key that the input method takes for itself. */
    const own = (key) => cdp.send("Input.dispatchKeyEvent", { type: "rawKeyDown", windowsVirtualKeyCode: 229, key, code: key });
    const compose = async (...steps) => {
      for (const text of steps) {
        await own("Process");
        await cdp.send("Input.imeSetComposition", { text, selectionStart: text.length, selectionEnd: text.length });
      }
    };
    return {
      compose,
      own,
      /** As Chromium tells it: the key first, while the composition still stands. */
      async takeInChromium(text) {
        await own("Enter");
        await cdp.send("Input.insertText", { text });
      },
      /** As WebKit tells it: the end of the composition first, then the key, which no longer says that it composes. */
      async takeInWebKit(text) {
        await cdp.send("Input.insertText", { text });
        await own("Enter");
      },
      async escape() {
        await own("Escape");
        await cdp.send("Input.imeSetComposition", { text: "", selectionStart: 0, selectionEnd: 0 });
      },
    };
  };
  const syllables = ["ㅎ", "하", "한", "한ㄱ", "한그", "한글"];
  const pinyin = ["n", "ni", "ni h", "ni hao"];

  /** Writes two words into the field in both orders of events; nothing may happen but the words. */
  const stays = async (page, context, field, nothing) => {
    const w = await writer(page, context);
    await field.click();
    await field.fill("");
    await w.compose(...syllables);
    await w.takeInChromium("한글");
    await nothing("Korean, the key first");
    await w.compose(...pinyin);
    await w.takeInWebKit("你好");
    await nothing("Chinese, the end first");
    await w.compose("ㅋ");
    await w.escape();
    await nothing("Escape, which drops what is composed");
    expect((await field.inputValue()) === "한글你好", `the field to hold both words, it holds “${await field.inputValue()}”`);
    expect(await field.evaluate((e) => e === document.activeElement), "the field to keep the focus");
  };

  await check("input methods: a question is sent when it is whole", async (page, context) => {
    const before = (await rpc("Chats")).length;
    await stays(page, context, composer(page), async (when) => {
      await page.waitForTimeout(60);
      expect((await rpc("Chats")).length === before && (await page.locator(".question").count()) === 0, `nothing sent: ${when}`);
    });
    await page.keyboard.press("Enter");
    await page.locator(".question", { hasText: "한글你好" }).waitFor();
  });

  await check("input methods: an edited question is asked when it is whole", async (page, context) => {
    await page.locator(".chat-link").first().click();
    await page.locator(".question").hover();
    await page.getByRole("button", { name: "Edit and ask again" }).click();
    const field = page.getByRole("textbox", { name: "Your question, edited" });
    await stays(page, context, field, async (when) => expect(await field.isVisible(), `the editor open: ${when}`));
    await page.keyboard.press("Enter");
    await page.locator(".question", { hasText: "한글你好" }).waitFor();
  });

  await check("input methods: a chat is renamed when the name is whole", async (page, context) => {
    await page.locator(".chat-link").first().press("F2");
    const field = page.getByRole("textbox", { name: "Title of the chat" });
    await field.waitFor();
    await stays(page, context, field, async (when) => expect(await field.isVisible(), `still being renamed: ${when}`));
    await page.keyboard.press("Enter");
    await page.locator(".chat-link", { hasText: "한글你好" }).waitFor();
  });

  await check("input methods: searching begins with whole words", async (page, context) => {
    const field = page.getByRole("textbox", { name: "Search chats" });
    await stays(page, context, field, async (when) => expect((await page.evaluate(() => location.hash)).length < 3, `no other page: ${when}`));
    await page.keyboard.press("Enter");
    await until(async () => decodeURIComponent(await page.evaluate(() => location.hash)).includes("한글你好"), "the search in all messages");
  });

  await check("input methods: dialogs, documents and settings take whole words", async (page, context) => {
    await visit(page, "#/documents");
    await page.getByRole("button", { name: "New collection" }).click();
    const name = page.getByRole("textbox", { name: "Name of the collection" });
    await stays(page, context, name, async (when) => expect(await name.isVisible(), `the dialog open: ${when}`));
    await page.keyboard.press("Escape");
    await name.waitFor({ state: "detached" });

    await visit(page, "#/settings");
    const proxy = page.getByRole("textbox", { name: "Proxy" });
    await page.locator("details", { hasText: "Proxy" }).locator("summary").click();
    await stays(page, context, proxy, async (when) => expect((await rpc("State")).settings.proxy === "", `nothing saved: ${when}`));
    await proxy.fill("");

    // Numbers that an input method writes in wide letters are numbers.
    const number = page.getByRole("textbox", { name: "Downloads at once" });
    const w = await writer(page, context);
    await number.fill("");
    await w.compose("３");
    await w.takeInChromium("３");
    await until(async () => (await rpc("State")).settings.parallelDownloads === 3, "three downloads at once");
  }, { fake: { documents: "some" } });
}
