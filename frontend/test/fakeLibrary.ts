// The stand-in's documents: a few files of several kinds in every state, pages
// that can be drawn, and answers whose sentences were checked.
import { deflateSync } from "node:zlib";
import type * as api from "../src/transport/api";

type Emit = (name: string, data: unknown) => void;

const day = 86_400_000;
const utf8 = new TextEncoder();
const bytes = (text: string) => utf8.encode(text).length;

const leasePages = [
  `LEASE OF THE FLAT KNOWN AS 14B HARROW WALK

This lease is made on 25 March 1998 between Alder Estates Limited
(the “Landlord”) and Ms Ada Whitcombe (the “Tenant”).

1. Term
The term is ninety-nine years from 25 March 1998. It ends on
24 March 2097 unless it is ended earlier under clause 7.

2. Ground rent
The Tenant pays a ground rent of £250 a year, in advance on 25 March.
It doubles every twenty-five years.`,
  `3. Repairs
The Tenant keeps the inside of the flat, its windows and its doors in
good repair. The Landlord keeps the roof, the outside walls and the
common parts in repair and may recover the cost under clause 4.

4. Service charge
The Tenant pays 12.5 % of what the Landlord spends on the building.
Accounts are sent by 30 June, certified by an independent accountant.
Sums over £1,000 for a single work need one month’s notice.`,
  `5. Alterations
No structural alteration without the Landlord’s written consent, which
is not unreasonably withheld.

6. Pets
One cat or small dog may be kept while it causes no nuisance.`,
];

const minutes = ["Minutes of the residents’ meeting, 9 May\n\nThe lift was repaired in April for £3,420. Mr Okafor asked why no\nnotice had been given. The agent will answer by post.\n\nThe roof will be looked at in autumn."];

const receipt = (r: Partial<api.Receipt> & Pick<api.Receipt, "kind">): api.Receipt => ({
  file: "", size: 84_000, status: "read", unit: "page", pages: 1, pages_total: 1, characters: 900, words: 150, tables: 0, images: 0, skipped: [], warnings: [], took_ms: 41, ...r,
});

const doc = (d: Partial<api.Doc> & Pick<api.Doc, "id" | "name" | "receipt">): api.Doc => ({
  path: `/home/ada/Flat/${d.name}`, folder: "", state: "ready", title: "", tokens: 240, chunks: 4, vectors: 4, sheets: [], missing: false, addedAt: Date.now() - day, indexedAt: Date.now() - day,
  modifiedAt: Date.now() - 40 * day, collections: [], ...d,
});

const scores = (s: Partial<api.Passage["scores"]>): api.Passage["scores"] => ({ words: 0, wordsRank: 0, vector: 0, vectorRank: 0, fused: 0.016, rerank: 0, rerankRank: 0, terms: [], ...s });

/** A passage out of a page, by its first and last words. */
function passage(n: number, d: api.Doc, page: number, text: string, from: string, to: string, heading: string[], s: Partial<api.Passage["scores"]> = {}): api.Passage {
  const start = text.indexOf(from);
  const end = text.indexOf(to, start) + to.length;
  return {
    n, chunk: page * 10 + n, document: d.id, name: d.name, page, label: "", start: bytes(text.slice(0, start)), end: bytes(text.slice(0, end)), endPage: page, heading, text: text.slice(start, end), scores: scores(s),
  };
}

export const citedAnswer = `Under your lease, **you** keep the inside of the flat, its windows and its doors in good repair [1]. The landlord looks after the roof and the outside walls, and passes the cost on to you [1, 2].

- Your share is 12.5 % of what is spent on the building.
- Large works need one month’s notice [2].
- You can always refuse to pay for the lift.

The lift was repaired in April for £3,420 [3].`;

export class FakeLibrary {
  docs = new Map<string, api.Doc>();
  sets = new Map<string, api.Collection>();
  private timers = new Set<ReturnType<typeof setInterval>>();
  private added = 0;
  protected libraryPace = 16;

  constructor(public emit: Emit) {}

