// A stand-in for the program, for developing the interface and for its tests:
// the same methods and events, answers made up. It never reaches a release.
import type * as api from "../src/transport/api";
import { comparing } from "./fakeCompare";
import { FakeLibrary } from "./fakeLibrary";

type Emit = (name: string, data: unknown) => void;

const day = 86_400_000;

const sampling: api.Sampling = {
  temperature: 0.7, topK: 40, topP: 0.95, minP: 0.05, typicalP: 1, repeatPenalty: 1, frequencyPenalty: 0, presencePenalty: 0, seed: 0, maxTokens: 0, stop: [],
};

const model = (m: Partial<api.Model> & Pick<api.Model, "ref" | "name">): api.Model => ({
  digest: "", architecture: "llama", quant: "Q4_1", path: `/home/ada/.local/share/freehold/blobs/${m.ref}`, licence: "Apache-2.0", source: "import", sizeBytes: 98_000_000,
  parameters: 134_515_008, contextLength: 8192, starter: false, embeds: false, tool: "", external: false, loaded: false, addedAt: Date.now() - 3 * day, problem: "", ...m,
});

export const sampleAnswer = `A **freehold** is land you own outright; a *leasehold* is land you hold for a term of years.

## The differences that matter

| | Freehold | Leasehold |
|---|---|---|
| Term | without end | fixed, often 99 or 125 years |
| Ground rent | none | usually yearly |
| Alterations | yours to decide | often need consent |
| Repairs | your own duty | shared through a service charge |

Three things to check before you sign:

1. The **remaining term**. Below 80 years an extension gets dear.
2. Who sets the \`service charge\`, and how it is audited.

   Ask for the last three years of accounts.
3. Any restrictive covenants on the title.

A rough sum of what a lease costs over its term:

\`\`\`python
def total_cost(ground_rent: float, charge: float, years: int, growth: float = 0.03) -> float:
    """Sum of yearly payments that grow at a fixed rate."""
    total = 0.0
    for year in range(years):
        total += (ground_rent + charge) * (1 + growth) ** year
    return round(total, 2)  # pounds

print(total_cost(250, 1200, 99))
\`\`\`

> Nothing here is legal advice. See the [guide on leases](https://example.org/leases) for more.
`;

const thoughts = "The user asks about property law. I should compare the two, in a table, and stay brief.\n\nEnglish law is the likely frame.";

interface Options {
  /** Milliseconds between pieces. */
  pace?: number;
  models?: "some" | "none";
  documents?: "some" | "none";
  /** Messages of one more chat, “A long talk”. */
  long?: number;
}

/** Answers one question: failing, thinking or long, as its text asks. */
function script(text: string): { thinking: string; answer: string; error: string; prefill: number; endless: boolean } {
  return {
    thinking: /think|compare/i.test(text) ? thoughts : "",
    answer: /^short/i.test(text) ? "Yes." : sampleAnswer,
    error: /fail/i.test(text) ? "not enough memory for this model: it needs 9.1 GiB and 5.8 GiB are free; close other programs or choose a smaller model" : "",
    prefill: /long/i.test(text) ? 1800 : 60,
    endless: /endless/i.test(text),
  };
}

export class FakeApp extends FakeLibrary {
  settings: api.Settings;
  snapshots = 1_300_000_000;
  models: api.Model[];
  chats = new Map<string, api.Chat>();
  deleted = new Map<string, api.Chat>();
  downloads = new Map<string, Coming>();
  removed = new Map<string, api.Model>();
  stops = new Map<string, () => void>();
  next = 1;
  pace: number;

  constructor(
    emit: Emit,
    readonly face: "desktop" | "browser" = "browser",
    options: Options = {},
  ) {
    super(emit);
    this.pace = this.libraryPace = options.pace ?? 16;
    this.models =
      options.models === "none"
        ? []
        : [
            model({ ref: "smollm2-135m", name: "SmolLM2 135M Instruct", starter: true, loaded: true }),
            model({ ref: "qwen3-4b", name: "Qwen3 4B", architecture: "qwen3", quant: "Q4_K_M", sizeBytes: 2_497_000_000, parameters: 4_022_000_000, contextLength: 40_960, fit: fit("well", 2_497_000_000, 14) as api.Model["fit"] }),
            model({
              ref: "mystery", name: "mystery-moe-30b", architecture: "mystery", quant: "IQ2_XS", sizeBytes: 9_300_000_000, parameters: 30_500_000_000, licence: "",
              problem: "its architecture “mystery” is not known to this version of Freehold",
            }),
          ];
    this.settings = { theme: "system", language: "en", defaultModel: this.models[0]?.ref ?? "", threads: 0, contextLength: 0, networkAllowed: false, snapshots: true, sampling, system: "", autoTitles: true, zoom: 0, notifications: true, adoptOthers: true, parallelDownloads: 2, bandwidthLimit: 0, proxy: "", caFile: "", hfEndpoint: "", hfToken: "" };
    if (options.models !== "none") this.seed();
    if (options.documents === "some") this.seedDocuments();
    if (options.long) this.seedLong(options.long);
  }

