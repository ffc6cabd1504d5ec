// A stand-in for the program, for developing the interface and for its tests:
// the same methods and events, answers made up. It never reaches a release.
import type * as api from "../src/transport/api";

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

export class FakeApp {
  settings: api.Settings;
  snapshots = 1_300_000_000;
  models: api.Model[];
  chats = new Map<string, api.Chat>();
  deleted = new Map<string, api.Chat>();
  downloads = new Map<string, api.Download & { timer?: ReturnType<typeof setInterval> }>();
  stops = new Map<string, () => void>();
  next = 1;
  pace: number;

  constructor(
    public emit: Emit,
    readonly face: "desktop" | "browser" = "browser",
    options: Options = {},
  ) {
    this.pace = options.pace ?? 16;
    this.models =
      options.models === "none"
        ? []
        : [
            model({ ref: "smollm2-135m", name: "SmolLM2 135M Instruct", starter: true, loaded: true }),
            model({ ref: "qwen3-4b", name: "Qwen3 4B", architecture: "qwen3", quant: "Q4_K_M", sizeBytes: 2_497_000_000, parameters: 4_022_000_000, contextLength: 40_960 }),
            model({
              ref: "mystery", name: "mystery-moe-30b", architecture: "mystery", quant: "IQ2_XS", sizeBytes: 9_300_000_000, parameters: 30_500_000_000, licence: "",
              problem: "its architecture “mystery” is not known to this version of Freehold",
            }),
          ];
    this.settings = { theme: "system", defaultModel: this.models[0]?.ref ?? "", threads: 0, contextLength: 0, networkAllowed: false, snapshots: true, sampling, system: "", adoptOthers: true, parallelDownloads: 2, bandwidthLimit: 0, proxy: "", caFile: "", hfEndpoint: "", hfToken: "" };
    if (options.models !== "none") this.seed();
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
        timings: { promptTokens: 412, cachedTokens: 380, completionTokens: 318, loadMs: 0, firstTokenMs: 214, prefillMs: 190, decodeMs: 6_240, prefillPerSecond: 168.4, decodePerSecond: 50.9 },
      });
    }
  }

  private make(title: string, at: number): api.Chat {
    const c: api.Chat = {
      id: this.id(), title, model: this.settings.defaultModel, createdAt: at, updatedAt: at, leaf: "", generating: false, system: this.settings.system, sampling: this.settings.sampling, messages: [],
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
  private summary = ({ system: _s, sampling: _p, messages: _m, ...s }: api.Chat): api.ChatSummary => s;
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
      cpu: "AMD Ryzen 7 7840U w/ Radeon 780M Graphics", os: "linux", arch: "amd64", physicalCores: 8, performanceCores: 0, logicalCores: 16, isa: "AVX-512 VNNI", features: [], caches: [], memoryLimit: "", memoryTotal: 33_285_996_544, memoryAvailable: 21_474_836_480,
      gpus: [{ name: "AMD Radeon 780M", vendor: "AMD", driver: "", freeBytes: 0, api: "", memoryBytes: 4_294_967_296, usable: false, note: "no backend for it in this version" }], diskFree: 214_000_000_000, backend: "CPU, 8 threads",
    };
  }
  SaveSettings(s: api.Settings): api.Settings {
    this.settings = { ...s, sampling: { ...s.sampling, stop: s.sampling.stop.filter(Boolean) } };
    this.emit("settings", this.settings);
    return this.settings;
  }

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
    void this.write(c, m, script(q.content));
    return first;
  }

  private async write(c: api.Chat, m: api.Message, s: ReturnType<typeof script>): Promise<void> {
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
      promptTokens: s.prefill, cachedTokens: 12, completionTokens: tokens, loadMs: 0, firstTokenMs: 180, prefillMs: 150, decodeMs: Date.now() - began, prefillPerSecond: 320, decodePerSecond: 1000 / this.pace,
    };
    end(stopped ? { status: "stopped", stopReason: "cancelled", timings } : { status: "complete", stopReason: "eos", timings });
  }

  ContextUse(chatId: string, draft: string): api.ContextUse {
    const c = this.get(chatId);
    const about = (text: string) => Math.ceil(text.length / 4);
    const [system, history, inDraft, answer] = [about(c.system), c.messages.reduce((n, m) => n + about(m.content), 0), about(draft), 1024];
    return { chatId, limit: 8192, system, history, draft: inDraft, answer, total: system + history + inDraft + answer, leftOut: 0 };
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
    this.models = this.models.filter((m) => m.ref !== ref);
    this.emit("models", this.models);
  }
  ChooseFiles(): string[] {
    if (this.face === "browser") throw new Error("this needs the desktop window; in the browser give the file's path instead");
    return ["/home/ada/Downloads/tiny.gguf"];
  }
  OpenExternal() {}

  Catalog(): api.CatalogEntry[] {
    const entry = (e: Partial<api.CatalogEntry> & Pick<api.CatalogEntry, "ref" | "name" | "summary">): api.CatalogEntry => ({
      licence: "Apache-2.0", licenceUrl: "https://www.apache.org/licenses/LICENSE-2.0", quant: "Q4_K_M", sizeBytes: 1_100_000_000, parameters: 1_720_000_000, contextLength: 40_960,
      maker: "", family: "", kind: "chat", goodFor: [], languages: [], released: "", licenceName: "Apache-2.0", restrictions: "", terms: false, accepted: false, architecture: "llama",
      activeParameters: 1_720_000_000, recommended: false, files: [], homepage: "https://example.org/model", installed: this.models.some((m) => m.ref === e.ref), ...e,
    });
    return [
      entry({ ref: "smollm2-135m", name: "SmolLM2 135M Instruct", summary: "Very small and quick. For trying things out, and for machines with little memory.", sizeBytes: 98_000_000, parameters: 134_515_008, contextLength: 8192 }),
      entry({ ref: "qwen3-1.7b", name: "Qwen3 1.7B", summary: "A capable small model that can think before it answers. Runs well on most laptops." }),
      entry({ ref: "granite-8b", name: "Granite 3.3 8B Instruct", summary: "Careful with business texts and long documents. Wants 8 GB of memory.", sizeBytes: 4_900_000_000, parameters: 8_170_000_000, contextLength: 131_072 }),
    ];
  }
  Downloads = () => [...this.downloads.values()].map(({ timer: _t, ...d }) => d);
  Pull(ref: string): api.Download {
    if (!this.settings.networkAllowed) throw new Error("the network is switched off; allow it in Settings first");
    const e = this.Catalog().find((x) => x.ref === ref)!;
    const d: api.Download & { timer?: ReturnType<typeof setInterval> } = { ref, name: e.name, state: "running", done: 0, total: e.sizeBytes, perSecond: 24_000_000, note: "", error: "", model: "" };
    this.downloads.set(ref, d);
    const plain = (): api.Download => ({ ref, name: d.name, state: d.state, done: d.done, total: d.total, perSecond: d.perSecond, note: d.note, error: d.error, model: d.model });
    d.timer = setInterval(() => {
      d.done = Math.min(d.total, d.done + d.total / 60);
      if (ref === "granite-8b" && d.done > d.total / 3) Object.assign(d, { state: "failed", error: "the server closed the connection" });
      else if (d.done >= d.total) {
        d.state = "done";
        this.models = [...this.models, model({ ref, name: e.name, quant: e.quant, sizeBytes: e.sizeBytes, parameters: e.parameters })];
        this.emit("models", this.models);
      }
      this.emit("download", plain());
      if (d.state !== "running") {
        clearInterval(d.timer);
        this.downloads.delete(ref);
      }
    }, this.pace * 3);
    this.emit("download", plain());
    return plain();
  }
  /** Ends everything that is going on. */
  close() {
    for (const stop of this.stops.values()) stop();
    for (const d of this.downloads.values()) clearInterval(d.timer);
    this.emit = () => {};
  }
  CancelPull(ref: string) {
    const d = this.downloads.get(ref);
    if (!d) return;
    clearInterval(d.timer);
    this.downloads.delete(ref);
    this.emit("download", { ref, name: d.name, state: "cancelled", done: d.done, total: d.total, perSecond: 0, error: "" });
  }
}

/** Calls a method by name, as the program's own dispatcher does. */
export async function dispatch(app: FakeApp, method: string, args: unknown[]): Promise<unknown> {
  const f = (app as unknown as Record<string, unknown>)[method];
  if (typeof f !== "function" || !/^[A-Z]/.test(method)) throw new Error(`no method ${method}`);
  return structuredClone(await (f as (...a: unknown[]) => unknown).apply(app, args)) ?? null;
}
