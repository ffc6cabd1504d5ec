// Everything the rest of the frontend may ask of the program, typed. The
// generated modules are imported here, in compare.ts, documents.ts and writing.ts, and nowhere else: they
// know neither the allowed words of a string field nor that Go's empty list may
// arrive as null.
import * as bound from "../wailsjs/go/app/App";
import type { app, chat as chats } from "../wailsjs/go/models";
import { BrowserOpenURL, ClipboardSetText, EventsEmit, EventsOn } from "../wailsjs/runtime/runtime";
import type { Trial, TurnEvent } from "./compare";
import type { PortingEvent } from "./porting";
import type { Draft, Preset, Queue } from "./writing";
import { asEvidence, asSources, type Collection, type Doc, type DocProgress, type Evidence, type MapProgress, type Sources } from "./documents";

export * from "./compare";
export * from "./documents";
export * from "./porting";
export * from "./writing";

export type ChatSummary = chats.Summary;
export type Folder = chats.Folder;
/** Where chats shall stand; what is not given stays as it is. */
export type Arrangement = Partial<chats.Arrangement>;
export type Found = Omit<chats.Found, "role"> & { role: Role };
export type Timings = chats.Timings;
export type Sampling = chats.Sampling;
export type ContextUse = chats.ContextUse;
export type Model = app.Model;
export type CatalogFile = Omit<app.CatalogFile, "fit"> & { fit: Fit };
export type CatalogEntry = Omit<app.CatalogEntry, "files" | "kind"> & { files: CatalogFile[]; kind: ModelKind };
export type FoundFile = Omit<app.FoundFile, "fit"> & { fit: Fit };
export type FoundModel = Omit<app.FoundModel, "files"> & { files: FoundFile[] };
export type FoundModels = { models: FoundModel[]; next: string };
export type Plan = Omit<app.Plan, "fit"> & { fit: Fit };
export type DiskUse = app.DiskUse;
export type OtherStore = app.OtherStore;
export type NetworkRequest = app.NetworkRequest;
export type Profile = app.Profile;
export type Hardware = app.Hardware;
export type Gpu = app.GPU;

export type Role = "user" | "assistant";
export type MessageStatus = "complete" | "streaming" | "stopped" | "error";
export type StopReason = "eos" | "stop" | "length" | "cancelled" | "context" | "time" | "error" | "";
export type Theme = "system" | "light" | "dark";
export type DownloadState = "queued" | "running" | "waiting" | "verifying" | "paused" | "done" | "failed" | "cancelled";
export type ModelKind = "chat" | "code" | "reasoning" | "embedding" | "reranking";
export type Verdict = "well" | "slow" | "tight" | "no" | "unknown";
export type Fit = Omit<app.Fit, "verdict"> & { verdict: Verdict };

export type Message = Omit<chats.Message, "role" | "status" | "stopReason" | "timings" | "evidence" | "trial"> & {
  role: Role;
  status: MessageStatus;
  stopReason: StopReason;
  timings?: Timings | null;
  evidence?: Evidence | null;
  trial?: Trial | null;
};
export type Chat = Omit<chats.Chat, "messages" | "sources"> & { messages: Message[]; sources: Sources };
export type Download = Omit<app.Download, "state"> & { state: DownloadState };
export type Settings = Omit<app.Settings, "theme"> & { theme: Theme };
export type State = Omit<app.State, "settings" | "face"> & { settings: Settings; face: "desktop" | "browser" };

export interface TokenEvent {
  chatId: string;
  messageId: string;
  text: string;
  thinking: boolean;
  tokens: number;
  perSecond: number;
}
export interface PrefillEvent {
  chatId: string;
  messageId: string;
  done: number;
  total: number;
}
export interface LoadEvent {
  ref: string;
  done: number;
  total: number;
}

/** Work on the disk that takes a while: ref or dir says on what. */
export interface WorkEvent {
  ref?: string;
  dir?: string;
  done: number;
  total: number;
  state: "running" | "done" | "failed" | "cancelled";
  error: string;
}

/** What the program announces, by event name. */
export interface Events {
  message: Message;
  token: TokenEvent;
  prefill: PrefillEvent;
  load: LoadEvent;
  chat: ChatSummary;
  chatDeleted: { id: string };
  /** Messages of a chat came or went. */
  branch: { chatId: string };
  turn: TurnEvent;
  porting: PortingEvent;
  folder: Folder;
  folderRemoved: { id: string };
  draft: Draft;
  queue: Queue;
  preset: Preset;
  presetRemoved: { id: string };
  models: Model[] | null;
  download: Download;
  settings: Settings;
  network: NetworkRequest;
  /** The machine has been measured. */
  profile: Profile;
  verify: WorkEvent;
  move: WorkEvent;
  bundle: WorkEvent;
  document: Doc;
  documentRemoved: { id: string };
  documentProgress: DocProgress;
  collection: Collection;
  collectionRemoved: { id: string };
  mapProgress: MapProgress;
  filesDropped: { paths: string[] | null };
  /** The window was asked to show a page, by a link. */
  go: { page: string };
  "bridge:open": undefined;
  /** refused: the program answered, but not with its events. */
  "bridge:lost": { refused: boolean };
}