  protected seedLibrary(): void {
    const all = [
      doc({ id: "lease", name: "lease-14b.pdf", title: "Lease of the flat known as 14B Harrow Walk", receipt: receipt({ kind: "pdf", pages: 3, pages_total: 3, characters: 1_240, size: 212_000 }), tokens: 318, chunks: 6, vectors: 6, collections: ["flat"] }),
      doc({ id: "minutes", name: "minutes-may.docx", receipt: receipt({ kind: "docx", unit: "part", images: 2, skipped: [{ what: "image", why: "it holds no text", count: 2, minor: true }] }), collections: ["flat"] }),
      doc({
        id: "charges", name: "service-charges.xlsx", receipt: receipt({ kind: "xlsx", unit: "sheet", pages: 2, pages_total: 2, tables: 2, characters: 8_900 }), tokens: 2_900, chunks: 21, vectors: 21,
        sheets: [{ name: "2024", table: "charges_2024", rows: 61, columns: [{ name: "Date", column: "date", type: "DATE", unit: "" }, { name: "What for", column: "what_for", type: "TEXT", unit: "" }, { name: "Amount", column: "amount", type: "REAL", unit: "£" }] }],
      }),
      doc({
        id: "scan", name: "letters-scanned.pdf",
        receipt: receipt({ kind: "pdf", status: "partial", pages: 9, pages_total: 12, recognised: 7, characters: 11_020, skipped: [{ what: "page", where: "pages 4, 8 and 11", why: "they are pictures, and no text was recognised on them", count: 3 }], warnings: ["text recognition took German and English for its languages"] }),
        vectors: 0, chunks: 30, tokens: 2_410,
      }),
      doc({ id: "locked", name: "accounts-2023.pdf", state: "failed", chunks: 0, vectors: 0, tokens: 0, receipt: receipt({ kind: "pdf", status: "unread", problem: "password", error: "it is protected with a password; save a copy without one and drop that", pages: 0, pages_total: 0, characters: 0 }) }),
      doc({ id: "gone", name: "survey.odt", missing: true, receipt: receipt({ kind: "odt", unit: "part", pages: 4, pages_total: 4, characters: 7_700 }) }),
      doc({ id: "handbook", name: "building-handbook.epub", state: "paused", chunks: 0, vectors: 0, receipt: receipt({ kind: "epub", status: "", unit: "chapter", pages: 0, pages_total: 0, characters: 0 }) }),
    ];
    for (const [i, d] of all.entries()) this.docs.set(d.id, { ...d, addedAt: Date.now() - day - i * 60_000 });
    this.sets.set("flat", { id: "flat", name: "The flat", folder: "", documents: 2, createdAt: Date.now() - day });
    this.sets.set("papers", { id: "papers", name: "Papers", folder: "/home/ada/Papers", documents: 0, createdAt: Date.now() - day });
  }

  protected closeLibrary(): void {
    for (const timer of this.timers) clearInterval(timer);
  }

  private tell(id: string): void {
    this.emit("document", this.docs.get(id));
  }
  private count(): void {
    for (const c of this.sets.values()) {
      c.documents = [...this.docs.values()].filter((d) => d.collections.includes(c.id)).length;
      this.emit("collection", c);
    }
  }

