// Reads `go test -json` and prints a line per package, the output of what
// failed, what was skipped and why, and a closing line with the counts.
import { createInterface } from "node:readline";

const output = new Map(); // package or package/test -> its lines
const skipped = [];
const failedIn = new Set(); // packages with a failed test
let passed = 0, failed = 0;

const key = (e) => e.Package + (e.Test ? "/" + e.Test : "");

for await (const line of createInterface({ input: process.stdin })) {
  let e;
  try {
    e = JSON.parse(line);
  } catch {
    console.log(line);
    continue;
  }
  if (e.Action === "build-output") {
    process.stdout.write(e.Output);
  } else if (e.Action === "output") {
    const lines = output.get(key(e)) ?? [];
    lines.push(e.Output);
    output.set(key(e), lines);
  } else if (e.Test && ["pass", "fail", "skip"].includes(e.Action)) {
    const lines = output.get(key(e)) ?? [];
    output.delete(key(e));
    if (e.Action === "pass") passed++;
    if (e.Action === "skip") {
      const why = lines.map((l) => l.trim()).filter((l) => l && !/^(=== |--- )/.test(l)).join(" ");
      skipped.push(`${e.Package} ${e.Test}: ${why}`);
    }
    if (e.Action === "fail") {
      failed++;
      failedIn.add(e.Package);
      process.stdout.write(lines.join(""));
    }
  } else if (!e.Test && (e.Action === "pass" || e.Action === "fail")) {
    if (e.Action === "fail") {
      // What the package printed outside its tests: a panic, a build error, a timeout.
      process.stdout.write((output.get(key(e)) ?? []).join(""));
      for (const [k, lines] of output) if (k.startsWith(e.Package + "/Test")) process.stdout.write(lines.join(""));
      if (!failedIn.has(e.Package)) failed++; // it did not build, or died outside its tests
    }
    console.log(`${e.Action === "pass" ? "ok  " : "FAIL"} ${e.Package} ${e.Elapsed ?? 0}s`);
    output.delete(key(e));
  }
}
for (const s of skipped) console.log("skipped:", s);
console.log(`${passed} passed, ${failed} failed${skipped.length ? `, ${skipped.length} skipped` : ""}`);
process.exitCode = failed ? 1 : 0;
