// The places of documents that an answer or a search leads to.
import type { Doc, Evidence, Passage } from "../transport/api";

/** Bytes of a page's text. */
export interface Range {
  start: number;
  end: number;
}

export interface Place extends Range {
  /** By which the answer calls it; 0: it has no number. */
  n: number;
  /** Of the sentence that cites it; -1: none does. */
  sentence: number;
  document: string;
  name: string;
  page: number;
  label: string;
  endPage: number;
  heading: readonly string[];
  /** What suits the sentence best; empty where that is not known. */
  quotes: readonly Range[];
  /** The same in words. */
  words: string;
}

const utf8 = new TextEncoder();
const utf16 = new TextDecoder();
const bytesOf = (text: string, start: number, end: number): string => utf16.decode(utf8.encode(text).subarray(start, end));

export function placeOf(p: Passage, sentence = -1, quotes: Evidence["sentences"][number]["quotes"] = []): Place {
  const own = quotes.filter((q) => q.n === p.n && q.end > q.start);
  return {
    n: p.n, sentence, document: p.document, name: p.name, page: p.page, label: p.label, start: p.start, end: p.end, endPage: p.endPage || p.page, heading: p.heading,
    quotes: own.filter((q) => q.pageEnd > q.pageStart).map((q) => ({ start: q.pageStart, end: q.pageEnd })),
    words: own.map((q) => bytesOf(p.text, q.start, q.end).replace(/\s+/g, " ").trim()).join(" … "),
  };
}

/** All citations of an answer, in its order. */
export function citationsOf(e: Evidence): Place[] {
  const passages = new Map(e.passages.map((p) => [p.n, p]));
  return e.sentences.flatMap((s, i) => s.cites.flatMap((n) => (passages.has(n) ? [placeOf(passages.get(n)!, i, s.quotes)] : [])));
}

/** The citation that was chosen among all of the answer: which they are, and which of them it is. */
export function citationAt(e: Evidence, n: number, sentence: number): { places: Place[]; at: number } {
  const places = citationsOf(e);
  const exact = places.findIndex((p) => p.n === n && p.sentence === sentence);
  if (exact >= 0) return { places, at: exact };
  const passage = e.passages.find((p) => p.n === n);
  if (!passage) return { places, at: 0 };
  return { places: [placeOf(passage, sentence), ...places], at: 0 };
}

/** What a passage's part on a page is; whole pages between its first and last one. */
export function rangeOn(p: Place, page: number, length: number): Range | null {
  if (page < p.page || page > p.endPage) return null;
  return { start: page === p.page ? p.start : 0, end: page === p.endPage ? p.end : length };
}

export const hasPictures = (d: Doc | undefined): boolean => d !== undefined && !d.missing && (d.receipt.kind === "pdf" || d.receipt.kind === "image");
