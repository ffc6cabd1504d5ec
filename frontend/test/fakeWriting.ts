// The stand-in's drafts, waiting messages and presets.
import type * as api from "../src/transport/api";
import { Backups, type Whole } from "./fakeBackup";

/** What of the stand-in is needed here. */
export interface Outer extends Whole {
  get: (id: string) => api.Chat;
  Send: (chatId: string, parentId: string, text: string) => api.Message[];
  Stop: (chatId: string) => void;
}

export class Writing<App extends Outer> extends Backups<App> {
  drafts = new Map<string, api.Draft>();
  queues = new Map<string, api.Queue>();
  presets = new Map<string, api.Preset>();
  private gonePresets = new Map<string, api.Preset>();
  private items = 1;
  private hurried = new Set<string>();

  /** The end of an answer is heard where it is announced. */
  constructor(app: App) {
    super(app);
    const announce = app.emit;
    app.emit = (name, data) => {
      announce.call(app, name, data);
      const m = data as api.Message;
      if (name === "message" && m.role === "assistant" && m.status !== "streaming") queueMicrotask(() => this.goOn(m));
    };
  }

  Drafts = () => [...this.drafts.values()].filter((d) => d.text !== "");
  SaveDraft(d: api.Draft): api.Draft {
    const before = this.drafts.get(d.chatId);
    if (before && before.editedAt > d.editedAt) return before;
    this.drafts.set(d.chatId, d);
    this.app.emit("draft", d);
    return d;
  }

  Queues = () => [...this.queues.values()].filter((q) => q.items.length > 0);
  private change(chatId: string, work: (q: api.Queue) => void): api.Queue {
    this.app.get(chatId);
    const q = structuredClone(this.queues.get(chatId) ?? { chatId, items: [], held: "" as api.Hold });
    work(q);
    this.keep(q);
    this.sendFirst(q);
    return q;
  }
  private keep(q: api.Queue): void {
    if (q.items.length === 0) q.held = "";
    this.queues.set(q.chatId, q);
    this.app.emit("queue", structuredClone(q));
  }
  private sendFirst(q: api.Queue): void {
    const c = this.app.get(q.chatId);
    if (q.items.length === 0 || q.held !== "" || c.generating) return;
    this.app.Send(c.id, c.leaf, q.items.shift()!.text);
    this.keep(q);
  }
  private at(q: api.Queue, id: string): number {
    const at = q.items.findIndex((i) => i.id === id);
    if (at < 0) throw new Error("this message no longer waits; it was sent or removed");
    return at;
  }
  Enqueue = (chatId: string, text: string, at: number) =>
    this.change(chatId, (q) => void q.items.splice(at < 0 ? q.items.length : at, 0, { id: `queued-${this.items++}`, text, createdAt: Date.now() }));
  EditQueued = (chatId: string, id: string, text: string) => this.change(chatId, (q) => void (q.items[this.at(q, id)]!.text = text));
  RemoveQueued = (chatId: string, id: string) => this.change(chatId, (q) => void q.items.splice(this.at(q, id), 1));
  MoveQueued = (chatId: string, id: string, to: number) =>
    this.change(chatId, (q) => {
      const [item] = q.items.splice(this.at(q, id), 1);
      q.items.splice(Math.max(0, to), 0, item!);
    });
  HoldQueue = (chatId: string, held: boolean) => this.change(chatId, (q) => void (q.held = held ? "user" : ""));
  SendQueued(chatId: string, id: string): api.Queue {
    const q = this.change(chatId, (all) => {
      all.items.unshift(...all.items.splice(this.at(all, id), 1));
      all.held = "";
    });
    if (this.app.get(chatId).generating && q.items[0]?.id === id) {
      this.hurried.add(chatId);
      this.app.Stop(chatId);
    }
    return q;
  }
  /** Called when an answer has ended. */
  private goOn(m: api.Message): void {
    const q = this.queues.get(m.chatId);
    const hurried = this.hurried.delete(m.chatId);
    if (!q || q.items.length === 0 || q.held !== "") return;
    if (hurried || m.status === "complete") this.sendFirst(q);
    else this.keep({ ...q, held: m.status === "stopped" ? "stopped" : "error" });
  }

  Presets = () => [...this.presets.values()];
  SavePreset(p: api.Preset): api.Preset {
    if (!p.name.trim() && !p.hidden) throw new Error("a preset needs a name");
    const kept = { ...p, id: p.id || `preset-${this.items++}`, createdAt: p.createdAt || Date.now(), command: p.command.replace(/^\//, "").toLowerCase() };
    this.presets.set(kept.id, kept);
    this.app.emit("preset", kept);
    return kept;
  }
  DeletePreset(id: string) {
    this.gonePresets.set(id, this.presets.get(id)!);
    this.presets.delete(id);
    this.app.emit("presetRemoved", { id });
  }
  RestorePreset = (id: string) => this.SavePreset(this.gonePresets.get(id)!);
  ExportPresets(ids: string[]): api.Exported {
    const text = JSON.stringify({ format: "freehold-presets", version: 1, presets: ids.map((id) => this.presets.get(id)) });
    return { name: "presets.json", path: "", fetch: "", type: "application/json", data: btoa(unescape(encodeURIComponent(text))) };
  }
  ImportPresets(text: string): api.Preset[] {
    const file = JSON.parse(text) as { format?: string; presets: api.Preset[] };
    if (file.format !== "freehold-presets") throw new Error("this is no file of presets; choose one that Freehold exported");
    return file.presets.map((p) => this.SavePreset({ ...p, id: "", createdAt: 0 }));
  }
  KeepFile = (name: string) => `/uploads/${name}`;
}