  private id = () => `id-${String(this.next++).padStart(4, "0")}`;

  private seed(): void {
    const titles: [string, number][] = [
      ["Freehold and leasehold", 0], ["Letter to the landlord", 0.02], ["Find duplicate files", 1], ["Compound interest, worked", 1.1],
      ["What the 1925 Act changed about legal estates in land", 3], ["Minutes of the parish meeting", 5], ["Recipe: rye sourdough", 26], ["Rust lifetimes", 48], ["Names for a sailing boat", 400],
    ];
    for (const [title, ago] of titles) {
      const c = this.make(title, Date.now() - ago * day);
      const q = this.message(c, "", "user", title === "Freehold and leasehold" ? "Compare a freehold and a leasehold. What should I check before signing?" : `${title}?`);
      this.message(c, q.id, "assistant", sampleAnswer, {
        thinking: title.startsWith("Freehold") ? thoughts : "", model: "smollm2-135m", stopReason: "eos",
        timings: { promptTokens: 412, cachedTokens: 380, completionTokens: 318, loadMs: 0, firstTokenMs: 214, prefillMs: 190, decodeMs: 6_240, prefillPerSecond: 168.4, decodePerSecond: 50.9, thinkingMs: title.startsWith("Freehold") ? 4_200 : 0 },
      });
    }
  }

  /** Questions and answers of all lengths, one after the other. */
  private seedLong(messages: number): void {
    const c = this.make("A long talk", Date.now() - 1000);
    const parts = sampleAnswer.split("\n\n");
    for (let i = 0; i < messages; i += 2) {
      const q = this.message(c, c.leaf, "user", `Question ${i / 2 + 1}: what about number ${i}?`);
      this.message(c, q.id, "assistant", `Answer ${i / 2 + 1}. ${parts.slice(0, 1 + ((i / 2) % parts.length)).join("\n\n")}`, { model: "smollm2-135m", stopReason: "eos" });
    }
  }

  /** Documents, and a chat that answers from them. */
  private seedDocuments(): void {
    this.seedLibrary();
    this.models = [...this.models, model({ ref: "minilm", name: "all-MiniLM-L6-v2", embeds: true, sizeBytes: 46_000_000, parameters: 22_700_000 })];
    const c = this.make("Who repairs what", Date.now() - 60_000);
    c.sources = { documents: ["lease", "minutes", "scan"], collections: [], route: "" };
    const q = this.message(c, "", "user", "Who has to repair what, and who pays for the lift?");
    const { answer, evidence } = this.grounded(q.content, c.sources);
    this.message(c, q.id, "assistant", answer, { model: this.settings.defaultModel, stopReason: "eos", evidence });
    const sum = this.message(c, c.leaf, "user", "How much were the charges in total?");
    const sums = this.grounded(sum.content, c.sources);
    this.message(c, sum.id, "assistant", sums.answer, { model: this.settings.defaultModel, stopReason: "eos", evidence: sums.evidence });
  }
  SetChatSources(id: string, sources: api.Sources): api.Sources {
    this.get(id).sources = sources;
    return sources;
  }

  private make(title: string, at: number): api.Chat {
    const c: api.Chat = {
      id: this.id(), title, model: this.settings.defaultModel, createdAt: at, updatedAt: at, leaf: "", generating: false, folder: "", pinned: false, archived: false, tags: [], titledBy: "", temporary: false, system: this.settings.system, sampling: this.settings.sampling, sources: { documents: [], collections: [], route: "" }, messages: [],
    };
    this.chats.set(c.id, c);
    return c;
  }

  private message(c: api.Chat, parentId: string, role: api.Role, content: string, more: Partial<api.Message> = {}): api.Message {
    const m: api.Message = {
      id: this.id(), chatId: c.id, parentId, role, content, thinking: "", model: "", status: "complete", error: "", stopReason: "", leftOut: 0, timings: null, createdAt: Date.now(), ...more,
    };
    c.messages.push(m);
    c.leaf = m.id;
    return m;
  }

