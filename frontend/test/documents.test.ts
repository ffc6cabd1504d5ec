import { describe, expect, it } from "vitest";
import { annotate, claimsOf, claimsWithin, markersIn, type Claim } from "../src/chat/annotate";
import { listed } from "../src/documents/listed";
import { cut } from "../src/documents/pages";
import { citationAt, citationsOf, placeOf, rangeOn } from "../src/documents/places";
import { filesOf } from "../src/documents/dropped";
import type { Doc, Evidence, Passage, Sentence } from "../src/transport/api";
import { fromBytes } from "../src/transport/offsets";
import { emptyCache, gotCollection, gotDocEvents, gotLibrary, gotMap, gotMessage, gotTokens, lostCollection, type Cache } from "../src/transport/reduce";
import { href, parse } from "../src/ui/route";

const utf8 = new TextEncoder();
const bytes = (text: string) => utf8.encode(text).length;

describe("places in bytes", () => {
  it("become places in a string, in any order, at any character", () => {
    const text = "a£€𝄞z";
    expect(fromBytes(text, [0, 1, 3, 6, 10, 11])).toEqual([0, 1, 2, 3, 5, 6]);
    expect(fromBytes(text, [10, 1, 6, 1])).toEqual([5, 1, 3, 1]);
  });
  it("within a character are its beginning, and beyond the text its end", () => {
    expect(fromBytes("€x", [1, 2, 99])).toEqual([0, 0, 2]);
    expect(fromBytes("", [0, 5])).toEqual([0, 0]);
  });
});

describe("markers", () => {
  const known = new Set([1, 2, 3, 4]);
  it.each([
    ["so [1].", [[1]]],
    ["so [1, 2] and [3][4]", [[1, 2], [3], [4]]],
    ["ranges [1-3]", [[1, 2, 3]]],
    ["【2】 [^3] [passage 4] [Quelle 1]", [[2], [3], [4], [1]]],
    ["unknown [9] and [0], half known [2, 9]", [[2]]],
    ["none [a] (1) [1.5] [] [x1]", []],
  ])("%s", (text, numbers) => {
    expect(markersIn(text, known).map((m) => m.numbers)).toEqual(numbers);
  });
});

const passage = (n: number, more: Partial<Passage> = {}): Passage => ({
  n, chunk: n, document: "d", name: "d.pdf", page: 2, label: "", start: 10, end: 60, endPage: 2, heading: [], text: `text ${n}`,
  scores: { words: 0, wordsRank: 0, vector: 0, vectorRank: 0, fused: 0, rerank: 0, rerankRank: 0, terms: [] }, ...more,
});
const evidence = (answer: string, sentences: [string, Partial<Sentence>][], passages = [passage(1), passage(2)]): Evidence => ({
  route: "search", chosen: false, why: "", passages, query: null, absent: false, read: 2, of: 2, leftOut: [],
  budget: { limit: 0, system: 0, documents: 0, history: 0, question: 0, answer: 0 }, took: { route: 0, search: 0, map: 0, query: 0, generate: 0, check: 0 },
  sentences: sentences.map(([text, s]) => {
    const at = answer.indexOf(text);
    return { start: bytes(answer.slice(0, at)), end: bytes(answer.slice(0, at + text.length)), cites: [], verdict: "supported", score: 1, quotes: [], ...s };
  }),
});

interface Tree {
  type: string;
  value?: string;
  tagName?: string;
  properties?: Record<string, unknown>;
  children?: Tree[];
  position?: { start: { offset?: number }; end: { offset?: number } };
}
const words = { weak: "w", weakSpoken: "(w)", unsupported: "u", unsupportedSpoken: "(u)" };

/** The tree as a line of text: {…} is a marked sentence, <2> a button, <+2> one that was added. */
function shown(tree: Tree): string {
  if (tree.type === "text") return tree.value!;
  const inner = (tree.children ?? []).map(shown).join("");
  if (tree.tagName === "cite-mark") return `<${tree.properties!.added ? "+" : ""}${String(tree.properties!.n)}>`;
  return (tree.properties?.className as string[] | undefined)?.includes("claim") ? `{${inner}}` : inner;
}

/** A paragraph whose texts stand at these places of the source; others are told apart by a tag. */
function paragraph(source: string, parts: (string | [tag: string, text: string])[]): Tree {
  let at = 0;
  const leaf = (value: string): Tree => {
    const start = source.indexOf(value.slice(0, 3), at);
    at = start + value.length;
    return { type: "text", value, position: { start: { offset: start }, end: { offset: at } } };
  };
  const children = parts.map((p): Tree => (typeof p === "string" ? leaf(p) : { type: "element", tagName: p[0], children: [leaf(p[1])] }));
  return { type: "root", children: [{ type: "element", tagName: "p", children }] };
}

function annotated(source: string, tree: Tree, sentences: [string, Partial<Sentence>][]): string {
  const claims: Claim[] = claimsOf(source, evidence(source, sentences));
  annotate(source, claims, new Set([1, 2]), words)()(tree);
  return shown(tree);
}

