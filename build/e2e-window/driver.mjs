// A small client of the W3C WebDriver protocol for the window under test.
import { spawn } from "node:child_process";
import { createServer } from "node:net";

export const sleep = (ms) => new Promise((ok) => setTimeout(ok, ms));

/** Waits until f gives something true and returns it. */
export async function until(what, f, ms = 60_000) {
  const end = Date.now() + ms;
  let last;
  for (;;) {
    try {
      const value = await f();
      if (value) return value;
    } catch (e) {
      last = e;
    }
    if (Date.now() > end) throw new Error(`waited ${ms / 1000} s for ${what}${last ? `: ${last.message}` : ""}`);
    await sleep(100);
  }
}

const freePort = () =>
  new Promise((ok, fail) => {
    const server = createServer().on("error", fail);
    server.listen(0, "127.0.0.1", () => {
      const { port } = server.address();
      server.close(() => ok(port));
    });
  });

export class Driver {
  static async start() {
    const d = new Driver();
    d.port = await freePort();
    d.process = spawn("WebKitWebDriver", [`--port=${d.port}`], { stdio: "ignore" });
    await until("WebKitWebDriver", () => d.call("GET", "/status"));
    return d;
  }

  async call(method, path, body) {
    const response = await fetch(`http://127.0.0.1:${this.port}${path}`, {
      method,
      body: body && JSON.stringify(body),
      signal: AbortSignal.timeout(120_000),
    });
    const { value } = await response.json();
    if (!response.ok) throw new Error(`${path}: ${value.error}: ${value.message}`);
    return value;
  }

  /** Starts the program and takes hold of its page. */
  async open(binary) {
    const options = { binary, args: [] };
    const { sessionId } = await this.call("POST", "/session", { capabilities: { alwaysMatch: { "webkitgtk:browserOptions": options } } });
    this.session = `/session/${sessionId}`;
    await this.call("POST", `${this.session}/timeouts`, { script: 60_000 });
  }

  /** Lets go of a program that has ended. The driver answers with an error, as its window is gone. */
  async forget() {
    await this.call("DELETE", this.session).catch(() => {});
  }

  stop() {
    this.process.kill();
  }

  run(script, ...args) {
    return this.call("POST", `${this.session}/execute/sync`, { script, args });
  }

  /** Runs the body of an async function and returns what it returns. */
  async runAsync(script) {
    const wrapped = `const done = arguments[0]; (async () => { ${script} })().then((value) => done({ value }), (e) => done({ problem: String(e) }));`;
    const { value, problem } = await this.call("POST", `${this.session}/execute/async`, { script: wrapped, args: [] });
    if (problem) throw new Error(problem);
    return value;
  }

  url() {
    return this.call("GET", `${this.session}/url`);
  }

  async find(css) {
    return Object.values(await this.call("POST", `${this.session}/element`, { using: "css selector", value: css }))[0];
  }

  async click(css) {
    await this.call("POST", `${this.session}/element/${await this.find(css)}/click`, {});
  }

  async type(css, text) {
    await this.call("POST", `${this.session}/element/${await this.find(css)}/value`, { text });
  }

  async text(css) {
    return this.call("GET", `${this.session}/element/${await this.find(css)}/text`);
  }
}