  Documents = () => [...this.docs.values()];
  Collections = () => [...this.sets.values()];
  AddDocuments(paths: string[], collection: string): api.Doc[] {
    const made = paths.map((path) => {
      if (path.includes("missing")) throw new Error(`add ${path}: no such file or directory`);
      const name = path.split("/").at(-1)!;
      const known = [...this.docs.values()].find((d) => d.name === name);
      const d = known ?? doc({ id: `added-${++this.added}`, name, path, state: "queued", chunks: 0, vectors: 0, tokens: 0, addedAt: Date.now(), receipt: receipt({ kind: name.endsWith(".pdf") ? "pdf" : "text", status: "", pages: 0, pages_total: 0, characters: 0 }) });
      if (collection && !d.collections.includes(collection)) d.collections = [...d.collections, collection];
      this.docs.set(d.id, d);
      if (!known) this.read(d.id);
      return d;
    });
    this.count();
    return made;
  }
  /** Reads a document step by step, as far as it is not paused. */
  private read(id: string): void {
    let done = 0;
    const timer = setInterval(() => {
      const d = this.docs.get(id);
      if (!d || d.state === "paused") return;
      if (done === 0) this.state(id, "reading");
      else if (done < 6) this.emit("documentProgress", { document: id, state: "reading", done, total: 6, unit: "page" });
      else if (done === 6) {
        this.docs.set(id, { ...d, state: "embedding", tokens: 1_204, chunks: 9, receipt: { ...d.receipt, status: "read", pages: 6, pages_total: 6, characters: 5_310 } });
        this.tell(id);
      } else if (done < 10) this.emit("documentProgress", { document: id, state: "embedding", done: (done - 6) * 2, total: 9, unit: "chunk" });
      else {
        this.docs.set(id, { ...d, state: "ready", vectors: 9 });
        this.tell(id);
        clearInterval(timer);
        this.timers.delete(timer);
      }
      done++;
    }, this.libraryPace * 8);
    this.timers.add(timer);
  }
  RemoveDocuments(ids: string[]) {
    for (const id of ids) {
      this.docs.delete(id);
      this.emit("documentRemoved", { id });
    }
    this.count();
  }
  private state(id: string, state: api.DocState) {
    this.docs.set(id, { ...this.docs.get(id)!, state });
    this.tell(id);
  }
  PauseDocument = (id: string) => this.state(id, "paused");
  ResumeDocument(id: string) {
    this.state(id, "queued");
    if (!id.startsWith("added")) this.read(id);
  }
  RetryDocument(id: string) {
    const d = this.docs.get(id)!;
    if (d.missing) throw new Error(`${d.name} is no longer where it was; drop it on the window from where it is now`);
    this.state(id, "queued");
    this.read(id);
  }
  CreateCollection(name: string, folder: string): api.Collection {
    if (folder && !folder.startsWith("/")) throw new Error(`${folder}: give the whole path, from / on`);
    const c = { id: `set-${this.sets.size}`, name, folder, documents: 0, createdAt: Date.now() };
    this.sets.set(c.id, c);
    return c;
  }
  RenameCollection(id: string, name: string): api.Collection {
    const c = { ...this.sets.get(id)!, name };
    this.sets.set(id, c);
    return c;
  }
  DeleteCollection(id: string) {
    this.sets.delete(id);
    for (const d of this.docs.values()) d.collections = d.collections.filter((c) => c !== id);
    this.emit("collectionRemoved", { id });
  }
  SetCollectionDocuments(id: string, ids: string[]) {
    for (const d of this.docs.values()) {
      const others = d.collections.filter((c) => c !== id);
      d.collections = ids.includes(d.id) ? [...others, id] : others;
    }
    this.count();
  }

  private text(id: string, page: number): string {
    return (id === "lease" ? leasePages : minutes)[page - 1] ?? `Page ${page} of a made-up document.`;
  }
  DocumentPages = (id: string): api.PageInfo[] =>
    (id === "lease" ? leasePages : minutes).map((text, i) => ({ number: i + 1, label: "", width: id === "lease" ? 595 : 0, height: id === "lease" ? 842 : 0, characters: text.length }));
  DocumentPage = (id: string, page: number): api.PageText => ({ number: page, label: "", text: this.text(id, page), width: 595, height: 842 });
  PageImage(id: string, page: number, dpi: number): api.PageImage {
    if (this.docs.get(id)?.receipt.kind !== "pdf") throw new Error("this kind of file has no pictures of its pages");
    const scale = dpi / 72;
    return { png: picture(this.text(id, page), scale), width: Math.round(595 * scale), height: Math.round(842 * scale), scale };
  }
  PageHighlight(id: string, page: number, start: number, end: number): api.Box[] {
    const boxes: api.Box[] = [];
    let at = 0;
    for (const [row, line] of this.text(id, page).split("\n").entries()) {
      const from = Math.max(start - at, 0);
      const to = Math.min(end - at, bytes(line));
      if (to > from) boxes.push([margin + from * advance, margin + row * leading, margin + to * advance, margin + row * leading + 11]);
      at += bytes(line) + 1;
    }
    return boxes;
  }