describe("an answer's sentences", () => {
  it("get buttons for their markers and a mark where nothing bears them out", () => {
    const text = "It is so [1]. It is not so. Perhaps [2].";
    expect(annotated(text, paragraph(text, [text]), [["It is so [1].", { cites: [1] }], ["It is not so.", { verdict: "unsupported" }], ["Perhaps [2].", { verdict: "weak", cites: [2] }]])).toBe(
      "It is so.<1> {It is not so.(u)} {Perhaps.<2>(w)}",
    );
  });
  it("get buttons for what bears them out though they do not say so", () => {
    const text = "One thing [1]. Another thing.";
    expect(annotated(text, paragraph(text, [text]), [["One thing [1].", { cites: [1, 2] }], ["Another thing.", { cites: [2] }]])).toBe("One thing.<1><+2> Another thing.<+2>");
  });
  it("have the buttons of neighbouring markers behind their point, each once", () => {
    const text = "So [1] [2][1]. Or [1]-like [2], then.";
    expect(annotated(text, paragraph(text, [text]), [])).toBe("So.<1><2> Or<1>-like,<2> then.");
  });
  it("may run through emphasis", () => {
    const text = "A **bold** claim. Next.";
    expect(annotated(text, paragraph(text, ["A ", ["strong", "bold"], " claim. Next."]), [["A **bold** claim.", { verdict: "unsupported", cites: [2] }]])).toBe("{A} {bold}{ claim.<+2>(u)} Next.");
  });
  it("leave code and links alone", () => {
    const text = "See `[1]` and [x [2]](http://e).";
    expect(annotated(text, paragraph(text, ["See ", ["code", "[1]"], " and ", ["a", "x [2]"], "."]), [])).toBe("See [1] and x [2].");
  });
  it("are found behind characters of several bytes, escapes and indentation", () => {
    const text = "Über 1 € \\* viel.\n   Nicht so [1].";
    const tree = paragraph(text, ["Über 1 € * viel.\nNicht so [1]."]);
    tree.children![0]!.children![0]!.position = { start: { offset: 0 }, end: { offset: text.length } };
    expect(annotated(text, tree, [["Nicht so [1].", { verdict: "unsupported", cites: [1] }]])).toBe("Über 1 € * viel.\n{Nicht so.<1>(u)}");
  });
  it("are counted from the beginning of their block", () => {
    const all: Claim[] = [{ index: 0, start: 0, end: 5, verdict: "none", added: [] }, { index: 1, start: 8, end: 12, verdict: "weak", added: [] }];
    expect(claimsWithin(all, 7, 20)).toEqual([{ index: 1, start: 1, end: 5, verdict: "weak", added: [] }]);
  });
});

describe("places that citations lead to", () => {
  const e = evidence("a. b.", [
    ["a.", { cites: [1, 2], quotes: [{ n: 2, start: 0, end: 4, pageStart: 12, pageEnd: 16 }] }],
    ["b.", { cites: [2, 7] }],
  ]);
  it("come in the answer's order, with the words that suit the sentence", () => {
    expect(citationsOf(e).map((p) => [p.n, p.sentence, p.words, p.quotes])).toEqual([[1, 0, "", []], [2, 0, "text", [{ start: 12, end: 16 }]], [2, 1, "", []]]);
  });
  it("open at the one that was chosen, even if no sentence has it", () => {
    expect(citationAt(e, 2, 1).at).toBe(2);
    expect(citationAt(e, 2, -1)).toMatchObject({ at: 0, places: [{ n: 2, sentence: -1 }, {}, {}, {}] });
  });
  it("run over pages", () => {
    const p = placeOf(passage(1, { page: 2, endPage: 4, start: 50, end: 9 }));
    expect([1, 2, 3, 4, 5].map((page) => rangeOn(p, page, 100))).toEqual([null, { start: 50, end: 100 }, { start: 0, end: 100 }, { start: 0, end: 9 }, null]);
  });
  it("are marked in a page's text, the words within the passage", () => {
    expect(cut("xä passage with words, end", { passage: { start: 4, end: 23 }, quotes: [{ start: 17, end: 22 }] })).toEqual([
      { text: "xä ", as: "" },
      { text: "passage with ", as: "passage-mark" },
      { text: "words", as: "quote-mark" },
      { text: ",", as: "passage-mark" },
      { text: " end", as: "" },
    ]);
    expect(cut("plain", { passage: null, quotes: [] })).toEqual([{ text: "plain", as: "" }]);
    expect(cut("", { passage: null, quotes: [] })).toEqual([]);
  });
});

const doc = (id: string, more: Partial<Doc> = {}): Doc => ({ id, name: `${id}.pdf`, title: "", state: "ready", addedAt: 0, collections: [], ...more }) as Doc;
const after = (cache: Cache, ...changes: ((c: Cache) => Partial<Cache>)[]): Cache => changes.reduce((c, change) => ({ ...c, ...change(c) }), cache);

