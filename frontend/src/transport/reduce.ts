// How the cache of the program's state changes: by what calls return and by
// what events announce. Pure functions; both may arrive in any order.
import type { Chat, ChatSummary, Collection, Doc, DocProgress, Download, Folder, MapProgress, LoadEvent, TurnEvent, NetworkRequest, WorkEvent, Message, Model, PrefillEvent, Preset, Queue, Settings, State, TokenEvent } from "./api";
import { withMessage } from "./tree";

/** An answer that is being written: what came since it began. */
export interface Live {
  chatId: string;
  content: string;
  thinking: string;
  tokens: number;
  perSecond: number;
  prefill: { done: number; total: number } | null;
  /** Whether it waits until another answer is written. */
  waits: boolean;
  /** How far all passages have been read for it, where the route is that. */
  map: { done: number; total: number } | null;
  /** performance.now() of the first thought and of the first word after it; 0: not yet. */
  thinkingSince: number;
  answerSince: number;
}

export interface Cache {
  /** starting: nothing known yet; failed: the first call failed, see failure. */
  phase: "starting" | "ready" | "failed";
  failure: Error | null;
  /** False while the browser has lost the program. */
  connected: boolean;
  about: Pick<State, "version" | "platform" | "face" | "home" | "starterMissing" | "hint">;
  settings: Settings;
  models: Model[];
  chats: ChatSummary[];
  /** Chats that have been opened, by id. */
  opened: Record<string, Chat>;
  /** Answers that are being written, by message id. */
  live: Record<string, Live>;
  /** By ref, in the order of the queue. */
  downloads: Record<string, Download>;
  /** Requests made since this page was opened, the newest first. */
  requests: NetworkRequest[];
  /** Work under way on the disk: "verify REF", "move", "bundle". */
  work: Record<string, WorkEvent>;
  /** The model that is being read into memory. */
  loading: LoadEvent | null;
  /** By id. */
  documents: Record<string, Doc>;
  /** How far documents are that are being worked on, by id. */
  progress: Record<string, DocProgress>;
  collections: Collection[];
  /** Of chats, by name. */
  folders: Folder[];
  /** Messages that wait, by chat; only chats that have some. */
  queues: Record<string, Queue>;
  /** The user's, the oldest first. */
  presets: Preset[];
}

export const emptyCache: Cache = {
  phase: "starting",
  failure: null,
  connected: true,
  about: { version: "", platform: "", face: "browser", home: "", starterMissing: false, hint: "" },
  settings: {
    theme: "system",
    language: "",
    defaultModel: "",
    threads: 0,
    contextLength: 0,
    networkAllowed: false,
    snapshots: true,
    system: "",
    autoTitles: true,
    zoom: 0,
    notifications: true,
    adoptOthers: true,
    parallelDownloads: 2,
    bandwidthLimit: 0,
    proxy: "",
    caFile: "",
    hfEndpoint: "",
    hfToken: "",
    sampling: {
      temperature: 0.7,
      topK: 40,
      topP: 0.95,
      minP: 0.05,
      typicalP: 1,
      repeatPenalty: 1,
      frequencyPenalty: 0,
      presencePenalty: 0,
      seed: 0,
      maxTokens: 0,
      stop: [],
    },
  },
  models: [],
  chats: [],
  opened: {},
  live: {},
  downloads: {},
  requests: [],
  work: {},
  loading: null,
  documents: {},
  progress: {},
  collections: [],
  folders: [],
  queues: {},
  presets: [],
};

type Change = Partial<Cache>;

const newestFirst = (a: ChatSummary, b: ChatSummary) => b.updatedAt - a.updatedAt || (a.id < b.id ? 1 : -1);

export function gotState(_: Cache, s: State): Change {
  const { version, platform, face, home, starterMissing, hint } = s;
  return {
    phase: "ready",
    failure: null,
    about: { version, platform, face, home, starterMissing, hint },
    settings: s.settings,
    models: s.models,
    chats: [...s.chats].sort(newestFirst),
  };
}

export function gotChat(c: Cache, chat: Chat): Change {
  const { system: _system, sampling: _sampling, messages: _messages, sources: _sources, ...summary } = chat;
  const live = { ...c.live };
  for (const m of chat.messages) {
    if (m.status !== "streaming") delete live[m.id];
    else live[m.id] ??= newLive(m);
  }
  return { ...gotSummary(c, summary), opened: { ...c.opened, [chat.id]: chat }, live };
}

export function gotSummary(c: Cache, s: ChatSummary): Change {
  const opened = c.opened[s.id];
  return {
    chats: [s, ...c.chats.filter((other) => other.id !== s.id)].sort(newestFirst),
    opened: opened ? { ...c.opened, [s.id]: { ...opened, ...s } } : c.opened,
  };
}

export function lostChat(c: Cache, id: string): Change {
  const { [id]: _gone, ...opened } = c.opened;
  return { chats: c.chats.filter((s) => s.id !== id), opened };
}

function newLive(m: Message): Live {
  return {
    chatId: m.chatId,
    content: m.content,
    thinking: m.thinking,
    tokens: 0,
    perSecond: 0,
    prefill: null,
    waits: false,
    map: null,
    thinkingSince: 0,
    answerSince: 0,
  };
}

export function gotMessage(c: Cache, m: Message): Change {
  const opened = c.opened[m.chatId];
  const known = opened?.messages.find((other) => other.id === m.id);
  const stale = known !== undefined && known.status !== "streaming" && m.status === "streaming";
  const live = { ...c.live };
  if (m.status !== "streaming" || stale) delete live[m.id];
  else live[m.id] ??= newLive(m);
  if (!opened) return { live };
  return { live, opened: { ...c.opened, [m.chatId]: { ...opened, messages: withMessage(opened.messages, m) } } };
}