  private get = (id: string): api.Chat => {
    const c = this.chats.get(id);
    if (!c) throw new Error("there is no such chat; it may have been deleted");
    return c;
  };
  private summary = ({ system: _s, sampling: _p, messages: _m, sources: _o, ...s }: api.Chat): api.ChatSummary => s;
  private all = () => [...this.chats.values()].map(this.summary).sort((a, b) => b.updatedAt - a.updatedAt);
  private announce(c: api.Chat): api.ChatSummary {
    const s = this.summary(c);
    this.emit("chat", s);
    return s;
  }

  State(): api.State {
    return {
      version: "0.1.0-fake", platform: "linux/amd64", face: this.face, home: "/home/ada/.local/share/freehold", settings: this.settings, models: this.models, chats: this.all(),
      loadedModel: this.models.find((m) => m.loaded)?.ref ?? "", starterMissing: this.models.length === 0, hint: "",
    };
  }
  Hardware(): api.Hardware {
    return {
      cpu: "AMD Ryzen 7 7840U w/ Radeon 780M Graphics", os: "linux", arch: "amd64", physicalCores: 8, performanceCores: 0, logicalCores: 16, isa: "AVX-512 VNNI", features: ["AVX2"], caches: [{ level: 1, bytes: 32_768, shared: 2 }, { level: 2, bytes: 1_048_576, shared: 2 }, { level: 3, bytes: 16_777_216, shared: 16 }], memoryLimit: "", memoryTotal: 33_285_996_544, memoryAvailable: 21_474_836_480,
      gpus: [{ name: "AMD Radeon 780M", vendor: "AMD", driver: "", freeBytes: 0, api: "", memoryBytes: 4_294_967_296, usable: false, note: "no backend for it in this version" }], diskFree: 214_000_000_000, backend: "CPU, 8 threads",
      profile: { readBytesPerSecond: 52_000_000_000, int8OpsPerSecond: 1_900_000_000_000, threads: 8, measuredAt: Date.now() - day },
    };
  }
  SaveSettings(s: api.Settings): api.Settings {
    this.settings = { ...s, sampling: { ...s.sampling, stop: s.sampling.stop.filter(Boolean) } };
    this.emit("settings", this.settings);
    return this.settings;
  }

