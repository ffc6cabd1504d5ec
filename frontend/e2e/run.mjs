// Runs the end-to-end suites: `node e2e/run.mjs [interface] [program]`.
//   interface  the built interface over a stand-in program
//   program    `freehold serve` with a real model: FREEHOLD_BIN and
//              FREEHOLD_TEST_MODEL say which, or FREEHOLD_URL is the link of a
//              server that runs already; FREEHOLD_TEST_EMBEDDER, if there is one,
//              makes the vectors of documents
//   writing    only what survives when the program is killed
//   library    only the program's documents
// E2E_ONLY keeps to checks whose name contains it, E2E_SHOTS takes pictures.
import { existsSync, readdirSync } from "node:fs";
import { resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { launch } from "./harness.mjs";
import { librarySuite } from "./library.mjs";
import { fakeSuite } from "./fake.mjs";
import { downloadSuite } from "./download.mjs";
import { realSuite } from "./real.mjs";
import { writingSuite } from "./writing.mjs";

const root = resolve(fileURLToPath(new URL("../..", import.meta.url)));
const wanted = process.argv.slice(2);
const wants = (name) => wanted.length === 0 || wanted.includes(name);

if (!existsSync(resolve(root, "frontend/dist/index.html"))) {
  console.error("frontend/dist is empty: run `npm run build` first");
  process.exit(1);
}

function starter() {
  const folder = resolve(root, "build/starter");
  const file = existsSync(folder) && readdirSync(folder).find((f) => f.endsWith(".gguf"));
  return file ? resolve(folder, file) : "";
}

const browser = await launch();
const suites = [];
try {
  if (wants("interface")) {
    const other = await launch();
    const taken = new Set();
    suites.push(...(await Promise.all([fakeSuite(browser, taken), fakeSuite(other, taken)]).finally(() => other.close())));
  }
  if (wants("program") || wants("library") || wants("writing")) {
    const url = process.env.FREEHOLD_URL;
    const binary = resolve(root, process.env.FREEHOLD_BIN || "build/bin/freehold");
    const model = process.env.FREEHOLD_TEST_MODEL || starter();
    if (url || (existsSync(binary) && model)) {
      if (wants("program")) suites.push(await realSuite(browser, { binary, model, url }));
      if (wants("program") && !url) suites.push(await downloadSuite(browser, { binary, model }));
      if ((wants("program") || wants("writing")) && !url) suites.push(await writingSuite(browser, { binary, model }));
      if ((wants("program") || wants("library")) && !url) suites.push(await librarySuite(browser, { binary, model, embedder: process.env.FREEHOLD_TEST_EMBEDDER }));
    } else if (wanted.includes("program")) throw new Error("the program suite needs build/bin/freehold and a model: `make build starter`, or set FREEHOLD_BIN and FREEHOLD_TEST_MODEL");
    else console.log("skipped program: there is no build/bin/freehold or no starter model");
  }
} finally {
  await browser.close();
}
const sum = (key) => suites.reduce((n, s) => n + s[key], 0);
console.log(`${sum("passed")} passed, ${sum("failed")} failed`);
process.exit(sum("failed") === 0 && sum("passed") > 0 ? 0 : 1);