  private passages(): api.Passage[] {
    const lease = this.docs.get("lease");
    const meeting = this.docs.get("minutes");
    if (!lease || !meeting) return [];
    return [
      passage(1, lease, 2, leasePages[1]!, "3. Repairs", "under clause 4.", ["Lease of the flat", "Repairs"], { words: 8.42, wordsRank: 1, vector: 0.713, vectorRank: 1, fused: 0.0328, terms: ["repair", "landlord"] }),
      passage(2, lease, 2, leasePages[1]!, "4. Service charge", "month’s notice.", ["Lease of the flat", "Service charge"], { words: 3.1, wordsRank: 4, vector: 0.655, vectorRank: 2, fused: 0.0317, terms: ["landlord"] }),
      passage(3, meeting, 1, minutes[0]!, "The lift was", "by post.", ["Minutes"], { vector: 0.502, vectorRank: 3, fused: 0.0159 }),
    ];
  }
  Inspect(query: string): api.Passage[] {
    if (/unicorn/i.test(query)) return [];
    return this.passages();
  }
  Neighbours(chunk: number): api.Passage[] {
    const all = this.passages();
    const own = all.find((p) => p.chunk === chunk);
    return own ? all.filter((p) => p.document === own.document) : [];
  }
  ChooseFolder = () => "/home/ada/Papers";

  /** What an answer from documents would be, by what was asked. */
  protected grounded(question: string, sources: api.Sources): { answer: string; evidence: api.Evidence; parts: number } {
    const base: api.Evidence = {
      route: sources.route || "search", chosen: sources.route !== "", why: sources.route ? "you chose this way" : "the question looks something up", passages: this.passages(), query: null, sentences: [], absent: false, read: 3, of: 34, leftOut: [],
      budget: { limit: 8192, system: 40, documents: 1_212, history: 120, question: 14, answer: 1024 }, took: { route: 0.2, search: 18.4, map: 0, query: 0, generate: 2_310, check: 44 },
    };
    if (/unicorn/i.test(question)) {
      const answer = "The documents do not say anything about unicorns.";
      return { answer, parts: 0, evidence: { ...base, absent: true, passages: base.passages.slice(0, 2), sentences: checked(answer, [[answer, [], "none"]], []) } };
    }
    if (/how much|\btotal\b|\bsum\b/i.test(question)) {
      const answer = "| What for | Amount (£) |\n|---|---|\n| Roof | £9,120.00 |\n| Cleaning | £4,212.60 |\n| Lift | £3,420.00 |\n| Insurance | £1,462.00 |\n";
      return {
        answer, parts: 0,
        evidence: {
          ...base, route: "sql", why: "a sum over the sheet 2024", passages: [], read: 0, of: 0,
          query: { sql: "SELECT what_for, SUM(amount) AS amount\nFROM charges_2024\nGROUP BY what_for\nORDER BY amount DESC", by: "rules", columns: ["What for", "Amount (£)"], rows: [["Roof", "9,120.00"], ["Cleaning", "4,212.60"], ["Lift", "3,420.00"], ["Insurance", "1,462.00"]], total: 4, error: "" },
          sentences: checked(answer, [[answer, [], "supported"]], []), took: { route: 0.2, search: 0, map: 0, query: 3.1, generate: 0, check: 0 },
        },
      };
    }
    const map = /summar/i.test(question) || sources.route === "map";
    return {
      answer: citedAnswer, parts: map ? 6 : 0,
      evidence: {
        ...base, route: map ? "map" : base.route, read: map ? 34 : 3, leftOut: ["letters-scanned.pdf: 3 pages were not read: they are pictures, and no text was recognised on them"],
        sentences: checked(
          citedAnswer,
          [
            ["Under your lease, **you** keep the inside of the flat, its windows and its doors in good repair [1].", [1], "supported", "keeps the inside of the flat, its windows and its doors in\ngood repair"],
            ["The landlord looks after the roof and the outside walls, and passes the cost on to you [1, 2].", [1, 2], "weak", "The Landlord keeps the roof, the outside walls"],
            ["Your share is 12.5 % of what is spent on the building.", [2], "supported", "pays 12.5 % of what the Landlord spends"],
            ["Large works need one month’s notice [2].", [2], "supported", "need one month’s notice"],
            ["You can always refuse to pay for the lift.", [], "unsupported"],
            ["The lift was repaired in April for £3,420 [3].", [3], "supported", "The lift was repaired in April for £3,420."],
          ],
          base.passages,
        ),
      },
    };
  }