  private receipts: api.ImportReceipt[] = [];
  PreviewImport(paths: string[]): api.ImportReceipt {
    const place = paths[0]?.split("/").at(-1) ?? "";
    const entry = (title: string, state: api.ImportState, notes: string[] = []) => ({ chat: this.id(), title, source: "chatgpt", place, state, messages: 6, branches: 2, createdAt: Date.now() - 90 * day, updatedAt: Date.now() - 80 * day, notes: notes.map((text) => ({ kind: "images", count: 1, text })) });
    return {
      id: "", at: Date.now(), files: [place], undone: 0, counts: { new: 2, known: 1, grown: 0, deleted: 0, empty: 1, failed: 0, messages: 12 },
      entries: [entry("Planning the garden", "new"), entry("A roof for the shed", "new", ["images are not taken; their names stand in the text"]), entry("Bread", "known"), entry("", "empty")], problems: [{ place: `${place}, conversation 4`, text: "its times are not numbers; it is taken with today’s" }], skipped: ["user.json"],
    } as unknown as api.ImportReceipt;
  }
  ImportChats(paths: string[]): api.ImportReceipt {
    const r = { ...this.PreviewImport(paths), id: this.id() };
    for (const e of r.entries.filter((x) => x.state === "new")) this.announce(this.make(e.title, Date.now()));
    this.receipts.unshift(r);
    return r;
  }
  Imports = () => this.receipts;
  UndoImport(id: string) {
    this.receipts = this.receipts.map((r) => (r.id === id ? { ...r, undone: Date.now() } : r));
    const gone = [...this.chats.values()].filter((c) => c.title === "Planning the garden" || c.title === "A roof for the shed");
    for (const c of gone) this.DeleteChat(c.id);
    return { removed: gone.length, stayed: [], chats: gone.map((c) => c.id) };
  }
  ExportChats = (ids: string[], o: { format: string }) => ({ name: `chats.${o.format}`, path: "", type: "text/plain", data: btoa(ids.join() || "all"), fetch: "" });
  Drawn() {}
  Notify() {}
  Chats = () => this.all();
  Chat = (id: string) => this.get(id);
  NewChat(ref: string): api.Chat {
    const c = this.make("", Date.now());
    c.model = ref || this.settings.defaultModel;
    this.announce(c);
    return c;
  }
  RenameChat(id: string, title: string) {
    this.get(id).title = title;
    return this.announce(this.get(id));
  }
  DeleteChat(id: string) {
    this.deleted.set(id, this.get(id));
    this.Stop(id);
    this.chats.delete(id);
    this.emit("chatDeleted", { id });
  }
  folders: api.Folder[] = [];
  private goneFolders = new Map<string, api.Folder>();
  Folders = () => this.folders;
  private putFolder(f: api.Folder): api.Folder {
    this.folders = [...this.folders.filter((o) => o.id !== f.id), f].sort((a, b) => a.name.localeCompare(b.name));
    this.emit("folder", f);
    return f;
  }
  CreateFolder = (name: string) => this.putFolder({ id: this.id(), name, createdAt: Date.now() });
  RenameFolder = (id: string, name: string) => this.putFolder({ ...this.folders.find((f) => f.id === id)!, name });
  DeleteFolder(id: string) {
    this.goneFolders.set(id, this.folders.find((f) => f.id === id)!);
    this.folders = this.folders.filter((f) => f.id !== id);
    this.emit("folderRemoved", { id });
  }
  RestoreFolder = (id: string) => this.putFolder(this.goneFolders.get(id)!);
  ArrangeChats(ids: string[], a: api.Arrangement): api.ChatSummary[] {
    return ids.filter((id) => this.chats.has(id)).map((id) => {
      const c = this.get(id);
      c.folder = a.folder ?? c.folder;
      c.pinned = a.pinned ?? c.pinned;
      c.archived = a.archived ?? c.archived;
      c.tags = [...c.tags.filter((tag) => !a.dropTags?.includes(tag) && !a.addTags?.includes(tag)), ...(a.addTags ?? [])];
      return this.announce(c);
    });
  }
  NewTemporaryChat(ref: string): api.Chat {
    const c = this.NewChat(ref);
    c.temporary = true;
    this.announce(c);
    return c;
  }
  KeepChat(id: string) {
    this.get(id).temporary = false;
    return this.announce(this.get(id));
  }
  FindMessages(query: string): api.Found[] {
    const words = query.toLowerCase().split(/\s+/).filter(Boolean);
    if (words.length === 0) return [];
    return [...this.chats.values()].flatMap((c) =>
      c.messages
        .filter((m) => words.every((w) => m.content.toLowerCase().includes(w)))
        .map((m) => {
          const at = m.content.toLowerCase().indexOf(words[0]!);
          const cut = m.content.slice(Math.max(0, at - 40), at);
          const after = m.content.slice(at + words[0]!.length, at + 160);
          return { chat: this.summary(c), messageId: m.id, role: m.role, createdAt: m.createdAt, snippet: [{ text: cut, hit: false }, { text: m.content.slice(at, at + words[0]!.length), hit: true }, { text: after, hit: false }] };
        }),
    );
  }
  RestoreChat(id: string) {
    this.chats.set(id, this.deleted.get(id)!);
    return this.announce(this.get(id));
  }
  SetChatModel(id: string, ref: string) {
    this.get(id).model = ref;
    return this.announce(this.get(id));
  }
  SetChatSystem(id: string, system: string) {
    this.get(id).system = system;
  }
  SetChatSampling(id: string, s: api.Sampling) {
    this.get(id).sampling = s;
  }
  SearchChats(query: string) {
    const q = query.toLowerCase();
    return this.all().filter((s) => s.title.toLowerCase().includes(q));
  }
  ExportChat(id: string, format: string) {
    const c = this.get(id);
    return format === "json" ? JSON.stringify(c) : `# ${c.title}\n`;
  }