describe("what the program tells of documents", () => {
  const progress = (id: string, state: Doc["state"], done: number) => ({ document: id, state, done, total: 9, unit: "page" });

  it("keeps how far each is, until its state changes", () => {
    const c = after(emptyCache, (x) => gotDocEvents(x, [{ doc: doc("a", { state: "reading" }) }, { progress: progress("a", "reading", 3) }, { progress: progress("gone", "reading", 1) }]));
    expect(c.progress).toEqual({ a: progress("a", "reading", 3) });
    expect(after(c, (x) => gotDocEvents(x, [{ doc: doc("a", { state: "embedding" }) }])).progress).toEqual({});
    expect(after(c, (x) => gotDocEvents(x, [{ doc: doc("a", { state: "paused" }) }, { progress: progress("a", "reading", 4) }])).progress).toEqual({});
  });
  it("forgets what was removed", () => {
    const c = after(emptyCache, (x) => gotDocEvents(x, [{ doc: doc("a", { state: "reading" }) }, { progress: progress("a", "reading", 3) }, { removed: "a" }]));
    expect([c.documents, c.progress]).toEqual([{}, {}]);
  });
  it("sorts collections and takes them from their documents when they go", () => {
    const set = (id: string, name: string) => ({ id, name, folder: "", documents: 1, createdAt: 0 });
    const c = after(emptyCache, (x) => gotLibrary(x, { folders: [], documents: [doc("a", { collections: ["2", "1"] })], collections: [set("1", "Zoo")] }), (x) => gotCollection(x, set("2", "Ark")), (x) => gotCollection(x, set("1", "Alder")));
    expect(c.collections.map((s) => s.name)).toEqual(["Alder", "Ark"]);
    const less = after(c, (x) => lostCollection(x, "2"));
    expect([less.collections.map((s) => s.id), less.documents.a!.collections]).toEqual([["1"], ["1"]]);
  });
  it("shows how far all parts are read, until the answer begins", () => {
    const m = { id: "m", chatId: "c", parentId: "", role: "assistant", content: "", thinking: "", model: "", status: "streaming", error: "", stopReason: "", leftOut: 0, timings: null, createdAt: 0 } as const;
    const c = after(emptyCache, (x) => gotMessage(x, m), (x) => gotMap(x, { chatId: "c", messageId: "m", done: 1, total: 4 }));
    expect(c.live.m!.map).toEqual({ done: 1, total: 4 });
    const begun = after(c, (x) => gotTokens(x, [{ chatId: "c", messageId: "m", text: "a", thinking: false, tokens: 1, perSecond: 1 }], 0));
    expect(begun.live.m!.map).toBeNull();
    expect(gotMap(begun, { chatId: "c", messageId: "m", done: 2, total: 4 })).toEqual({});
    expect(gotMap(begun, { chatId: "c", messageId: "other", done: 2, total: 4 })).toEqual({});
  });
});

describe("the list of documents", () => {
  const all = { a: doc("a", { addedAt: 1, collections: ["s"] }), b: doc("b", { addedAt: 2, title: "Über Häuser" }), c: doc("c", { addedAt: 2 }) };
  const ids = (f: Partial<Parameters<typeof listed>[1]>) => listed(all, { query: "", leaving: [], ...f }).map((d) => d.id);
  it("is newest first, filtered by name, title and collection, without what is being removed", () => {
    expect(ids({})).toEqual(["b", "c", "a"]);
    expect(ids({ query: " HÄUSER " })).toEqual(["b"]);
    expect(ids({ collection: "s" })).toEqual(["a"]);
    expect(ids({ leaving: ["c"] })).toEqual(["b", "a"]);
  });
  it("has an address for each collection", () => {
    for (const route of [{ page: "documents", collection: "" }, { page: "documents", collection: "a b/c" }] as const) expect(parse(href(route))).toEqual(route);
  });
});

describe("dropped files", () => {
  const file = (name: string) => new File(["x"], name);
  const entry = (f: File) => ({ isFile: true, name: f.name, file: (done: (f: File) => void) => done(f) });
  const folder = (name: string, parts: unknown[][]) => ({ isFile: false, name, createReader: () => ({ readEntries: (done: (e: unknown[]) => void) => done(parts.shift() ?? []) }) });
  const drop = (entries: unknown[]) => ({ items: entries.map((e) => ({ kind: "file", webkitGetAsEntry: () => e, getAsFile: () => null })), files: [] }) as unknown as DataTransfer;

  it("are found in folders, which give their entries in parts; hidden ones are left", async () => {
    const tree = folder("top", [[entry(file("a")), entry(file(".hidden"))], [folder("in", [[entry(file("b"))]])]]);
    expect((await filesOf(drop([entry(file("z")), tree]))).map((f) => f.name)).toEqual(["z", "a", "b"]);
  });
  it("are taken as they are where there are no entries", async () => {
    const files = [file("a")];
    expect(await filesOf({ items: [{ kind: "file", getAsFile: () => files[0] }], files } as unknown as DataTransfer)).toEqual(files);
    expect(await filesOf(null)).toEqual([]);
  });
});
