// Puts what is known of an answer's sentences into its Markdown: citation
// markers become buttons, sentences that nothing bears out are marked. Works on
// the tree that the Markdown was parsed into, by the places of its texts.
import type { Evidence, SentenceVerdict } from "../transport/api";
import { fromBytes } from "../transport/offsets";

/** A sentence of an answer, in UTF-16 units of its text. */
export interface Claim {
  /** Of the sentence in the evidence. */
  index: number;
  start: number;
  end: number;
  verdict: SentenceVerdict;
  /** Passages that bear it out and that it does not name itself. */
  added: number[];
}

export interface Marker {
  start: number;
  end: number;
  numbers: number[];
}

// As the program reads them: [1], [1, 2], [1-3], 【1】, [^1], [passage 2].
const marker = /[[【]\s*\^?\s*(?:passages?|quellen?|sources?|nr\.?|no\.?|p\.)?\s*(\d{1,5}(?:\s*(?:,|;|–|-|and|und|&)\s*\d{1,5})*)\s*(?:†[^\]】]*)?[\]】]/gi;

/** The markers of a text that name a known passage. */
export function markersIn(text: string, known: ReadonlySet<number>): Marker[] {
  const found: Marker[] = [];
  for (const m of text.matchAll(marker)) {
    const numbers = numbersIn(m[1]!).filter((n) => known.has(n));
    if (numbers.length > 0) found.push({ start: m.index, end: m.index + m[0].length, numbers });
  }
  return found;
}

function numbersIn(text: string): number[] {
  const numbers = new Set<number>();
  let last = 0;
  let ranged = false;
  for (const [piece] of text.matchAll(/\d+|[-–]/g)) {
    if (piece === "-" || piece === "–") {
      ranged = true;
      continue;
    }
    const n = Number(piece);
    if (ranged && n > last && n - last <= 20) for (let k = last + 1; k < n; k++) numbers.add(k);
    numbers.add(n);
    last = n;
    ranged = false;
  }
  return [...numbers];
}

export function claimsOf(text: string, evidence: Evidence): Claim[] {
  const known = new Set(evidence.passages.map((p) => p.n));
  const at = fromBytes(text, evidence.sentences.flatMap((s) => [s.start, s.end]));
  return evidence.sentences.map((s, index) => {
    const [start, end] = [at[2 * index]!, at[2 * index + 1]!];
    const named = new Set(markersIn(text.slice(start, end), known).flatMap((m) => m.numbers));
    return { index, start, end, verdict: s.verdict, added: s.cites.filter((n) => known.has(n) && !named.has(n)) };
  });
}

/** The claims of a stretch of the text, counted from its beginning. */
export const claimsWithin = (claims: readonly Claim[], start: number, end: number): Claim[] =>
  claims.filter((c) => c.start < end && c.end > start).map((c) => ({ ...c, start: c.start - start, end: c.end - start }));

/** What of the tree is used here. */
interface TreeNode {
  type: string;
  value?: string;
  tagName?: string;
  properties?: Record<string, unknown>;
  children?: TreeNode[];
  position?: { start: { offset?: number }; end: { offset?: number } };
}

interface TextPlace {
  parent: TreeNode;
  node: TreeNode;
  /** Where each unit of the node's value stands in the source, and where the last one ends. */
  source: number[];
}

const opaque = new Set(["code", "pre", "a"]);

function texts(node: TreeNode, source: string, found: TextPlace[] = []): TextPlace[] {
  for (const child of node.children ?? []) {
    const { start, end } = child.position ?? {};
    if (child.type === "text" && child.value && start?.offset !== undefined && end?.offset !== undefined)
      found.push({ parent: node, node: child, source: align(child.value, source, start.offset, end.offset) });
    else if (child.children && !opaque.has(child.tagName ?? "")) texts(child, source, found);
  }
  return found;
}

const lookAhead = 16; // units that an escape or an indentation may take

function align(value: string, source: string, start: number, end: number): number[] {
  const places: number[] = [];
  let at = start;
  for (const unit of value) {
    const hit = source.indexOf(unit, at);
    if (hit >= 0 && hit < Math.min(end, at + lookAhead)) at = hit;
    for (let i = 0; i < unit.length; i++) places.push(Math.min(at + i, end));
    at += unit.length;
  }
  return [...places, end];
}