  Send(chatId: string, parentId: string, text: string): api.Message[] {
    const c = this.get(chatId);
    if (c.generating) throw new Error("this chat is still being answered; wait, or stop the answer first");
    const q = this.message(c, parentId, "user", text);
    if (c.title === "") c.title = text.slice(0, 60);
    return [q, this.answer(c, q)];
  }
  Regenerate(chatId: string, messageId: string): api.Message {
    const c = this.get(chatId);
    const old = c.messages.find((m) => m.id === messageId)!;
    return this.answer(c, c.messages.find((m) => m.id === old.parentId)!);
  }
  EditMessage(chatId: string, messageId: string, text: string): api.Message[] {
    const c = this.get(chatId);
    const old = c.messages.find((m) => m.id === messageId)!;
    const q = this.message(c, old.parentId, "user", text);
    return [q, this.answer(c, q)];
  }
  SelectBranch(chatId: string, messageId: string): api.Chat {
    const c = this.get(chatId);
    let leaf = messageId;
    for (let child; (child = c.messages.findLast((m) => m.parentId === leaf)); ) leaf = child.id;
    c.leaf = leaf;
    this.announce(c);
    return c;
  }
  Stop(chatId: string) {
    this.stops.get(chatId)?.();
  }

  private answer(c: api.Chat, q: api.Message): api.Message {
    const m = this.message(c, q.id, "assistant", "", { status: "streaming", model: c.model });
    const first = { ...m };
    c.generating = true;
    c.updatedAt = Date.now();
    this.emit("message", q);
    this.emit("message", first);
    this.announce(c);
    const s = script(q.content);
    const grounded = c.sources.documents.length + c.sources.collections.length > 0 ? this.grounded(q.content, c.sources) : null;
    void this.write(c, m, grounded ? { ...s, ...grounded } : s);
    return first;
  }

  private async write(c: api.Chat, m: api.Message, s: ReturnType<typeof script> & { evidence?: api.Evidence; parts?: number }): Promise<void> {
    let stopped = false;
    let wake = () => {};
    this.stops.set(c.id, () => {
      stopped = true;
      wake();
    });
    const pause = (ms: number) =>
      new Promise<void>((done) => {
        wake = done;
        setTimeout(done, ms);
      });
    const end = (change: Partial<api.Message>) => {
      Object.assign(m, change);
      c.generating = false;
      this.stops.delete(c.id);
      this.emit("message", { ...m });
      this.announce(c);
    };
    const began = Date.now();
    const used = this.models.find((x) => x.ref === c.model);
    if (used && !used.loaded) {
      for (let i = 0; i <= 10 && !stopped; i++) {
        this.emit("load", { ref: used.ref, done: (used.sizeBytes * i) / 10, total: used.sizeBytes });
        await pause(this.pace * 4);
      }
      this.models = this.models.map((x) => ({ ...x, loaded: x === used }));
      this.emit("models", this.models);
    }
    for (let done = 0; done < (s.parts ?? 0) && !stopped; done++) {
      this.emit("mapProgress", { chatId: c.id, messageId: m.id, done, total: s.parts });
      await pause(this.pace * 8);
    }
    for (let done = 0; done < s.prefill && !stopped; done += 60) {
      this.emit("prefill", { chatId: c.id, messageId: m.id, done, total: s.prefill });
      await pause(this.pace * 3);
    }
    if (s.error && !stopped) return end({ status: "error", stopReason: "error", error: s.error });
    let tokens = 0;
    const pieces = (text: string) => text.match(/\s*\S{1,6}|\s+$/g) ?? [];
    do {
      for (const thinking of [true, false]) {
        for (const text of pieces(thinking ? s.thinking : s.answer)) {
          if (stopped) break;
          tokens++;
          if (thinking) m.thinking += text;
          else m.content += text;
          this.emit("token", { chatId: c.id, messageId: m.id, text, thinking, tokens, perSecond: 1000 / this.pace });
          await pause(this.pace);
        }
      }
      s.thinking = "";
    } while (s.endless && !stopped);
    const timings: api.Timings = {
      promptTokens: s.prefill, cachedTokens: 12, completionTokens: tokens, loadMs: 0, firstTokenMs: 180, prefillMs: 150, decodeMs: Date.now() - began, prefillPerSecond: 320, decodePerSecond: 1000 / this.pace, thinkingMs: 0,
    };
    end(stopped ? { status: "stopped", stopReason: "cancelled", timings } : { status: "complete", stopReason: "eos", timings, evidence: s.evidence ?? null });
  }

  ContextUse(chatId: string, draft: string): api.ContextUse {
    const c = this.get(chatId);
    const about = (text: string) => Math.ceil(text.length / 4);
    const [system, history, inDraft, answer] = [about(c.system), c.messages.reduce((n, m) => n + about(m.content), 0), about(draft), 1024];
    const documents = c.messages.findLast((m) => m.evidence)?.evidence?.budget.documents ?? 0;
    return { chatId, limit: 8192, system, history, draft: inDraft, documents, answer, total: system + history + inDraft + documents + answer, leftOut: 0 };
  }