/** Calls the listener on each such event until the returned function is called. */
export function on<Name extends keyof Events>(name: Name, listener: (data: Events[Name]) => void): () => void {
  return EventsOn(name, listener);
}

const list = <T>(items: T[] | null | undefined): T[] => items ?? [];
const withStop = (s: Sampling): Sampling => ({ ...s, stop: list(s.stop) });
const asFit = (f: app.Fit): Fit => ({ ...f, verdict: f.verdict as Verdict });
const asSettings = (s: app.Settings): Settings => ({ ...s, theme: s.theme as Theme, sampling: withStop(s.sampling) });
export const asMessage = (m: chats.Message): Message => ({ ...(m as Message), evidence: asEvidence(m.evidence) });
const asSummary = (s: chats.Summary): ChatSummary => ({ ...s, tags: list(s.tags) });
export const asChat = (c: chats.Chat): Chat => ({ ...c, sampling: withStop(c.sampling), sources: asSources(c.sources), messages: list(c.messages).map(asMessage), tags: list(c.tags) });

export async function state(): Promise<State> {
  const s = await bound.State();
  return {
    ...s,
    face: s.face as State["face"],
    settings: asSettings(s.settings),
    models: list(s.models),
    chats: list(s.chats),
  };
}
export async function hardware(): Promise<Hardware> {
  const h = await bound.Hardware();
  return { ...h, gpus: list(h.gpus), caches: list(h.caches), features: list(h.features) } as Hardware;
}
/** Tells the program that the page can be used. */
export const drawn = (): Promise<void> => bound.Drawn();
/** A notification of the desktop; a browser shows none. */
export const notifyDesktop = (title: string, text: string): Promise<void> => bound.Notify(title, text);
export const snapshotBytes = (): Promise<number> => bound.SnapshotBytes();
export const clearSnapshots = (): Promise<void> => bound.ClearSnapshots();
export const saveSettings = async (s: Settings): Promise<Settings> => asSettings(await bound.SaveSettings(s));

export const chat = async (id: string): Promise<Chat> => asChat(await bound.Chat(id));
export const newChat = async (model: string): Promise<Chat> => asChat(await bound.NewChat(model));
export const searchChats = async (query: string): Promise<ChatSummary[]> => list(await bound.SearchChats(query));
export const newTemporaryChat = async (model: string): Promise<Chat> => asChat(await bound.NewTemporaryChat(model));
export const keepChat = async (id: string): Promise<ChatSummary> => asSummary(await bound.KeepChat(id));
export const arrangeChats = async (ids: readonly string[], a: Arrangement): Promise<ChatSummary[]> =>
  list(await bound.ArrangeChats([...ids], { addTags: [], dropTags: [], ...a } as chats.Arrangement)).map(asSummary);
export const findMessages = async (query: string): Promise<Found[]> =>
  list(await bound.FindMessages(query)).map((f) => ({ ...f, chat: asSummary(f.chat), snippet: list(f.snippet) })) as Found[];
export const folders = async (): Promise<Folder[]> => list(await bound.Folders());
export const createFolder = (name: string): Promise<Folder> => bound.CreateFolder(name);
export const renameFolder = (id: string, name: string): Promise<Folder> => bound.RenameFolder(id, name);
export const deleteFolder = (id: string): Promise<void> => bound.DeleteFolder(id);
export const restoreFolder = (id: string): Promise<Folder> => bound.RestoreFolder(id);
export const renameChat = (id: string, title: string): Promise<ChatSummary> => bound.RenameChat(id, title);
export const deleteChat = (id: string): Promise<void> => bound.DeleteChat(id);
export const restoreChat = (id: string): Promise<ChatSummary> => bound.RestoreChat(id);
export const setChatModel = (id: string, ref: string): Promise<ChatSummary> => bound.SetChatModel(id, ref);
export const setChatSystem = (id: string, system: string): Promise<void> => bound.SetChatSystem(id, system);
export const setChatSampling = (id: string, s: Sampling): Promise<void> => bound.SetChatSampling(id, s);
export const exportChat = (id: string, format: "markdown" | "json"): Promise<string> => bound.ExportChat(id, format);

