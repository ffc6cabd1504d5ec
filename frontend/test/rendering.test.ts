import { describe, expect, it } from "vitest";
import { artifactOf, shutIn } from "../src/chat/artifact";
import { coloured, fileEnding, highlight, languageLabel } from "../src/chat/highlight";
import { cellsOf, csv, markdown } from "../src/chat/tables";

describe("code that is still written", () => {
  const line = "const value = 1234567;\n";
  it("is coloured by whole lines, and never less than before", () => {
    let before = 0;
    for (let n = 1; n < 600; n++) {
      const code = line.repeat(n);
      const head = coloured(code);
      expect(head).toBeGreaterThanOrEqual(before < 2000 ? 0 : before);
      expect(head === code.length || code[head - 1] === "\n").toBe(true);
      before = head;
    }
    expect(before).toBeGreaterThan(10_000);
  });
  it("keeps its colours for long stretches", () => {
    const code = line.repeat(500);
    const heads = new Set(Array.from({ length: 1500 }, (_, i) => coloured(code.slice(0, 4000 + i))));
    expect(heads.size).toBeLessThanOrEqual(2);
  });
  it("escapes what it shows", () => expect(highlight("<img src=x onerror=alert(1)>", "html")).not.toContain("<img"));
});

it.each([
  ["python", "py"],
  ["TypeScript", "ts"],
  ["c++", "cpp"],
  ["../../etc/passwd", "txt"],
  ["constructor", "txt"],
  ["", "txt"],
])("a file of %s ends with %s", (language, ending) => expect(fileEnding(language)).toBe(ending));

it.each(["constructor", "toString", "__proto__"])("a language called %s is called so", (name) => expect(languageLabel(name)).toBe(name));

describe("artifacts", () => {
  it.each([
    ["<p>", "html", "html"],
    ["<svg/>", "SVG", "svg"],
    ['<?xml version="1.0"?>\n<svg xmlns="x">', "xml", "svg"],
    ["<svgx>", "xml", null],
    ["<note/>", "xml", null],
    ["print()", "python", null],
    ["flowchart TD\n A --> B", "mermaid", "mermaid"],
  ])("%s as %s shows %s", (code, language, kind) => expect(artifactOf(code, language)).toBe(kind));
  it("has its policy before anything of the model", () => {
    const page = shutIn('<meta http-equiv="Content-Security-Policy" content="default-src *"><img src="https://example.org/x">', "html");
    expect(page.indexOf("default-src 'none'")).toBeLessThan(page.indexOf("default-src *"));
    expect(page.indexOf("default-src 'none'")).toBeGreaterThan(0);
  });
});

describe("tables", () => {
  const rows = [
    ["Name", "Sum, net"],
    ['the "big" one', "1|2"],
  ];
  it("become CSV", () => expect(csv(rows)).toBe('Name,"Sum, net"\r\n"the ""big"" one",1|2'));
  it("become Markdown", () => expect(markdown(rows)).toBe('| Name | Sum, net |\n| --- | --- |\n| the "big" one | 1\\|2 |'));
  it("are read as they are seen", () => {
    const table = document.createElement("table");
    table.innerHTML = '<tr><th>a  <b>b</b></th><th></th></tr><tr><td><span data-tex="$x^2$">x2x2</span><span class="unseen">not borne out</span></td><td>c\n d</td></tr>';
    expect(cellsOf(table)).toEqual([["a b", ""], ["$x^2$", "c d"]]);
  });
});