  Models = () => this.models;
  LoadModel(ref: string) {
    this.models = this.models.map((m) => ({ ...m, loaded: m.ref === ref }));
    this.emit("models", this.models);
  }
  ImportModel(path: string): api.Model {
    if (!path.startsWith("/")) throw new Error(`${path}: give the whole path, from / on`);
    if (path.includes("broken")) throw new Error(`${path}: not a GGUF file: it begins with “PK”, so it is a ZIP archive; unpack it and import the .gguf file inside`);
    const name = path.split("/").at(-1)!.replace(/\.gguf$/, "");
    const m = model({ ref: name, name, addedAt: Date.now() });
    this.models = [...this.models, m];
    this.settings.defaultModel ||= m.ref;
    this.emit("models", this.models);
    return m;
  }
  SnapshotBytes = () => (this.settings.snapshots ? this.snapshots : 0);
  ClearSnapshots = () => {
    this.snapshots = 0;
  };
  RemoveModel(ref: string) {
    const m = this.models.find((x) => x.ref === ref)!;
    this.removed.set(ref, m);
    if (!m.external) this.unused += m.sizeBytes;
    this.models = this.models.filter((x) => x.ref !== ref);
    this.emit("models", this.models);
  }
  RestoreModel(ref: string) {
    const m = this.removed.get(ref)!;
    if (!m.external) this.unused -= m.sizeBytes;
    this.models = [...this.models, m];
    this.emit("models", this.models);
    return m;
  }
  ChooseFiles(): string[] {
    if (this.face === "browser") throw new Error("this needs the desktop window; in the browser give the file's path instead");
    return ["/home/ada/Downloads/tiny.gguf"];
  }
  OpenExternal() {}

