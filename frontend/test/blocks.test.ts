import { describe, expect, it } from "vitest";
import { closeOpenMarks, definitions, splitBlocks } from "../src/chat/blocks";
import { sampleAnswer } from "./fake";

describe("splitBlocks", () => {
  it.each<[string, string, string[]]>([
    ["nothing", "", []],
    ["one paragraph", "a\nb", ["a\nb"]],
    ["paragraphs", "a\n\nb\n\n\nc", ["a\n\n", "b\n\n\n", "c"]],
    ["blank lines with blanks", "a\n  \t\nb", ["a\n  \t\n", "b"]],
    ["carriage returns", "a\r\n\r\nb", ["a\r\n\r\n", "b"]],
    ["a fence with a blank line", "```py\na\n\nb\n```\n\nc", ["```py\na\n\nb\n```\n\n", "c"]],
    ["an open fence", "x\n\n```\na\n\nb", ["x\n\n", "```\na\n\nb"]],
    ["a longer fence around a shorter one", "````\n```\n\n```\n\n````\n\nz", ["````\n```\n\n```\n\n````\n\n", "z"]],
    ["tildes do not close backticks", "```\n~~~\n\na\n```\n\nb", ["```\n~~~\n\na\n```\n\n", "b"]],
    ["a fence's language does not close it", "```\n```js\n\na\n```\n\nb", ["```\n```js\n\na\n```\n\n", "b"]],
    ["a loose list", "- a\n\n- b\n\n  more\n\nend", ["- a\n\n- b\n\n  more\n\n", "end"]],
    ["a numbered list", "1. a\n\n2. b\n\n10) c\n\nend", ["1. a\n\n2. b\n\n10) c\n\n", "end"]],
    ["code in a list", "1. a\n\n   ```\n   x\n\n   y\n   ```\n\n2. b", ["1. a\n\n   ```\n   x\n\n   y\n   ```\n\n2. b"]],
    ["a fence on a list item's own line", "- ```\n  a\n\nb\n  ```\n\nend", ["- ```\n  a\n\nb\n  ```\n\n", "end"]],
    ["a paragraph before a list", "a\n\n- b", ["a\n\n", "- b"]],
    ["indented code", "    a\n\n    b\n\nc", ["    a\n\n    b\n\n", "c"]],
    ["blank lines at the front", "\n\na\n\nb", ["\n\na\n\n", "b"]],
    ["a rule is no list", "---\n\na", ["---\n\n", "a"]],
  ])("cuts %s", (_, text, blocks) => {
    expect(splitBlocks(text)).toEqual(blocks);
  });

  it("loses nothing and leaves finished blocks alone while the text grows by lines", () => {
    const lines = sampleAnswer.split(/(?<=\n)/);
    let before: string[] = [];
    for (let n = 1; n <= lines.length; n++) {
      const text = lines.slice(0, n).join("");
      const blocks = splitBlocks(text);
      expect(blocks.join("")).toBe(text);
      expect(blocks.slice(0, Math.max(0, before.length - 1))).toEqual(before.slice(0, -1));
      before = blocks;
    }
    expect(before.length).toBeGreaterThan(6);
  });

  it("takes a long text in time proportional to its length", () => {
    const text = "word ".repeat(40) + "\n\n";
    expect(splitBlocks(text.repeat(5000))).toHaveLength(5000);
  });
});

describe("definitions", () => {
  it("finds link definitions and leaves footnotes", () => {
    expect(definitions("[a][1]\n\n[1]: https://example.org\n[^2]: note\n")).toBe("[1]: https://example.org");
    expect(definitions("an array[0]: nothing")).toBe("");
  });
});

describe("closeOpenMarks", () => {
  it.each([
    ["plain text", "plain text"],
    ["a **bold", "a **bold**"],
    ["a **bold** and", "a **bold** and"],
    ["a **bold*", "a **bold**"],
    ["a **", "a "],
    ["use `code", "use `code`"],
    ["use `a**b` and", "use `a**b` and"],
    ["see [the page](https://exam", "see the page"],
    ["see [the page](https://example.org) and", "see [the page](https://example.org) and"],
    ["```py\nx = `1", "```py\nx = `1"],
    ["    **raw", "    **raw"],
  ])("%j becomes %j", (from, to) => {
    expect(closeOpenMarks(from)).toBe(to);
  });
});