/** Adds pieces of answers. Pieces of messages that are not being written (late ones) are dropped. */
export function gotTokens(c: Cache, events: readonly TokenEvent[], now: number): Change {
  const live = { ...c.live };
  for (const e of events) {
    const before = live[e.messageId];
    if (!before) continue;
    live[e.messageId] = {
      ...before,
      content: e.thinking ? before.content : before.content + e.text,
      thinking: e.thinking ? before.thinking + e.text : before.thinking,
      tokens: e.tokens,
      perSecond: e.perSecond,
      prefill: null,
      map: null,
      thinkingSince: e.thinking ? before.thinkingSince || now : before.thinkingSince,
      answerSince: e.thinking ? before.answerSince : before.answerSince || now,
    };
  }
  return { live, loading: null };
}

export function gotPrefill(c: Cache, e: PrefillEvent): Change {
  const before = c.live[e.messageId];
  if (!before) return {};
  return { live: { ...c.live, [e.messageId]: { ...before, prefill: { done: e.done, total: e.total } } }, loading: null };
}

export function gotTurn(c: Cache, e: TurnEvent): Change {
  const before = c.live[e.messageId];
  return before ? { live: { ...c.live, [e.messageId]: { ...before, waits: e.waits } } } : {};
}

/** Counting the prompt ends the reading of all passages; what comes late changes nothing. */
export function gotMap(c: Cache, e: MapProgress): Change {
  const before = c.live[e.messageId];
  if (!before || before.content) return {};
  const map = e.done < e.total ? { done: e.done, total: e.total } : null;
  return { live: { ...c.live, [e.messageId]: { ...before, map, prefill: null } }, loading: null };
}

export const gotLoad = (_: Cache, e: LoadEvent): Change => ({ loading: e.total > 0 && e.done >= e.total ? null : e });

/** A download that was cancelled leaves the list; a finished one stays until the page is left. */
export function gotDownload(c: Cache, d: Download): Change {
  if (d.state !== "cancelled") return { downloads: { ...c.downloads, [d.ref]: d } };
  const { [d.ref]: _gone, ...others } = c.downloads;
  return { downloads: others };
}

const requestsKept = 500;

/** A request is told of twice: when it begins and when it has ended. */
export function gotRequest(c: Cache, r: NetworkRequest): Change {
  return { requests: [r, ...c.requests.filter((other) => other.id !== r.id)].slice(0, requestsKept) };
}

/** Work that has failed stays until it is begun anew or put away. */
export function gotWork(c: Cache, key: string, e: WorkEvent): Change {
  if (e.state === "running" || e.state === "failed") return { work: { ...c.work, [key]: e } };
  const { [key]: _gone, ...others } = c.work;
  return { work: others };
}

const byName = (a: Collection, b: Collection) => a.name.localeCompare(b.name) || (a.id < b.id ? -1 : 1);

/** What happened to documents, in order. */
export type DocEvent = { doc: Doc } | { progress: DocProgress } | { removed: string };

const working = (d: Doc): boolean => d.state === "reading" || d.state === "embedding";

/** Takes many at once: a folder of thousands of files tells of each. */
export function gotDocEvents(c: Cache, events: readonly DocEvent[]): Change {
  const documents = { ...c.documents };
  const progress = { ...c.progress };
  for (const e of events) {
    if ("doc" in e) {
      documents[e.doc.id] = e.doc;
      if (!working(e.doc) || progress[e.doc.id]?.state !== e.doc.state) delete progress[e.doc.id];
    } else if ("progress" in e) {
      const known = documents[e.progress.document];
      if (known && working(known)) progress[e.progress.document] = e.progress;
    } else {
      delete documents[e.removed];
      delete progress[e.removed];
    }
  }
  return { documents, progress };
}

export const gotFolder = (c: Cache, f: Folder): Change => ({
  folders: [f, ...c.folders.filter((other) => other.id !== f.id)].sort((a, b) => a.name.localeCompare(b.name) || (a.id < b.id ? -1 : 1)),
});
export const lostFolder = (c: Cache, id: string): Change => ({ folders: c.folders.filter((f) => f.id !== id) });

export function gotQueue(c: Cache, q: Queue): Change {
  const { [q.chatId]: _before, ...others } = c.queues;
  return { queues: q.items.length > 0 ? { ...others, [q.chatId]: q } : others };
}

export const gotPreset = (c: Cache, p: Preset): Change => ({
  presets: [...c.presets.filter((other) => other.id !== p.id), p].sort((a, b) => a.createdAt - b.createdAt || (a.id < b.id ? -1 : 1)),
});
export const lostPreset = (c: Cache, id: string): Change => ({ presets: c.presets.filter((p) => p.id !== id) });

export function gotLibrary(_: Cache, { documents, collections, folders }: { documents: Doc[]; collections: Collection[]; folders: Folder[] }): Change {
  return {
    folders,
    documents: Object.fromEntries(documents.map((d) => [d.id, d])),
    progress: {},
    collections: [...collections].sort(byName),
  };
}

export const gotCollection = (c: Cache, made: Collection): Change => ({
  collections: [made, ...c.collections.filter((other) => other.id !== made.id)].sort(byName),
});

export function lostCollection(c: Cache, id: string): Change {
  const documents = { ...c.documents };
  for (const d of Object.values(documents)) {
    if (d.collections.includes(id)) documents[d.id] = { ...d, collections: d.collections.filter((other) => other !== id) };
  }
  return { collections: c.collections.filter((other) => other.id !== id), documents };
}
