import { describe, expect, it } from "vitest";
import { maskMath } from "../src/chat/math";

const formulas = (text: string, growing = false) => maskMath(text, growing).formulas.map((f) => (f.open ? "open " : "") + (f.display ? `[${f.tex}]` : f.tex));

describe("formulas", () => {
  it.each<[string, string[]]>([
    ["$x^2$ and $y_1$", ["x^2", "y_1"]],
    ["the $n$th of $k$-means", ["n", "k"]],
    ["$$a_1 + b_1$$", ["[a_1 + b_1]"]],
    ["$$\na\n$$", ["[a]"]],
    ["> $$\n> a\n> b\n> $$", ["[a\nb]"]],
    ["\\(a\\) and \\[b\\]", ["a", "[b]"]],
    ["| $|x|$ | 1 |", ["|x|"]],
    ["$a \\$ b$", ["a \\$ b"]],
    ["$2x + 3$", ["2x + 3"]],
  ])("%s", (text, found) => expect(formulas(text)).toEqual(found));
});

describe("no formulas", () => {
  it.each([
    "$5 and $10", "$5-$10", "from $5/$6 on", "5$ or 10$ a day", "US$5 and A$6", "it costs $5 or 10$ there", "\\$x\\$", "`$a$`", "``$a` $b$``", "```sh\necho $a$b\n```", "$HOME/$USER", "a $ b $ c",
    "$x", "\\(x", "$$x", "$$$$", "\\(\\)", "$$a\n\nb$$", "~~~\n$a$\n~~~", "C:\\\\(x\\\\)",
  ])("%s", (text) => expect(formulas(text)).toEqual([]));
});

describe("a formula that is still written", () => {
  it("waits for its end", () => {
    expect(formulas("so $$\\frac{a_1}{b", true)).toEqual(["open [\\frac{a_1}{b]"]);
    expect(formulas("so \\(a", true)).toEqual(["open a"]);
    expect(formulas("it is $5", true)).toEqual([]);
  });
  it("never makes the text longer or shorter", () => {
    const text = "A $x_1$, \\[\ny\n\\] `$z$` $5, **$a$** $$b$$ and \\(c";
    for (let n = 0; n <= text.length; n++) for (const growing of [true, false]) expect(maskMath(text.slice(0, n), growing).text.length).toBe(n);
  });
});

it("leaves alone what has its own private characters", () => {
  const text = "$x$ \ue001 \u{f0000}";
  expect(maskMath(text, false)).toEqual({ text, formulas: [] });
});

it("looks at each character a few times only", () => {
  for (const piece of ["\\(", "$$ ", "$a", "`", "\\( \\] ", "$x$ "]) expect(maskMath(piece.repeat(100_000), false).text.length).toBe(piece.length * 100_000);
});
