// What differs between two texts, word by word, and between two branches.
import { diffArrays } from "diff";
import type { Message } from "../transport/api";
import { pathTo } from "../transport/tree";

export interface Piece {
  text: string;
  /** Whether the other text lacks it. */
  own: boolean;
}

const longest = 200_000; // characters of a text
const stretch = 1000; // characters cut into words at once: each word is handed out with a copy of all of them
const patience = 400; // ms: texts that share nearly nothing take long, and their differences say little

/** Both texts in pieces; null if they are too long or too different to be compared. */
export function differences(a: string, b: string): { a: Piece[]; b: Piece[] } | null {
  if (a.length > longest || b.length > longest) return null;
  const changes = diffArrays(words(a), words(b), { timeout: patience });
  if (!changes) return null;
  const out = { a: [] as Piece[], b: [] as Piece[] };
  changes.forEach(({ value, added, removed }, i) => {
    const text = value.join("");
    // A space between two words that differ is no agreement.
    const own = (i > 0 && i < changes.length - 1 && /^[^\S\n]+$/.test(text)) || added === true || removed === true;
    if (!added) put(out.a, text, own);
    if (!removed) put(out.b, text, own);
  });
  return out;
}

const segmenter = typeof Intl.Segmenter === "function" ? new Intl.Segmenter(undefined, { granularity: "word" }) : null;
const unspaced = /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Thai}\p{Script=Khmer}\p{Script=Lao}\p{Script=Myanmar}]/u;
const parts = /\s+|[\p{L}\p{M}\p{N}]+|[^\s\p{L}\p{M}\p{N}]/gu;

/** A text cut into words and what stands between them; in scripts that do not part words, where a dictionary does. */
function words(text: string): string[] {
  return (text.match(parts) ?? []).flatMap((part) => {
    if (!segmenter || !unspaced.test(part)) return [part];
    const found: string[] = [];
    for (let i = 0; i < part.length; i += stretch) for (const s of segmenter.segment(part.slice(i, i + stretch))) found.push(s.segment);
    return found;
  });
}

function put(pieces: Piece[], text: string, own: boolean): void {
  const last = pieces.at(-1);
  if (last && last.own === own) last.text += text;
  else pieces.push({ text, own });
}

/** The share of the two texts that they have in common, 0 to 1. */
export function likeness(d: { a: readonly Piece[]; b: readonly Piece[] }): number {
  const length = (pieces: readonly Piece[], own: boolean) => pieces.reduce((n, p) => n + (p.own === own ? p.text.length : 0), 0);
  const both = length(d.a, false) + length(d.b, false);
  const all = both + length(d.a, true) + length(d.b, true);
  return all === 0 ? 1 : both / all;
}

export interface Pair {
  a: Message | null;
  b: Message | null;
}

/** Two branches beside each other, from where they part. */
export function partings(messages: readonly Message[], a: string, b: string): { shared: number; pairs: Pair[] } {
  const left = pathTo(messages, a);
  const right = pathTo(messages, b);
  let shared = 0;
  while (shared < left.length && left[shared]!.id === right[shared]?.id) shared++;
  const pairs: Pair[] = [];
  for (let i = shared; i < Math.max(left.length, right.length); i++) pairs.push({ a: left[i] ?? null, b: right[i] ?? null });
  return { shared, pairs };
}
