// The stand-in's branches, comparisons and what goes on.
import type * as api from "../src/transport/api";
import { Writing, type Outer } from "./fakeWriting";

/** What of the stand-in is needed here. */
export interface Inner extends Outer {
  pace: number;
  models: api.Model[];
  stops: Map<string, () => void>;
  emit: (name: string, data: unknown) => void;
  get: (id: string) => api.Chat;
  make: (title: string, at: number) => api.Chat;
  message: (c: api.Chat, parentId: string, role: api.Role, content: string, more?: Partial<api.Message>) => api.Message;
  announce: (c: api.Chat) => api.ChatSummary;
}

/** Two texts that share much, so that their differences say something. */
const answers = [
  "A **freehold** is land you own outright, without end. A leasehold is land you hold for a term of years, and you pay ground rent for it.\n\nBefore you sign, check the remaining term and the service charge.",
  "A **freehold** is land that you own outright. A leasehold is land you hold for a fixed term of years; often you pay ground rent for it.\n\nBefore you sign, look at the remaining term, the service charge and who insures the house.",
  "Freehold: yours for good. Leasehold: yours for a term of years.\n\nCheck the remaining term first.",
  "With a freehold the land is yours. With a leasehold it is not, and ends after the term.",
];

class Comparing extends Writing<Inner> {
  writing = new Map<string, { chat: api.Chat; message: api.Message; stop: () => void; waits: boolean; tokens: number }>();
  removed = new Map<string, api.Message[]>();
  finished: api.Finished[] = [];

  Compare(chatId: string, parentId: string, text: string, ways: api.Way[]): api.Message[] {
    const c = this.app.get(chatId);
    const asked = text ? this.app.message(c, parentId, "user", text) : c.messages.find((m) => m.id === parentId)!;
    if (c.title === "") c.title = text.slice(0, 60);
    const trial = `trial-${asked.id}-${c.messages.length}`;
    const made = ways.map((w) =>
      this.app.message(c, asked.id, "assistant", "", { status: "streaming", model: w.model || c.model, trial: { id: trial, sampling: w.sampling ?? undefined, adapter: "", verdict: "" } }),
    );
    c.generating = true;
    c.updatedAt = Date.now();
    const first = [...(text ? [asked] : []), ...made].map((m) => ({ ...m }));
    for (const m of first) this.app.emit("message", m);
    this.app.announce(c);
    this.app.stops.set(c.id, () => [...this.writing.values()].filter((w) => w.chat === c).forEach((w) => w.stop()));
    // One that waits: as with models that do not fit into memory together.
    let before: Promise<void> = Promise.resolve();
    made.forEach((m, i) => {
      const waits = /wait/i.test(asked.content) && i > 0;
      before = waits ? before.then(() => this.write(c, m, i, asked.content)) : Promise.resolve(this.write(c, m, i, asked.content));
      if (!waits) return;
      this.writing.set(m.id, { chat: c, message: m, stop: () => {}, waits: true, tokens: 0 });
      setTimeout(() => this.app.emit("turn", { chatId: c.id, messageId: m.id, waits: true }), 0);
    });
    return first;
  }

  private async write(c: api.Chat, m: api.Message, i: number, question: string): Promise<void> {
    let stopped = false;
    const w = { chat: c, message: m, stop: () => void (stopped = true), waits: false, tokens: 0 };
    this.writing.set(m.id, w);
    this.app.emit("turn", { chatId: c.id, messageId: m.id, waits: false });
    const began = Date.now();
    do {
      for (const text of answers[i % answers.length]!.match(/\s*\S{1,6}|\s+$/g) ?? []) {
        await new Promise((done) => setTimeout(done, this.app.pace * (1 + i / 3)));
        if (stopped) break;
        w.tokens++;
        m.content += text;
        this.app.emit("token", { chatId: c.id, messageId: m.id, text, thinking: false, tokens: w.tokens, perSecond: 40 / (1 + i / 3) });
      }
    } while (/endless/.test(question) && !stopped);
    Object.assign(m, {
      status: stopped ? "stopped" : "complete", stopReason: stopped ? "cancelled" : "eos",
      timings: { promptTokens: 48, cachedTokens: 12, completionTokens: w.tokens, loadMs: 0, firstTokenMs: 180, prefillMs: 150, decodeMs: Date.now() - began, prefillPerSecond: 320, decodePerSecond: 40 / (1 + i / 3) },
    });
    this.writing.delete(m.id);
    c.generating = [...this.writing.values()].some((other) => other.chat === c);
    this.finished.unshift({ id: this.finished.length + 1, kind: "answer", name: m.model, state: stopped ? "cancelled" : "done", error: "", chat: c.id, began, ended: Date.now() });
    this.app.emit("message", { ...m });
    this.app.announce(c);
  }