export const send = async (chatId: string, parentId: string, text: string): Promise<Message[]> =>
  list(await bound.Send(chatId, parentId, text)).map(asMessage);
export const regenerate = async (chatId: string, messageId: string): Promise<Message> =>
  asMessage(await bound.Regenerate(chatId, messageId));
export const editMessage = async (chatId: string, messageId: string, text: string): Promise<Message[]> =>
  list(await bound.EditMessage(chatId, messageId, text)).map(asMessage);
export const selectBranch = async (chatId: string, messageId: string): Promise<Chat> =>
  asChat(await bound.SelectBranch(chatId, messageId));
export const stop = (chatId: string): Promise<void> => bound.Stop(chatId);
export const contextUse = (chatId: string, draft: string): Promise<ContextUse> => bound.ContextUse(chatId, draft);

export const models = async (): Promise<Model[]> => list(await bound.Models());
export const importModel = (path: string): Promise<Model> => bound.ImportModel(path);
export const removeModel = (ref: string): Promise<void> => bound.RemoveModel(ref);
export const loadModel = (ref: string): Promise<void> => bound.LoadModel(ref);
export const catalog = async (): Promise<CatalogEntry[]> =>
  list(await bound.Catalog()).map((e) => ({
    ...e,
    kind: e.kind as ModelKind,
    goodFor: list(e.goodFor),
    languages: list(e.languages),
    files: list(e.files).map((f) => ({ ...f, fit: asFit(f.fit) })),
  })) as CatalogEntry[];
export const fitOf = async (ref: string, context: number, kv: string): Promise<Fit> => asFit(await bound.FitOf(ref, context, kv));
export const searchModels = async (query: string, cursor: string): Promise<FoundModels> => {
  const found = await bound.SearchModels(query, cursor);
  return {
    next: found.next,
    models: list(found.models).map((m) => ({ ...m, files: list(m.files).map((f) => ({ ...f, fit: asFit(f.fit) })) })) as FoundModel[],
  };
};
export const preview = async (ref: string): Promise<Plan> => {
  const p = await bound.Preview(ref);
  return { ...p, files: list(p.files), fit: asFit(p.fit) } as Plan;
};
export const acceptLicence = (licence: string, ref: string): Promise<void> => bound.AcceptLicence(licence, ref);
export const restoreModel = (ref: string): Promise<Model> => bound.RestoreModel(ref);
export const verifyModel = (ref: string): Promise<void> => bound.VerifyModel(ref);
export const cancelVerify = (ref: string): Promise<void> => bound.CancelVerify(ref);
export const measureProfile = (): Promise<Profile> => bound.MeasureProfile();
export const diskUse = async (): Promise<DiskUse> => {
  const use = await bound.DiskUse();
  return { ...use, models: list(use.models) } as DiskUse;
};
export const collectGarbage = (): Promise<number> => bound.CollectGarbage();
export const moveModels = (dir: string): Promise<void> => bound.MoveModels(dir);
export const storesFound = async (): Promise<OtherStore[]> => list(await bound.StoresFound());
export const adoptModels = (tool: string): Promise<number> => bound.AdoptModels(tool);
export const networkLog = async (): Promise<NetworkRequest[]> => list(await bound.NetworkLog());
export const writeBundle = (dir: string, refs: string[]): Promise<void> => bound.WriteBundle(dir, refs);
export const readBundle = (dir: string): Promise<void> => bound.ReadBundle(dir);
export const pull = async (ref: string): Promise<Download> => (await bound.Pull(ref)) as Download;
export const cancelPull = (ref: string): Promise<void> => bound.CancelPull(ref);
export const pausePull = (ref: string): Promise<void> => bound.PausePull(ref);
export const resumePull = (ref: string): Promise<void> => bound.ResumePull(ref);
export const prioritisePull = (ref: string): Promise<void> => bound.PrioritisePull(ref);
export const downloads = async (): Promise<Download[]> => list(await bound.Downloads()) as Download[];

export const chooseFiles = async (title: string): Promise<string[]> => list(await bound.ChooseFiles(title));

/** Tells the window which language is spoken, for its menu; in a browser nobody listens. */
export const tellLanguage = (tag: string): void => EventsEmit("speaks", tag);

/** Copies text; works in the window, where navigator.clipboard may not. */
export async function copyText(text: string): Promise<void> {
  if (!(await ClipboardSetText(text))) throw new Error("The system's clipboard did not take the text.");
}

/** Opens an address in the user's own browser. */
export async function openExternal(url: string, face: State["face"]): Promise<void> {
  if (face === "browser") BrowserOpenURL(url);
  else await bound.OpenExternal(url);
}
