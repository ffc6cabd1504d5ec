// Formulas in Markdown: $…$, $$…$$, \(…\) and \[…\]. Markdown would take their
// underscores and backslashes for its own, so before it is parsed each formula is
// replaced by as many characters that mean nothing, which keeps every other
// place where it is; afterwards the formula is put where these stand.

export interface Formula {
  tex: string;
  display: boolean;
  /** As it was written, marks included. */
  source: string;
  /** Its end has not been written yet. */
  open: boolean;
}

export interface Masked {
  text: string;
  formulas: readonly Formula[];
}

const first = 0xf0000; // plane 15 is for private use: its characters number the formulas
const most = 60_000;
const fill = "\ue001";
const foreign = /[\ue001\u{f0000}-\u{ffffd}]/u;
const stood = /[\u{f0000}-\u{ffffd}]\ue001*/gu;

export function maskMath(text: string, growing: boolean): Masked {
  const formulas: Formula[] = [];
  if (!/[$\\]/.test(text) || foreign.test(text) || /^\s*~~~/.test(text)) return { text, formulas };
  let out = "";
  let done = 0; // what out has of the text
  const found = new Map<string, number>();
  /** Where the mark stands next; each stretch of the text is searched once. */
  const next = (mark: string, from: number): number => {
    const known = found.get(mark);
    if (known !== undefined && known >= from) return known;
    const at = text.indexOf(mark, from);
    found.set(mark, at < 0 ? Infinity : at);
    return at < 0 ? Infinity : at;
  };
  const take = (from: number, to: number, tex: string, display: boolean, open = false): number => {
    const quoted = tex.includes("\n") && /^[ \t]*>/.test(text.slice(text.lastIndexOf("\n", from) + 1, from + 1));
    out += text.slice(done, from) + String.fromCodePoint(first + formulas.length) + fill.repeat(to - from - 2);
    formulas.push({ tex: (quoted ? tex.replace(/\n[ \t]*>[ \t]?/g, "\n") : tex).trim(), display, source: text.slice(from, to), open });
    return (done = to);
  };
  const closed = (from: number, mark: string, display: boolean): number => {
    const end = next(mark, from + 2);
    if (end === Infinity) return growing && next("\n\n", from) === Infinity ? take(from, text.length, text.slice(from + 2), display, true) : from + 2;
    const tex = text.slice(from + 2, end);
    return tex.trim() === "" || next("\n\n", from) < end ? from + 2 : take(from, end + 2, tex, display);
  };
  for (let i = 0; i < text.length && formulas.length < most; ) {
    const c = text[i];
    if (c === "`") i = behindCode(text, i, found);
    else if (c === "\\") i = text[i + 1] === "(" ? closed(i, "\\)", false) : text[i + 1] === "[" ? closed(i, "\\]", true) : i + 2;
    else if (c !== "$") i++;
    else if (text[i + 1] === "$") i = closed(i, "$$", true);
    else {
      const end = endOfInline(text, i);
      i = end > 0 ? take(i, end + 1, text.slice(i + 1, end), false) : i + 1;
    }
  }
  return { text: out + text.slice(done), formulas };
}

/** The place behind a span of code, or behind its ticks if it never ends. */
function behindCode(text: string, start: number, found: Map<string, number>): number {
  let from = start;
  while (text[from] === "`") from++;
  const ticks = text.slice(start, from);
  if (found.get(ticks) === Infinity) return from;
  for (let at = text.indexOf(ticks, from); at >= 0; ) {
    let end = at;
    while (text[end] === "`") end++;
    if (end - at === ticks.length) return end;
    at = text.indexOf(ticks, end);
  }
  found.set(ticks, Infinity);
  return ticks.length >= 3 ? text.length : from;
}

/** Where the formula that begins with one dollar ends, or -1: sums of money and names of shells have dollars too. */
function endOfInline(text: string, start: number): number {
  if (/[\p{L}\p{N}]/u.test(text[start - 1] ?? "") || /\s/.test(text[start + 1] ?? " ")) return -1;
  for (let i = start + 1; i < text.length && text[i] !== "\n" && text[i] !== "`"; i++) {
    if (text[i] === "\\") i++;
    else if (text[i] === "$") {
      const tex = text.slice(start + 1, i);
      const after = text[i + 1] ?? "";
      const money = /\s/.test(tex.at(-1)!) || /[\d$]/.test(after) || /^\d[\d.,]*\s+\p{L}{2,}/u.test(tex);
      const name = /^[A-Z_][A-Z0-9_]+[/:.-]?$/.test(tex) && /\w/.test(after);
      return money || name ? -1 : i;
    }
  }
  return -1;
}

interface TreeNode {
  type: string;
  value?: string;
  tagName?: string;
  properties?: Record<string, unknown>;
  children?: TreeNode[];
}

const of = (formulas: readonly Formula[], mark: string): Formula | undefined => formulas[mark.codePointAt(0)! - first];

/** A plugin for the tree of Markdown: code and addresses get their dollars back. */
export function unmask(formulas: readonly Formula[]) {
  const restore = (node: TreeNode & Record<string, unknown>): void => {
    for (const key of ["value", "url", "title", "alt", "lang", "meta"]) {
      const was = node[key];
      if (typeof was === "string" && node.type !== "text") node[key] = was.replace(stood, (mark) => of(formulas, mark)?.source ?? mark);
    }
    for (const child of node.children ?? []) restore(child as TreeNode & Record<string, unknown>);
  };
  return () => (tree: TreeNode) => restore(tree as TreeNode & Record<string, unknown>);
}

/** A plugin for the tree of HTML: formulas stand where they were. */
export function placeMath(formulas: readonly Formula[]) {
  const place = (node: TreeNode): void => {
    if (!node.children) return;
    node.children = node.children.flatMap((child) => {
      if (child.type !== "text" || !child.value || !foreign.test(child.value)) {
        place(child);
        return [child];
      }
      const out: TreeNode[] = [];
      let at = 0;
      const text = (to: number) => {
        // A sentence may end within a formula: the first part has it whole.
        const value = child.value!.slice(at, to).replaceAll(fill, "");
        if (value) out.push({ type: "text", value });
      };
      for (const m of child.value.matchAll(stood)) {
        const formula = of(formulas, m[0]);
        if (!formula) continue;
        text(m.index);
        out.push({ type: "element", tagName: "tex-formula", properties: { ...formula }, children: [] });
        at = m.index + m[0].length;
      }
      text(child.value.length);
      return out;
    });
  };
  return () => (tree: TreeNode) => place(tree);
}
