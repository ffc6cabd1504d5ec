// What an answer's Markdown looks like and what can be done with it.
import { createServer } from "node:http";
import { assertAccessible, expect, shot, until } from "./harness.mjs";

const rows = "| Who | Pays |\n|---|---|\n| the tenant | 250 |\n| the \"landlord\" | 1,200 |";

export async function renderChecks({ check, rpc, visit, inBothThemes }) {
  /** The first chat, whose answer is the text. */
  const show = async (page, text) => {
    await page.route("**/rpc/Chat", async (route) => {
      const response = await route.fetch();
      const body = await response.json();
      for (const m of body.result?.messages ?? []) if (m.role === "assistant") Object.assign(m, { content: text, thinking: "" });
      await route.fulfill({ response, json: body });
    });
    await visit(page, `#/chat/${(await rpc("Chats"))[0].id}`);
    await page.locator(".md").first().waitFor();
  };

  const picture = '```svg\n<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 200 120"><rect x="20" y="50" width="160" height="60" fill="#1f5a45"/><path d="M10 54 100 8l90 46z" fill="#80560f"/></svg>\n```';
  const mixed = `A house:\n\n${picture}\n\n${rows}\n\nמי משלם?\n\n- [x] read\n- [ ] signed`;

  const looked = (name, reach) =>
    check(`accessible: ${name}`, async (page) => {
      await reach(page);
      await inBothThemes(page, name);
    });
  await looked("rendering: a picture and a table of an answer", async (page) => {
    await show(page, mixed);
    await page.getByRole("group", { name: "Code or preview" }).getByRole("button", { name: "Show" }).click();
    await page.frameLocator(".preview-frame").locator("svg").waitFor();
    await page.locator(".code-views").scrollIntoViewIfNeeded();
  });
  await looked("rendering: a picture at full size", async (page) => {
    await show(page, mixed);
    await page.getByRole("button", { name: "Show at full size" }).click();
    await page.getByRole("dialog", { name: "Preview of SVG" }).waitFor();
    await page.frameLocator(".preview-full iframe").locator("svg").waitFor();
  });

  const sums = "Euler has $e^{i\\pi} + 1 = 0$, and a lease at $5 and $10 costs `$x$`.\n\n$$\\sum_{k=1}^{n} k = \\frac{n(n+1)}{2}$$\n\n\\[ \\int_0^1 x^2\\,dx = \\tfrac13 \\]\n\nNot to be read: $\\frac{1$ here.\n\n| name | form |\n|---|---|\n| size | $|x|$ |";
  await looked("rendering: formulas", async (page) => {
    await show(page, sums);
    await until(async () => (await page.locator(".katex").count()) === 4, "four formulas");
    expect((await page.locator(".md math").count()) === 4, "formulas for screen readers");
    await page.getByText("at $5 and $10 costs").waitFor();
    expect((await page.locator(".formula-source").allTextContents()).join() === "$\\frac{1$", "the source of what cannot be read");
    await page.evaluate(() => document.fonts.ready);
    expect(await page.evaluate(() => [...document.fonts].some((f) => f.family === "KaTeX_Main" && f.status === "loaded")), "the fonts of formulas");
  });

  await check("rendering: a picture fits a narrow window", async (page) => {
    await show(page, mixed);
    await page.getByRole("group", { name: "Code or preview" }).getByRole("button", { name: "Show" }).click();
    await page.frameLocator(".preview-frame").locator("svg").waitFor();
    expect(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), "nothing wider than the window");
    await page.locator(".preview-frame").scrollIntoViewIfNeeded();
    await shot(page, "a picture fits a narrow window");
  }, { options: { viewport: { width: 360, height: 720 } } });

  await check("rendering: a page of a model reaches nothing and runs nothing", async (page) => {
    const asked = [];
    const elsewhere = createServer((request, response) => {
      asked.push(request.url);
      response.end();
    });
    await new Promise((done) => elsewhere.listen(0, "127.0.0.1", done));
    const out = `http://127.0.0.1:${elsewhere.address().port}`;
    try {
      const html = [
        `<meta http-equiv="refresh" content="0;url=${out}/refresh">`,
        `<link rel="stylesheet" href="${out}/style"><link rel="preconnect" href="${out}"><link rel="prefetch" href="${out}/prefetch">`,
        `<style>body{background:url(${out}/background)} @import "${out}/import"; @font-face{font-family:x;src:url(${out}/font)} p{font-family:x}</style>`,
        `<img src="${out}/image"><iframe src="${out}/frame"></iframe><object data="${out}/object"></object><video src="${out}/video" autoplay></video>`,
        `<script src="${out}/script"></script><script>document.body.id = "ran"; fetch("${out}/fetch"); parent.document.title = "taken"</script>`,
        `<img src="x" onerror="document.body.id='ran'"><p>seen</p><a href="${out}/link">away</a><form action="${out}/form"><button>send</button></form>`,
      ].join("\n");
      await show(page, `\`\`\`html\n${html}\n\`\`\``);
      const title = await page.title();
      await page.getByRole("group", { name: "Code or preview" }).getByRole("button", { name: "Show" }).click();
      const inside = page.frameLocator(".preview-frame");
      await inside.getByText("seen").waitFor();
      await inside.getByRole("button", { name: "send" }).click();
      await inside.getByRole("link", { name: "away" }).click();
      await page.waitForTimeout(700);
      expect(asked.length === 0, `no request, got ${asked}`);
      expect((await page.title()) === title, "the title untouched");
      expect((await page.locator(".preview-frame").getAttribute("sandbox")) === "", "a frame without any permission");
      const bodies = await Promise.all(page.frames().slice(1).map((f) => f.locator("body").getAttribute("id").catch(() => null)));
      expect(!bodies.includes("ran"), "no script to have run");
    } finally {
      elsewhere.closeAllConnections();
      elsewhere.close();
    }
  }, { refusals: true });

  const diagram = (source) => `Here it is:\n\n\`\`\`mermaid\n${source}\n\`\`\``;

  await check("rendering: a diagram is drawn at once, and can be seen as its source", async (page) => {
    await show(page, diagram("flowchart TD\n  A[Lease signed] --> B{Rent paid?}\n  B -->|yes| C[Stay]\n  B -->|no| D[Notice]"));
    const inside = page.frameLocator(".preview-frame");
    await inside.locator("svg").getByText("Rent paid?").waitFor();
    await inBothThemes(page, "a diagram");
    await shot(page, "diagram");
    await page.getByRole("group", { name: "Code or preview" }).getByRole("button", { name: "Code" }).click();
    await page.locator(".code-body").getByText("Lease signed").waitFor();
    expect((await page.locator("body > [id^='ddiagram'], body > svg").count()) === 0, "nothing of the drawing left in the page");
  });

  const kinds = {
    sequence: ["sequenceDiagram\n  Tenant->>Landlord: Rent\n  Landlord-->>Tenant: Receipt", "Receipt"],
    state: ["stateDiagram-v2\n  [*] --> Let\n  Let --> Vacant: notice", "Vacant"],
    class: ["classDiagram\n  class Lease {\n    +int term\n    +renew()\n  }\n  Lease <|-- Sublease", "Sublease"],
    entities: ["erDiagram\n  TENANT ||--o{ PAYMENT : makes", "PAYMENT"],
    gantt: ["gantt\n  title Repairs\n  dateFormat YYYY-MM-DD\n  section Roof\n  Tiles :a1, 2026-01-05, 10d", "Tiles"],
    pie: ['pie title Costs\n  "Heating" : 60\n  "Water" : 40', "Heating"],
    mindmap: ["mindmap\n  root((House))\n    Roof\n    Cellar", "Cellar"],
    timeline: ["timeline\n  title Acts\n  1925 : Law of Property Act", "1925"],
    git: ["gitGraph\n  commit id: \"first\"\n  branch side\n  commit id: \"second\"", "second"],
  };
  await check("rendering: diagrams of nine more kinds are drawn", async (page) => {
    for (const [kind, [source, word]] of Object.entries(kinds)) {
      await page.unroute("**/rpc/Chat");
      await visit(page, "#/settings");
      await page.getByRole("heading", { name: "Settings", level: 1 }).waitFor();
      await rpc("Reset", { pace: 4 });
      await page.reload();
      await show(page, diagram(source));
      const frame = page.locator(".preview-frame");
      await page.locator(".preview-frame, .preview-failed").first().waitFor();
      expect((await frame.count()) === 1, `a picture of ${kind}, got ${await page.locator(".preview-failed").allTextContents()}`);
      await page.frameLocator(".preview-frame").locator("svg").getByText(word).first().waitFor();
      await shot(page, `diagram ${kind}`);
    }
  });

  await check("rendering: a diagram that cannot be drawn says why", async (page) => {
    await show(page, diagram("flowchart TD\n  A[no end --> B"));
    await page.getByText("This diagram cannot be drawn").waitFor();
    await page.getByText(/Parse error|Expecting/).first().waitFor();
    await assertAccessible(page, "a diagram that cannot be drawn");
  });

  await check("rendering: a diagram cannot run anything, nor ask for anything", async (page) => {
    const title = await page.title();
    await show(page, diagram(`%%{init: {"securityLevel": "loose", "htmlLabels": true, "themeCSS": "@import url(http://127.0.0.1:9/x.css); body { background: url(http://127.0.0.1:9/x.png) }"}}%%
flowchart TD
  A["<img src=http://127.0.0.1:9/y onerror=document.title='taken'>"] --> B[b]
  click A href "javascript:document.title='taken'"
  click B call alert()
  style A fill:url(http://127.0.0.1:9/z)`));
    await page.locator(".preview-frame, .preview-failed").first().waitFor();
    await page.waitForTimeout(500);
    expect((await page.title()) === title, "the title untouched");
    const links = await page.frameLocator(".preview-frame").locator("a").evaluateAll((all) => all.map((a) => a.getAttribute("xlink:href") ?? a.getAttribute("href") ?? ""));
    expect(!links.some((l) => /javascript/i.test(l)), `no script in a link, got ${links}`);
  }, { refusals: true });

  await check("rendering: a table goes to the clipboard as CSV and as Markdown", async (page) => {
    await show(page, rows);
    const clipboard = () => page.evaluate(() => navigator.clipboard.readText());
    for (const [item, text] of [["Copy as CSV", 'Who,Pays\r\nthe tenant,250\r\n"the ""landlord""","1,200"'], ["Copy as Markdown", '| Who | Pays |\n| --- | --- |\n| the tenant | 250 |\n| the "landlord" | 1,200 |']]) {
      await page.getByRole("button", { name: "Copy the table" }).focus();
      await page.keyboard.press("Enter");
      await page.getByRole("menuitem", { name: item }).click();
      await until(async () => (await clipboard()).replaceAll("\r\n", "\n") === text.replaceAll("\r\n", "\n"), item);
    }
  });

  await check("rendering: code wraps, and is saved as a file", async (page) => {
    await show(page, `\`\`\`python\nprint("${"long ".repeat(80)}")\n\`\`\``);
    const wide = () => page.locator(".code-body").evaluate((e) => e.scrollWidth > e.clientWidth);
    expect(await wide(), "a long line");
    await page.getByRole("button", { name: "Wrap long lines" }).click();
    expect(!(await wide()), "wrapped lines");
    const [saved] = await Promise.all([page.waitForEvent("download"), page.getByRole("button", { name: "Save as a file" }).click()]);
    expect(saved.suggestedFilename() === "code.py", `code.py, got ${saved.suggestedFilename()}`);
  });

  await check("rendering: paragraphs run as they are written", async (page) => {
    await show(page, "Left to right.\n\nשלום, מי משלם?\n\n- אחד\n- two");
    const directions = await page.locator(".md p, .md li").evaluateAll((all) => all.map((e) => getComputedStyle(e).direction));
    expect(directions.join(" ") === "ltr rtl rtl ltr", `directions, got ${directions}`);
  });
}