  Catalog(): api.CatalogEntry[] {
    const entry = (
      e: Partial<api.CatalogEntry> & Pick<api.CatalogEntry, "ref" | "name" | "summary"> & { sizes: [quant: string, bytes: number, verdict: api.Verdict, perSecond?: number][] },
    ): api.CatalogEntry => {
      const { sizes, ...rest } = e;
      const files = sizes.map(([quant, sizeBytes, verdict, perSecond = 0], i) => ({
        ref: i === 0 ? e.ref : `${e.ref}-${quant.toLowerCase()}`, quant, sizeBytes, default: i === 0,
        installed: this.models.some((m) => m.ref === (i === 0 ? e.ref : `${e.ref}-${quant.toLowerCase()}`)), fit: fit(verdict, sizeBytes, perSecond),
      }));
      return {
        maker: "Alibaba", family: "", kind: "chat", goodFor: ["questions"], languages: ["en"], released: "2025-04", licence: "Apache-2.0", licenceName: "Apache License 2.0",
        licenceUrl: "https://www.apache.org/licenses/LICENSE-2.0", restrictions: "", terms: false, accepted: this.accepted.has(rest.licence ?? ""), homepage: "https://example.org/model",
        architecture: "llama", parameters: 1_720_000_000, activeParameters: 0, contextLength: 40_960, recommended: false, quant: files[0]!.quant, sizeBytes: files[0]!.sizeBytes,
        installed: files.some((f) => f.installed), ...rest, files,
      };
    };
    return [
      entry({ ref: "qwen3-1.7b", name: "Qwen3 1.7B", summary: "Thinks before it answers. Good at maths and code for its size, in many languages.", languages: ["en", "zh", "ko", "de", "es"], recommended: true, sizes: [["Q4_K_M", 1_110_000_000, "well", 38], ["Q8_0", 1_830_000_000, "well", 24]] }),
      entry({ ref: "llama-3.2-3b", name: "Llama 3.2 3B Instruct", maker: "Meta", summary: "A solid everyday model: questions about documents, rewriting, several languages.", licence: "LicenseRef-Llama-3.2", licenceName: "Llama 3.2 Community Licence", restrictions: "Not for services with more than 700 million users a month; products must say “Built with Llama”; some uses are forbidden.", terms: true, parameters: 3_210_000_000, contextLength: 131_072, sizes: [["Q4_K_M", 2_020_000_000, "well", 17]] }),
      entry({ ref: "granite-8b", name: "Granite 3.3 8B Instruct", maker: "IBM", summary: "Careful with business texts and long documents. Wants 8 GB of memory.", parameters: 8_170_000_000, contextLength: 131_072, sizes: [["Q4_K_M", 4_940_000_000, "slow", 3.4], ["Q8_0", 8_690_000_000, "tight", 2]] }),
      entry({ ref: "minilm", name: "all-MiniLM-L6-v2", maker: "sentence-transformers", kind: "embedding", summary: "Makes vectors of texts, for search in documents.", parameters: 22_700_000, contextLength: 512, sizes: [["F16", 46_000_000, "well"]] }),
      entry({ ref: "qwen3-30b", name: "Qwen3 30B-A3B", summary: "A mixture of experts, for machines with 32 GB.", parameters: 30_500_000_000, activeParameters: 3_300_000_000, sizes: [["Q4_K_M", 18_560_000_000, "no"]] }),
    ];
  }
  accepted = new Set<string>();
  AcceptLicence(licence: string) {
    this.accepted.add(licence);
  }
  FitOf = () => fit("well", 1_110_000_000, 38);
  SearchModels(query: string, cursor: string): api.FoundModels {
    const n = cursor ? 2 : 3;
    return {
      next: cursor ? "" : "more",
      models: Array.from({ length: n }, (_, i) => ({
        repo: `ada/${query}-${cursor}${i}-GGUF`, name: `${query} ${cursor}${i}`, author: "ada", downloads: 120_000 >> i, likes: 12, gated: i === 1, licence: "apache-2.0", updatedAt: Date.now() - day,
        architecture: "qwen3", parameters: 4_000_000_000, contextLength: 32_768,
        files: ["Q2_K", "Q4_K_M", "Q5_K_M", "Q8_0"].map((quant, k) => ({ ref: `hf.co/ada/${query}-${cursor}${i}-GGUF:${quant}`, quant, sizeBytes: 1_500_000_000 + 900_000_000 * k, estimated: false, parts: 1, installed: false, fit: fit("unknown", 0, 0) })),
      })),
    };
  }
  Preview(ref: string): api.Plan {
    if (ref.includes("nothing")) throw new Error(`${ref}: the server has no such repository, or it is private`);
    return {
      ref, name: ref.split("/").at(-1)!.split(":")[0]!, licence: "apache-2.0", licenceUrl: "", homepage: "", architecture: "qwen3", quant: "Q4_K_M", terms: "", accepted: true, gated: false, installed: false,
      sizeBytes: 2_500_000_000, files: [{ role: "weights", name: "model.gguf", sizeBytes: 2_500_000_000, sha256: "" }], fit: fit("well", 2_500_000_000, 14),
    } as unknown as api.Plan;
  }
  DiskUse = (): api.DiskUse => ({ models: this.models.map((m) => ({ ref: m.ref, bytes: m.sizeBytes, shared: false })), unused: this.unused, unfinished: 310_000_000, snapshots: this.SnapshotBytes(), free: 214_000_000_000, dir: "/home/ada/.local/share/freehold/blobs" }) as api.DiskUse;
  unused = 0;
  CollectGarbage() {
    const freed = this.unused;
    this.unused = 0;
    this.removed.clear();
    return freed;
  }
  private work(event: string, more: object) {
    let done = 0;
    const timer = setInterval(() => {
      done += 20;
      this.emit(event, { ...more, done, total: 100, state: done >= 100 ? "done" : "running", error: "" });
      if (done >= 100) clearInterval(timer);
    }, this.pace * 3);
  }
  MoveModels = (dir: string) => {
    if (!dir.startsWith("/")) throw new Error(`${dir}: give the whole path, from / on`);
    this.work("move", { dir });
  };
  WriteBundle = (dir: string) => this.work("bundle", { dir });
  ReadBundle = (dir: string) => this.work("bundle", { dir });
  VerifyModel = (ref: string) => this.work("verify", { ref });
  CancelVerify = () => {};
  MeasureProfile = () => this.Hardware().profile;
  StoresFound = (): api.OtherStore[] => [{ tool: "ollama", dir: "/home/ada/.ollama/models", models: 2, bytes: 7_000_000_000 } as api.OtherStore];
  AdoptModels() {
    if (this.models.some((m) => m.tool === "ollama")) return 0;
    this.models = [...this.models, model({ ref: "llama3.1-8b", name: "llama3.1:8b", tool: "ollama", external: true, quant: "Q4_K_M", sizeBytes: 4_920_000_000, parameters: 8_030_000_000 })];
    this.emit("models", this.models);
    return 1;
  }
  requests: api.NetworkRequest[] = [];
  NetworkLog = () => this.requests;
  private dialled(path: string, received: number) {
    const r = { id: this.requests.length + 1, time: Date.now(), method: "GET", host: "huggingface.co", path, purpose: "model download", status: 200, sent: 820, received, milliseconds: 1400, ended: true, refused: false, error: "" } as api.NetworkRequest;
    this.requests = [r, ...this.requests];
    this.emit("network", r);
  }
  Downloads = () => [...this.downloads.values()].map(plain);
  Pull(ref: string): api.Download {
    if (!this.settings.networkAllowed) throw new Error("the network is switched off; allow it in Settings first");
    const e = this.Catalog().find((x) => x.files.some((f) => f.ref === ref));
    if (e?.terms && !this.accepted.has(e.licence)) throw new Error(`terms: ${e.restrictions}`);
    const total = e?.files.find((f) => f.ref === ref)?.sizeBytes ?? 2_500_000_000;
    const d: Coming = { ref, name: e?.name ?? ref, state: "running", done: 0, total, perSecond: 24_000_000, note: "", error: "", model: "" };
    this.downloads.set(ref, d);
    this.dialled(`/${ref}/resolve/main/model.gguf`, total);
    this.advance(d, e);
    this.emit("download", plain(d));
    return plain(d);
  }
  private advance(d: Coming, e?: api.CatalogEntry) {
    d.timer = setInterval(() => {
      d.done = Math.min(d.total, d.done + d.total / 60);
      if (d.ref === "granite-8b" && d.done > d.total / 3 && !d.error) Object.assign(d, { state: "failed", error: "the server closed the connection" });
      else if (d.done >= d.total) {
        Object.assign(d, { state: "done", model: d.ref });
        this.models = [...this.models, model({ ref: d.ref, name: d.name, quant: e?.quant ?? "Q4_K_M", sizeBytes: d.total, parameters: e?.parameters ?? 0, embeds: e?.kind === "embedding" })];
        this.settings.defaultModel ||= d.ref;
        this.emit("models", this.models);
      }
      this.emit("download", plain(d));
      if (d.state !== "running") clearInterval(d.timer);
    }, this.pace * 3);
  }
  PausePull(ref: string) {
    const d = this.downloads.get(ref)!;
    clearInterval(d.timer);
    Object.assign(d, { state: "paused", perSecond: 0 });
    this.emit("download", plain(d));
  }
  ResumePull(ref: string) {
    const d = this.downloads.get(ref)!;
    Object.assign(d, { state: "running", perSecond: 24_000_000 });
    this.advance(d, this.Catalog().find((x) => x.ref === ref));
    this.emit("download", plain(d));
  }
  PrioritisePull() {}
  /** Ends everything that is going on. */
  close() {
    this.closeLibrary();
    for (const stop of this.stops.values()) stop();
    for (const d of this.downloads.values()) clearInterval(d.timer);
    this.emit = () => {};
  }
  CancelPull(ref: string) {
    const d = this.downloads.get(ref);
    if (!d) return;
    clearInterval(d.timer);
    this.downloads.delete(ref);
    this.emit("download", { ...plain(d), state: "cancelled", perSecond: 0 });
  }
}

type Coming = api.Download & { timer?: ReturnType<typeof setInterval> };

const plain = ({ timer: _t, ...d }: Coming): api.Download => d;

/** A verdict with numbers that go with the size. */
const fit = (verdict: api.Verdict, weights: number, perSecond: number): api.Fit => ({
  verdict, weights, kv: 470_000_000, buffers: 120_000_000, total: weights + 590_000_000, available: 21_474_836_480, context: 8192, longestContext: 40_960, perSecond, prefillPerSecond: perSecond * 9,
  why: verdict === "no" ? "Needs 19.2 GB, and this machine has 16 GB in all; choose a smaller model or quantization." : `About ${perSecond} tokens a second.`,
});

/** Calls a method by name, as the program's own dispatcher does. */
export async function dispatch(app: FakeApp, method: string, args: unknown[]): Promise<unknown> {
  const own = (app as unknown as Record<string, unknown>)[method];
  const [f, on] = own === undefined ? [(comparing(app) as unknown as Record<string, unknown>)[method], comparing(app)] : [own, app];
  if (typeof f !== "function" || !/^[A-Z]/.test(method)) throw new Error(`no method ${method}`);
  return structuredClone(await (f as (...a: unknown[]) => unknown).apply(on, args)) ?? null;
}