  /** An answer written down, in a format. */
  ExportAnswer(_chatId: string, _messageId: string, format: string): api.Exported {
    if (format === "pdf") return { name: "answer.pdf", path: "", fetch: "", type: "application/pdf", data: btoa("%PDF-1.7") };
    return { name: "answer.md", path: "", fetch: "", type: "text/markdown", data: btoa("# Answer\n") };
  }
}

type Checked = [text: string, cites: number[], verdict: api.SentenceVerdict, quote?: string];

function checked(answer: string, sentences: Checked[], passages: api.Passage[]): api.Sentence[] {
  return sentences.map(([text, cites, verdict, quote]) => {
    const at = answer.indexOf(text);
    const quotes = cites.flatMap((n) => {
      const p = passages.find((other) => other.n === n);
      const start = quote && p ? p.text.indexOf(quote) : -1;
      if (!p || start < 0) return [];
      const [from, to] = [bytes(p.text.slice(0, start)), bytes(p.text.slice(0, start + quote!.length))];
      return [{ n, start: from, end: to, pageStart: p.start + from, pageEnd: p.start + to }];
    });
    return { start: bytes(answer.slice(0, at)), end: bytes(answer.slice(0, at + text.length)), cites, verdict, score: verdict === "supported" ? 0.86 : 0.31, quotes };
  });
}

const margin = 64;
const leading = 19;
const advance = 6.4; // points of a byte of text

/** A page as grey words on white, as a PNG. */
function picture(text: string, scale: number): string {
  const width = Math.round(595 * scale);
  const height = Math.round(842 * scale);
  const raw = new Uint8Array((width + 1) * height).fill(255);
  for (let y = 0; y < height; y++) raw[y * (width + 1)] = 0;
  for (const [row, line] of text.split("\n").entries()) {
    for (const word of line.matchAll(/\S+/g)) {
      const left = margin + bytes(line.slice(0, word.index)) * advance;
      const right = left + bytes(word[0]) * advance - 1.5;
      const top = margin + row * leading + 2;
      for (let y = Math.round(top * scale); y < (top + 7) * scale; y++) raw.fill(70, y * (width + 1) + 1 + Math.round(left * scale), y * (width + 1) + 1 + Math.round(Math.min(right, 580) * scale));
    }
  }
  const header = new Uint8Array(13);
  const view = new DataView(header.buffer);
  view.setUint32(0, width);
  view.setUint32(4, height);
  header.set([8, 0, 0, 0, 0], 8);
  const parts = [Buffer.from([0x89, 0x50, 0x4e, 0x47, 13, 10, 26, 10]), chunk("IHDR", header), chunk("IDAT", deflateSync(raw)), chunk("IEND", new Uint8Array())];
  return Buffer.concat(parts).toString("base64");
}

function chunk(type: string, data: Uint8Array): Buffer {
  const body = Buffer.concat([Buffer.from(type, "latin1"), data]);
  const length = Buffer.alloc(4);
  length.writeUInt32BE(data.length);
  const sum = Buffer.alloc(4);
  sum.writeUInt32BE(crc(body));
  return Buffer.concat([length, body, sum]);
}

function crc(data: Uint8Array): number {
  let c = ~0;
  for (const byte of data) {
    c ^= byte;
    for (let k = 0; k < 8; k++) c = c & 1 ? (c >>> 1) ^ 0xedb88320 : c >>> 1;
  }
  return ~c >>> 0;
}
