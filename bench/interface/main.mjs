// Measures the interface in Chromium, over the stand-in program of the tests:
// what the first load weighs, and how a chat of 5,000 messages opens, scrolls,
// takes typing and takes an answer of 200 tokens a second.
//
//   cd frontend && npm run build && node ../bench/interface/main.mjs
//
// A long task is one of 50 ms or more, as the browser itself counts them. Typing
// is from the key to the next frame behind it.
import { readdirSync, readFileSync, statSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { freePort, launch, openPage, startProgram } from "../../frontend/e2e/harness.mjs";

const frontend = fileURLToPath(new URL("../../frontend", import.meta.url));
const messages = 5000;
const median = (all) => [...all].sort((a, b) => a - b)[Math.floor(all.length / 2)];
const p95 = (all) => [...all].sort((a, b) => a - b)[Math.floor(all.length * 0.95)];
const row = (what, value, bar) => console.log(`| ${what} | ${value} | ${bar} |`);
const ms = (n) => `${n.toFixed(1)} ms`;

const browser = await launch();
const server = await startProgram(process.execPath, ["node_modules/vite/bin/vite.js", "preview", "--config", "vite.fake.config.ts", "--host", "127.0.0.1", "--port", String(await freePort()), "--strictPort"], {
  cwd: frontend,
  line: /(http:\/\/127\.0\.0\.1:\d+)\//,
});
const url = `${server.hit[1]}/`;
const rpc = (method, ...args) => fetch(`${url}rpc/${method}`, { method: "POST", headers: { "x-test": "yes" }, body: JSON.stringify(args) });

try {
  console.log("| | measured | bar |\n|---|--:|--:|");

  // What a browser asks for until the first chat can be written.
  await rpc("Reset", {});
  const loaded = [];
  const first = await openPage(browser, "about:blank").catch(() => null);
  await first?.context.close();
  const context = await browser.newContext({ viewport: { width: 1280, height: 800 } });
  let page = await context.newPage();
  page.on("response", (r) => loaded.push(new URL(r.url()).pathname));
  await page.goto(url);
  await page.locator("#composer").waitFor();
  await page.waitForTimeout(500);
  const sizes = loaded.filter((path) => /^\/assets\/|\.html$|^\/$/.test(path)).map((path) => gzipSync(readFileSync(`${frontend}/dist${path === "/" ? "/index.html" : path}`)).length);
  const all = readdirSync(`${frontend}/dist/assets`).reduce((n, f) => n + statSync(`${frontend}/dist/assets/${f}`).size, 0);
  row("first load, compressed by gzip", `${Math.round(sizes.reduce((a, b) => a + b, 0) / 1000)} kB`, "300 kB");
  row("the whole interface, uncompressed", `${Math.round(all / 1000)} kB`, "");

  await rpc("Reset", { long: messages, pace: 5 }); // 5 ms: 200 pieces a second
  await page.reload();
  await page.locator("#composer").waitFor();
  const link = page.locator(".chat-link", { hasText: "A long talk" });
  const begun = Date.now();
  await link.click();
  await page.getByText("Answer 2500.").waitFor();
  row(`a chat of ${messages} messages opens`, `${Date.now() - begun} ms`, "");
  await page.waitForTimeout(1000);
  row("elements on the page then", await page.evaluate(() => document.querySelectorAll("*").length), "");

  await page.evaluate(() => {
    window.long = [];
    new PerformanceObserver((list) => window.long.push(...list.getEntries().map((e) => e.duration))).observe({ type: "longtask" });
    window.keys = [];
    addEventListener("keydown", () => {
      const at = performance.now();
      requestAnimationFrame(() => {
        const channel = new MessageChannel(); // behind what the frame draws
        channel.port1.onmessage = () => window.keys.push(performance.now() - at);
        channel.port2.postMessage(0);
      });
    }, true);
  });
  const keys = async () => {
    await page.evaluate(() => (window.keys.length = 0));
    await page.locator("#composer").focus();
    await page.keyboard.type("The rent of the mill is due on Lady Day, and not a day later than that, says the deed. ", { delay: 40 });
    await page.waitForTimeout(200);
    return page.evaluate(() => window.keys);
  };
  let typed = await keys();
  row("typing, from key to frame, p95", ms(p95(typed)), "");
  // The frame that a key waits for is up to 16.7 ms away, with nothing to do in it.
  const work = await page.evaluate(async () => {
    const box = document.querySelector("#composer");
    const times = [];
    for (let i = 0; i < 100; i++) {
      const at = performance.now();
      box.setRangeText("x", box.value.length, box.value.length, "end");
      box.dispatchEvent(new InputEvent("input", { bubbles: true, data: "x", inputType: "insertText" }));
      await Promise.resolve();
      document.body.getBoundingClientRect(); // lays it out
      times.push(performance.now() - at);
      await new Promise((done) => setTimeout(done, 20));
    }
    return times;
  });
  row("typing, work of one key, p95", ms(p95(work)), "16 ms");

  const frames = await page.evaluate(
    () =>
      new Promise((done) => {
        const box = document.querySelector(".messages");
        const times = [];
        let last = performance.now();
        const step = (now) => {
          times.push(now - last);
          last = now;
          box.scrollTop -= 400;
          if (times.length < 240) requestAnimationFrame(step);
          else done(times.slice(1));
        };
        requestAnimationFrame(step);
      }),
  );
  row("scrolling up by 400 pixels a frame, time of a frame, median and p95", `${ms(median(frames))}, ${ms(p95(frames))}`, "");
  const jump = Date.now();
  await page.evaluate(() => (document.querySelector(".messages").scrollTop = 0));
  await page.getByText("Question 1:", { exact: false }).first().waitFor();
  row("a jump to the first message", `${Date.now() - jump} ms`, "");

  await page.evaluate(() => (window.long.length = 0));
  await page.locator("#composer").fill("endless");
  await page.keyboard.press("Enter");
  await page.locator(".caret").waitFor();
  await page.evaluate(() => (window.long.length = 0));
  await page.waitForTimeout(3000);
  typed = await keys();
  await page.waitForTimeout(3000);
  const streaming = await page.evaluate(() => window.long);
  const speed = await page.locator(".speed").textContent();
  row(`long tasks in ${6 + 4} s while an answer is written (${speed})`, streaming.length === 0 ? "none" : `${streaming.length}, longest ${ms(Math.max(...streaming))}`, "none");
  row("typing meanwhile, from key to frame, p95", ms(p95(typed)), "");
} finally {
  await server.end();
  await browser.close();
}
