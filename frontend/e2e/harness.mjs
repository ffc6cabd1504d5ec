// What the end-to-end suites share: a browser, named checks, accessibility.
import { chromium } from "playwright-core";
import { spawn } from "node:child_process";
import { existsSync, mkdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { createServer } from "node:net";
import { stripVTControlCharacters } from "node:util";

const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

const patience = Number(process.env.E2E_PATIENCE) || 90_000; // ms: the machine may be busy with other things

const installed = ["/usr/bin/chromium-headless-shell", "/usr/bin/chromium"];

export const launch = () =>
  chromium.launch({
    executablePath: process.env.CHROMIUM || installed.find(existsSync),
    args: [
      "--no-sandbox",
      "--disable-gpu",
      "--disable-quic",
      "--no-first-run",
      "--disable-background-networking",
      "--disable-component-update",
      "--disable-sync",
    ],
  });

/** Runs checks one after another, tells of each, and counts. */
export class Suite {
  passed = 0;
  failed = 0;

  /** taken: the names of checks that some suite beside this one has begun; only those that no one has are run. */
  constructor(name, taken = new Set()) {
    this.name = name;
    this.taken = taken;
    this.only = process.env.E2E_ONLY ?? "";
  }

  async check(name, work, onFailure) {
    if (this.taken.has(name) || !`${this.name} ${name}`.includes(this.only)) return;
    this.taken.add(name);
    const start = Date.now();
    try {
      await work();
      this.passed++;
      console.log(`ok      ${this.name}: ${name} (${Date.now() - start} ms)`);
    } catch (e) {
      this.failed++;
      console.log(`FAILED  ${this.name}: ${name}\n        ${String(e?.message ?? e).split("\n").slice(0, 12).join("\n        ")}`);
      await onFailure?.(name).catch(() => {});
    }
  }
}

/** A page that remembers what it must not do: errors, and requests to anywhere but its own server. */
export async function openPage(browser, url, options = {}) {
  const context = await browser.newContext({ viewport: { width: 1280, height: 800 }, permissions: ["clipboard-read", "clipboard-write"], ...options });
  context.setDefaultTimeout(patience);
  const page = await context.newPage();
  page.setDefaultTimeout(patience);
  const origin = new URL(url).origin;
  const sins = [];
  page.on("pageerror", (e) => sins.push(`error: ${e}`));
  page.on("console", (m) => m.type() === "error" && !/ERR_CONNECTION|ERR_EMPTY_RESPONSE|ERR_INCOMPLETE_CHUNKED|status of 401/.test(m.text()) && sins.push(`console: ${m.text()}`));
  page.on("request", (r) => !r.url().startsWith(origin) && !/^(data|blob):/.test(r.url()) && sins.push(`request: ${r.url()}`));
  await page.goto(url);
  await page.locator("#main").waitFor();
  return { page, context, sins };
}

export function assertNoSins(sins) {
  if (sins.length) throw new Error(sins.join("\n"));
}

/** Fails on any violation that axe finds in what is shown now. An open menu belongs to its button and to no landmark. */
export async function assertAccessible(page, what, { menu = false } = {}) {
  // Things that are still fading have another contrast. A fade that a new theme
  // calls for begins with the next frame only, and another may follow it.
  await page.evaluate(async () => {
    const frame = () => new Promise((done) => requestAnimationFrame(done));
    const giveUp = performance.now() + 3000;
    for (let still = 0; still < 2 && performance.now() < giveUp; ) {
      await frame();
      await frame();
      const ending = document.getAnimations().filter((a) => a.effect?.getTiming().iterations !== Infinity);
      still = ending.length ? 0 : still + 1;
      await Promise.race([Promise.allSettled(ending.map((a) => a.finished)), new Promise((done) => setTimeout(done, 1500))]);
    }
  });
  await page.evaluate(axe); // passes a content security policy, a script element would not
  const { violations } = await page.evaluate((open) => axe.run({ rules: { region: { enabled: !open } } }), menu);
  if (violations.length === 0) return;
  const list = violations.map((v) => `${v.id} (${v.impact}): ${v.help}\n  ${v.nodes.slice(0, 4).map((n) => `${n.target.join(" ")}  ${(n.any[0] ?? n.all[0] ?? n.none[0])?.message ?? ""}`).join("\n  ")}`);
  throw new Error(`${what}: ${list.join("\n")}`);
}

export function expect(condition, what) {
  if (!condition) throw new Error(`expected ${what}`);
}

/** Waits until the function, which runs here, is true. */
export async function until(true_, what, ms = patience) {
  const giveUp = Date.now() + ms;
  while (!(await true_())) {
    if (Date.now() > giveUp) throw new Error(`waited ${ms} ms in vain for ${what}`);
    await new Promise((done) => setTimeout(done, 40));
  }
}

/** A port that nobody listens on now. */
export function freePort() {
  return new Promise((done, failed) => {
    const server = createServer().on("error", failed);
    server.listen(0, "127.0.0.1", () => {
      const { port } = server.address();
      server.close(() => done(port));
    });
  });
}

/** Starts a program and waits for a line of its output; end stops it. */
export function startProgram(command, args, { line, env = {}, cwd, ms = patience }) {
  const child = spawn(command, args, { cwd, env: { ...process.env, ...env }, stdio: ["ignore", "pipe", "pipe"] });
  let output = "";
  const ended = new Promise((done) => child.on("exit", done));
  const found = new Promise((done, failed) => {
    const timer = setTimeout(() => failed(new Error(`${command} said nothing useful for ${ms} ms:\n${output}`)), ms);
    const read = (data) => {
      output += data;
      const hit = line.exec(stripVTControlCharacters(output));
      if (hit) {
        clearTimeout(timer);
        done(hit);
      }
    };
    child.stdout.on("data", read);
    child.stderr.on("data", read);
    child.on("exit", (code) => failed(new Error(`${command} ended with ${code}:\n${output}`)));
    child.on("error", failed);
  });
  const end = async (signal = "SIGTERM") => {
    if (child.exitCode === null && child.signalCode === null) child.kill(signal);
    await ended;
  };
  return found.then(
    (hit) => ({ hit, end }),
    async (e) => {
      await end("SIGKILL");
      throw e;
    },
  );
}

/** Keeps a picture where E2E_SHOTS says. */
export async function shot(page, name) {
  const folder = process.env.E2E_SHOTS;
  if (!folder) return;
  mkdirSync(folder, { recursive: true });
  await page.screenshot({ path: `${folder}/${name.replace(/[^a-z0-9]+/gi, "-")}.png` });
}