/** The first unit of the value that stands at the place of the source, or behind it. */
function unitAt(source: readonly number[], place: number): number {
  const i = source.findIndex((s) => s >= place);
  return i < 0 ? source.length - 1 : i;
}

export interface Words {
  weak: string;
  weakSpoken: string;
  unsupported: string;
  unsupportedSpoken: string;
}

const text = (value: string): TreeNode => ({ type: "text", value });
const cite = (n: number, claim: number, added: boolean): TreeNode => ({ type: "element", tagName: "cite-mark", properties: { n, claim, added }, children: [] });

/** A plugin for the tree of one block of the answer; source is the block's text. */
export function annotate(source: string, claims: readonly Claim[], known: ReadonlySet<number>, words: Words) {
  return () => (tree: TreeNode) => {
    const places = texts(tree, source);
    const last = new Map<number, TextPlace>(); // of each claim: the text where it ends
    for (const p of places)
      for (const c of claims) if (p.source[0]! < c.end && p.source.at(-1)! > c.start) last.set(c.index, p);
    for (const p of places) replace(p, claims, known, words, (c) => last.get(c.index) === p);
  };
}

function replace(p: TextPlace, claims: readonly Claim[], known: ReadonlySet<number>, words: Words, ends: (c: Claim) => boolean): void {
  const value = p.node.value!;
  const markers = markersIn(value, known);
  const here = claims.filter((c) => p.source[0]! < c.end && p.source.at(-1)! > c.start).map((claim) => ({ claim, from: unitAt(p.source, claim.start), to: unitAt(p.source, claim.end) }));
  if (markers.length === 0 && !here.some(({ claim }) => shown(claim) || (claim.added.length > 0 && ends(claim)))) return;

  /** The value from a place to another, with buttons for its markers. */
  const stretch = (from: number, to: number, claim: number): TreeNode[] => {
    const out: TreeNode[] = [];
    let at = from;
    const here = markers.filter((m) => m.start >= from && m.end <= to);
    for (let i = 0; i < here.length; ) {
      const start = here[i]!.start;
      const numbers: number[] = [];
      let end = start;
      for (; i < here.length && value.slice(end, here[i]!.start).trim() === ""; i++) {
        numbers.push(...here[i]!.numbers);
        end = here[i]!.end;
      }
      // The point that ends a sentence stands at its last word, not behind the buttons.
      const point = /^[.,;:!?…。]+(?!\S)/.exec(value.slice(end, to))?.[0] ?? "";
      const before = value.slice(at, start).replace(/ $/, "") + point;
      if (before) out.push(text(before));
      out.push(...[...new Set(numbers)].map((n) => cite(n, claim, false)));
      at = end + point.length;
    }
    if (at < to) out.push(text(value.slice(at, to)));
    return out;
  };

  const out: TreeNode[] = [];
  let at = 0;
  for (const { claim, from, to } of here) {
    if (from > at) out.push(...stretch(at, from, -1));
    const start = Math.max(at, from);
    if (to <= start) continue;
    // The white space at its end is not part of what is marked.
    const trimmed = start + value.slice(start, to).trimEnd().length;
    const inner = stretch(start, trimmed, claim.index);
    if (ends(claim)) inner.push(...claim.added.map((n) => cite(n, claim.index, true)));
    if (shown(claim)) {
      const weak = claim.verdict === "weak";
      if (ends(claim)) inner.push({ type: "element", tagName: "span", properties: { className: ["unseen"] }, children: [text(weak ? words.weakSpoken : words.unsupportedSpoken)] });
      out.push({ type: "element", tagName: "span", properties: { className: ["claim", `claim-${claim.verdict}`], title: weak ? words.weak : words.unsupported }, children: inner });
    } else out.push(...inner);
    if (trimmed < to) out.push(text(value.slice(trimmed, to)));
    at = to;
  }
  if (at < value.length) out.push(...stretch(at, value.length, -1));
  p.parent.children!.splice(p.parent.children!.indexOf(p.node), 1, ...out);
}

const shown = (c: Claim): boolean => c.verdict === "weak" || c.verdict === "unsupported";
