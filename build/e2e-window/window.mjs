// Tests of the real WebKitGTK window with the real starter model. They follow
// one another: each goes on where the one before it stopped.
import assert from "node:assert/strict";
import { execFileSync, spawn, spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { Driver, sleep, until } from "./driver.mjs";

const work = process.env.WORK;
const program = process.env.FREEHOLD_BIN;
const model = process.env.FREEHOLD_TEST_MODEL;
const home = mkdtempSync(join(tmpdir(), "freehold-window-"));
process.env.FREEHOLD_HOME = home;

// Links are opened by the desktop's own program: here by one that only takes notes.
const opened = join(work, "opened");
mkdirSync(join(work, "bin"));
for (const name of ["xdg-open", "x-www-browser", "www-browser"]) {
  writeFileSync(join(work, "bin", name), `#!/bin/sh\necho "$1" >>'${opened}'\n`, { mode: 0o755 });
}
process.env.PATH = `${join(work, "bin")}:${process.env.PATH}`;

// The driver starts this instead of the program. Only the program itself is
// preloaded, its output goes to a file, and its process id is told.
const wrapper = join(work, "freehold");
const pidFile = join(work, "pid");
writeFileSync(
  wrapper,
  `#!/bin/sh\necho $$ >'${pidFile}'\nLD_PRELOAD='${work}/automation.so' exec '${program}' >>'${work}/freehold.log' 2>&1 </dev/null\n`,
  { mode: 0o755 },
);

const pid = () => Number(readFileSync(pidFile, "utf8"));
const alive = () => {
  try {
    process.kill(pid(), 0);
    return true;
  } catch {
    return false;
  }
};
const windows = () =>
  execFileSync("wmctrl", ["-l"], { encoding: "utf8" })
    .split("\n")
    .filter((line) => /Freehold/.test(line));
const screenshot = (name) => {
  const file = join(work, `${name}.png`);
  execFileSync("import", ["-window", "root", file]);
  return file;
};
const colours = (file) => Number(execFileSync("identify", ["-format", "%k", file], { encoding: "utf8" }));
/** The share of pixels that differ between two pictures. */
const difference = (a, b) => {
  const { stderr } = spawnSync("compare", ["-metric", "AE", "-fuzz", "5%", a, b, "null:"], { encoding: "utf8" });
  return Number.parseFloat(stderr) / (1280 * 900);
};
/** What a screen reader gets of the window. */
const accessible = () =>
  execFileSync(join(work, "accessible"), ["freehold"], { encoding: "utf8", timeout: 30_000, maxBuffer: 1 << 26 })
    .split("\n")
    .map((line) => {
      const [role, landmark = "", name = "", text = ""] = line.split("\t");
      return { role, landmark, name, text };
    });
const xdotool = (...args) => execFileSync("xdotool", args.map(String));

// Screen readers are served as soon as there is one to speak to.
const reader = spawn("/usr/libexec/at-spi-bus-launcher", ["--launch-immediately"], { stdio: "ignore" });

let driver;
let passed = 0;
let failed = 0;

async function step(name, f) {
  if (failed) return void failed++; // it stands on the ones before
  const start = Date.now();
  try {
    await f();
    passed++;
    console.log(`ok   ${name} (${((Date.now() - start) / 1000).toFixed(1)} s)`);
  } catch (e) {
    failed++;
    console.log(`FAIL ${name}\n${e.stack}`);
    try {
      console.log("screenshot:", screenshot("failure"));
      console.log(readFileSync(join(work, "freehold.log"), "utf8").split("\n").slice(-30).join("\n"));
    } catch {}
  }
}

/** The last answer when it is complete. */
async function answer(count) {
  const found = await until(
    "an answer",
    async () => {
      const found = await driver.run(
        `const all = document.querySelectorAll("article.answer"), last = all[all.length - 1];
         return { count: all.length, busy: last?.getAttribute("aria-busy"), text: last?.innerText ?? "", problem: last?.querySelector("[role=alert]")?.innerText ?? "" };`,
      );
      return found.count === count && (found.busy === "false" || found.problem) && found;
    },
    180_000,
  );
  assert.equal(found.problem, "");
  return found;
}

try {
  await step("the starter model can be imported", () => {
    assert.ok(model, "no starter model; fetch it with: make starter");
    const r = spawnSync(program, ["import", model], { encoding: "utf8" });
    assert.equal(r.status, 0, r.stdout + r.stderr);
  });

  await step("the window opens and shows the interface", async () => {
    driver = await Driver.start();
    await driver.open(wrapper);
    await until("the window", () => windows().length === 1);
    await until("the interface", () => driver.find("#composer"));
    assert.match(await driver.url(), /^wails:\/\/wails/);
    // Something is painted: an empty window has a handful of colours.
    await until("a painted window", () => colours(screenshot("start")) > 40);
  });

  await step("settings are saved", async () => {
    // The same answers in every run, and short ones: so small a model may ramble.
    const sampling = await driver.runAsync(
      `const { State, SaveSettings } = window.go.app.App, { settings } = await State();
       Object.assign(settings.sampling, { temperature: 0, maxTokens: 40 });
       return (await SaveSettings(settings)).sampling;`,
    );
    assert.equal(sampling.temperature, 0);
    assert.equal(sampling.maxTokens, 40);
  });

  await step("a question is answered by the starter model", async () => {
    await driver.type("#composer", "What is the capital of France? Answer in one short sentence.");
    await until("the send button", () => driver.run(`return document.querySelector(".composer .send").getAttribute("aria-disabled") === "false"`));
    await driver.type("#composer", "\uE007"); // Enter
    const { text } = await answer(1);
    assert.match(text, /Paris/);
    screenshot("answer");
  });

  await step("a screen reader finds the landmarks, the composer and the answer", async () => {
    const label = await driver.run(`return document.querySelector("#composer").getAttribute("aria-label") ?? document.querySelector("#composer").labels[0]?.innerText`);
    assert.ok(label);
    await until("them all", () => {
      const tree = accessible();
      writeFileSync(join(work, "accessible.txt"), tree.map((e) => Object.values(e).join("\t")).join("\n"));
      for (const kind of ["main", "navigation"]) assert.ok(tree.some((e) => e.landmark.split(" ").includes(kind)), `no ${kind}`);
      assert.ok(tree.some((e) => e.role === "entry" && e.name === label), `no entry named ${label}`);
      const at = tree.findIndex((e) => e.role === "article" || e.landmark === "article");
      assert.ok(at >= 0, "no article");
      assert.ok(tree.slice(at).some((e) => /Paris/.test(e.name + e.text)), "no answer");
      assert.ok(tree.some((e) => e.landmark === "status" && /answer is complete/.test(e.text)), "its end is not told");
      return true;
    });
  });

  await step("a second question goes on in the same chat", async () => {
    await driver.type("#composer", "And of Italy?\uE007");
    const { text } = await answer(2);
    assert.ok(text.length > 3, text);
  });

  await step("links open outside the window", async () => {
    const before = await driver.url();
    await driver.run(
      `for (const target of ["_self", "_blank"]) {
         const a = document.createElement("a");
         a.href = "http://127.0.0.1:9/" + target; a.target = target; a.textContent = "x";
         document.body.append(a); a.click(); a.remove();
       }`,
    );
    await until("both links", () => existsSync(opened) && readFileSync(opened, "utf8").trim().split("\n").length === 2);
    assert.equal(await driver.url(), before);
    assert.equal(windows().length, 1);
    await driver.find("#composer");
  });

  await step("a second start leaves one window", async () => {
    const second = spawn(program, [], { stdio: "ignore" });
    const exited = new Promise((ok) => second.on("exit", () => ok(true)));
    const ended = await Promise.race([exited, sleep(60_000)]);
    if (!ended) second.kill();
    assert.ok(ended, "the second one goes on running");
    assert.equal(windows().length, 1);
    assert.ok(alive());
    await driver.find("#composer");
  });

  await step("after kill -9 the chat is there again", async () => {
    process.kill(pid(), "SIGKILL");
    await until("the end of the program", () => !alive());
    await driver.forget();
    driver.stop();
    driver = await Driver.start();
    await driver.open(wrapper);
    await until("the chat in the list", () => driver.find(".chat-link"));
    await driver.click(".chat-link");
    const { text } = await until("the chat", async () => {
      const all = await driver.run(`return [...document.querySelectorAll("article.answer")].map((a) => a.innerText)`);
      return all.length === 2 && { text: all[0] };
    });
    assert.match(text, /Paris/);
    screenshot("again");
  });

  await step("closing the window ends the program", async () => {
    execFileSync("wmctrl", ["-c", "Freehold"]);
    await until("the end of the program", () => !alive());
  });

  // Pages under automation get no drag events, so this one is not driven: it is
  // judged by what it looks like.
  const given = fileURLToPath(new URL("../../frontend/e2e/files", import.meta.url));
  const files = readdirSync(given).filter((name) => name !== "README.md");
  await step("twelve kinds of files are dropped on the window, which keeps its page", async () => {
    assert.equal(files.length, 12);
    const plain = spawn(program, [], { stdio: "ignore" });
    const source = spawn(join(work, "dragsource"), files.map((name) => join(given, name)), { stdio: "ignore" });
    try {
      await until("the window", () => windows().length === 1);
      let before = "";
      await until("a painted page", async () => {
        const last = screenshot("drop-earlier");
        await sleep(700);
        before = screenshot("drop-before");
        return colours(before) > 40 && difference(last, before) < 0.001;
      });
      xdotool("mousemove", 30, 30, "mousedown", 1);
      for (let x = 40; x <= 640; x += 60) {
        xdotool("mousemove", x, 30 + Math.round(x / 2));
        await sleep(80);
      }
      await until("the page's answer to the drag", async () => {
        xdotool("mousemove_relative", 1, 0);
        return difference(before, screenshot("drop-during")) > 0.01;
      });
      xdotool("mouseup", 1);
      await until("the end of the drag", () => difference(screenshot("drop-after"), join(work, "drop-during.png")) > 0.01);
      await sleep(2000); // a page that is being replaced would be gone by now
      // Notices and the chat's documents may have come; a file's text in place of the page would change nearly all.
      assert.ok(difference(before, screenshot("drop-after")) < 0.15, "the page was replaced");
    } finally {
      source.kill();
      const gone = new Promise((ok) => plain.on("exit", ok));
      plain.kill();
      await Promise.race([gone, sleep(5000)]);
    }
  });

  await step("what was dropped is read, and its receipts are right", async () => {
    driver = await Driver.start();
    await driver.open(wrapper);
    await until("the interface", () => driver.find("#composer"));
    await driver.run(`location.hash = "#/documents"`);
    const receipts = await until("all of them", async () => {
      const [sum, rows] = await driver.run(`return [document.querySelector(".files-head .section-sum")?.innerText, [...document.querySelectorAll(".row.document")].map((r) => r.innerText)]`);
      return sum === "12 documents" && rows;
    });
    for (const name of files) assert.ok(receipts.some((r) => r.startsWith(name)), `${name} is not among ${receipts}`);
    for (const [name, what] of [["lease.pdf", "3 pages"], ["budget.pptx", "4 slides"], ["charges.xlsx", "1 table"], ["guide.epub", "4 chapters"], ["letter.rtf", "RTF"]])
      assert.ok(receipts.some((r) => r.startsWith(name) && r.includes(what)), `${name}: ${what}: ${receipts}`);
    assert.equal(await driver.run(`return document.querySelectorAll(".row.document [role=alert]").length`), 0);
    screenshot("documents");
  });

  await step("a question about one is answered with a citation that leads to the right words of the right page", async () => {
    await driver.click("button[aria-label='More about lease.pdf']");
    await driver.click("[role=menuitem]"); // the first: ask about it
    await until("the chat's document", () => driver.find(".chip"));
    await driver.type("#composer", "Who keeps the roof and the outside walls in repair?");
    await until("the send button", () => driver.run(`return document.querySelector(".composer .send").getAttribute("aria-disabled") === "false"`));
    await driver.type("#composer", "\uE007");
    await answer(1);
    await driver.click("article.answer button.cite");
    const panel = await until("the page", () => driver.run(`return document.querySelector(".page-mark") && document.querySelector(".page-picture img")?.complete && document.querySelector(".source-panel").innerText`));
    assert.match(panel, /Page 2 of 3/);
    await sleep(300);
    screenshot("citation");
    await driver.click(".source-panel [role=radio]:not([aria-checked=true])");
    const marked = await until("the text", () => driver.run(`return [...document.querySelectorAll(".source-panel mark")].map((m) => m.innerText).join(" ")`));
    assert.match(marked, /keeps the roof, the outside walls/);
    await driver.forget();
    await until("the end of the program", () => !alive());
  });
} finally {
  try {
    if (alive()) process.kill(pid(), "SIGKILL");
  } catch {}
  driver?.stop();
  reader.kill();
  rmSync(home, { recursive: true, force: true, maxRetries: 5 });
}
console.log(`${passed} passed, ${failed} failed`);
process.exit(failed ? 1 : 0);