  StopAnswer = (id: string) => this.writing.get(id)?.stop();

  JudgeAnswer(chatId: string, messageId: string, verdict: string): api.Message[] {
    const c = this.app.get(chatId);
    const trial = c.messages.find((m) => m.id === messageId)!.trial!.id;
    const all = c.messages.filter((m) => m.trial?.id === trial);
    for (const m of all) m.trial = { ...m.trial!, verdict: (verdict === "best" && m.id !== messageId ? "worse" : verdict) as api.TrialVerdict };
    return all;
  }

  RemoveBranch(chatId: string, messageId: string): { chat: api.Chat; root: string } {
    const c = this.app.get(chatId);
    let root = c.messages.find((m) => m.id === messageId)!;
    if (root.role === "assistant" && c.messages.filter((m) => m.parentId === root.parentId).length === 1) root = c.messages.find((m) => m.id === root.parentId)!;
    const gone = new Set([root.id]);
    for (const m of c.messages) if (gone.has(m.parentId)) gone.add(m.id);
    this.removed.set(root.id, c.messages.filter((m) => gone.has(m.id)));
    c.messages = c.messages.filter((m) => !gone.has(m.id));
    if (gone.has(c.leaf)) {
      c.leaf = root.parentId;
      for (let child; (child = c.messages.findLast((m) => m.parentId === c.leaf)); ) c.leaf = child.id;
    }
    this.app.announce(c);
    this.app.emit("branch", { chatId });
    return { chat: c, root: root.id };
  }
  RestoreBranch(chatId: string, root: string, leaf: string): api.Chat {
    const c = this.app.get(chatId);
    c.messages = [...c.messages, ...this.removed.get(root)!].sort((a, b) => (a.id < b.id ? -1 : 1));
    c.leaf = leaf;
    this.app.announce(c);
    this.app.emit("branch", { chatId });
    return c;
  }
  ForkChat(chatId: string, messageId: string): api.Chat {
    const old = this.app.get(chatId);
    const path: api.Message[] = [];
    for (let m = old.messages.find((x) => x.id === messageId); m; m = old.messages.find((x) => x.id === m!.parentId)) path.unshift(m);
    const c = this.app.make(old.title, Date.now());
    for (const m of path) this.app.message(c, c.leaf, m.role, m.content, { model: m.model, stopReason: m.stopReason, timings: m.timings });
    this.app.announce(c);
    return c;
  }

  /** For tests only: a chat of so many messages, which branches now and then. */
  Grow(chatId: string, n: number): void {
    const c = this.app.get(chatId);
    let chance = 7;
    for (let i = 0; i < n; i++) {
      chance = (chance * 1103515245 + 12345) % 2147483648;
      const parent = i > 0 && chance % 9 === 0 ? c.messages[chance % c.messages.length]! : c.messages.at(-1);
      const role = parent?.role === "user" ? "assistant" : "user";
      this.app.message(c, parent?.id ?? "", role, role === "user" ? `Question ${i}: what of the lease, and who pays?` : `Answer ${i}: the tenant pays, unless the lease says otherwise.`, {
        model: role === "user" ? "" : this.app.models[chance % 2]!.ref,
      });
    }
    c.title = "A long conversation";
  }

  Activity(): api.Activity {
    const model = (m: api.Model): api.LoadedModel => ({ ref: m.ref, state: this.writing.size > 0 ? "used" : "idle", users: this.writing.size, weights: m.sizeBytes, kv: 188_743_680, kvType: "f16", context: 8192, embeds: false });
    return {
      at: Date.now(),
      writings: [...this.writing.values()].map((w) => ({ chatId: w.chat.id, messageId: w.message.id, title: w.chat.title, model: w.message.model, waits: w.waits, done: 40, total: 48, tokens: w.tokens, perSecond: w.tokens > 1 ? 36 + (w.tokens % 9) : 0, since: w.message.createdAt })),
      models: this.app.models.filter((m) => m.loaded).map(model),
      processes: [
        { pid: 4210, name: "freehold", own: true, bytes: 318_000_000, files: 204_000_000 },
        { pid: 4243, name: "WebKitWebProces", own: false, bytes: 121_000_000, files: 38_000_000 },
        { pid: 4251, name: "WebKitNetworkPr", own: false, bytes: 24_000_000, files: 11_000_000 },
      ],
      memoryTotal: 33_285_996_544,
      memoryAvailable: 21_474_836_480,
      finished: this.finished,
    } as api.Activity;
  }
}

const made = new WeakMap<object, Comparing>();

/** The same for the same stand-in. */
export function comparing(app: object): Comparing {
  const known = made.get(app) ?? new Comparing(app as Inner);
  made.set(app, known);
  return known;
}
