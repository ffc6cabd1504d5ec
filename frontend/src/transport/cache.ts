// What the frontend knows of the program's state. The program owns it; this is
// a cache, filled by calls and kept fresh by events.
import { create } from "zustand";
import * as api from "./api";
import { UnauthorisedError, UnreachableError } from "./bridge";
import * as reduce from "./reduce";
import { emptyCache, type Cache } from "./reduce";

export const useCache = create<Cache>(() => emptyCache);

type Reducer<Data> = (cache: Cache, data: Data) => Partial<Cache>;
const apply = <Data>(reducer: Reducer<Data>) => (data: Data) => useCache.setState((cache) => reducer(cache, data));

export const putSettings = (settings: api.Settings) => useCache.setState({ settings });
export const putModels = (models: api.Model[] | null) => useCache.setState({ models: models ?? [] });
export const putChat = apply(reduce.gotChat);
export const putSummary = apply(reduce.gotSummary);
export const putMessage = apply(reduce.gotMessage);
export const putDownload = apply(reduce.gotDownload);
export const dropChat = apply(reduce.lostChat);
export const putCollection = apply(reduce.gotCollection);
export const dropCollection = apply(reduce.lostCollection);
export const putFolder = apply(reduce.gotFolder);
export const dropFolder = apply(reduce.lostFolder);
export const putQueue = apply(reduce.gotQueue);
export const putPreset = apply(reduce.gotPreset);
export const dropPreset = apply(reduce.lostPreset);
export const putDocuments = (documents: readonly api.Doc[]) =>
  useCache.setState((cache) => reduce.gotDocEvents(cache, documents.map((doc) => ({ doc }))));
export const dropDocuments = (ids: readonly string[]) =>
  useCache.setState((cache) => reduce.gotDocEvents(cache, ids.map((removed) => ({ removed }))));
const gotWork = (key: string, e: api.WorkEvent) => useCache.setState((cache) => reduce.gotWork(cache, key, e));
/** Puts failed work out of sight. */
export const dropWork = (key: string) => useCache.setState(({ work: { [key]: _gone, ...others } }) => ({ work: others }));
export const dropDownload = (ref: string) => useCache.setState(({ downloads: { [ref]: _gone, ...others } }) => ({ downloads: others }));

/** Reads everything again: at the start and whenever the browser finds the program again. */
export async function refresh(): Promise<void> {
  try {
    const [state, downloads, documents, collections, folders, queues, presets] = await Promise.all([
      api.state(),
      api.downloads().catch(() => []),
      api.documents().catch(() => []),
      api.collections().catch(() => []),
      api.folders().catch(() => []),
      api.queues().catch(() => []),
      api.presets().catch(() => []),
    ]);
    useCache.setState((cache) => ({ ...reduce.gotLibrary(cache, { documents, collections, folders }), ...reduce.gotState(cache, state) }));
    // Pieces may have been missed: answers go on from what the program has kept of them.
    useCache.setState({ downloads: {}, live: {}, queues: Object.fromEntries(queues.map((q) => [q.chatId, q])), presets });
    for (const d of downloads) putDownload(d);
    const known = new Set(state.chats.map((s) => s.id));
    await Promise.all(
      Object.keys(useCache.getState().opened).map((id) => (known.has(id) ? openChat(id).catch(() => dropChat(id)) : dropChat(id))),
    );
  } catch (e) {
    const failure = e instanceof Error ? e : new Error(String(e));
    useCache.setState(({ phase, connected }) => {
      if (phase !== "ready" || failure instanceof UnauthorisedError) return { phase: "failed", failure };
      return { connected: connected && !(failure instanceof UnreachableError) };
    });
  }
}

export async function openChat(id: string): Promise<void> {
  putChat(await api.chat(id));
}

/**
 * Collects token events and applies them once per animation frame, so that a
 * fast model costs one render per frame. A hidden page has no frames: there a
 * timer does it.
 */
let pieces: api.TokenEvent[] = [];
let armed = false;

function flush(): void {
  armed = false;
  const events = pieces;
  pieces = [];
  if (events.length) useCache.setState((cache) => reduce.gotTokens(cache, events, performance.now()));
}

function gotToken(e: api.TokenEvent): void {
  pieces.push(e);
  if (armed) return;
  armed = true;
  if (document.hidden) setTimeout(flush, 250);
  else requestAnimationFrame(flush);
}

/** The same for documents, of which thousands may be told of within a second. */
let happened: reduce.DocEvent[] = [];

function flushDocuments(): void {
  const events = happened;
  happened = [];
  if (events.length) useCache.setState((cache) => reduce.gotDocEvents(cache, events));
}

function gotDocEvent(e: reduce.DocEvent): void {
  if (happened.push(e) > 1) return;
  if (document.hidden) setTimeout(flushDocuments, 250);
  else requestAnimationFrame(flushDocuments);
}

/** Listens to the program. Returns the function that ends it. */
export function connect(): () => void {
  let first = true;
  const ends = [
    api.on("token", gotToken),
    api.on("message", (m) => {
      flush(); // in order: the pieces before the whole
      putMessage({ ...m, evidence: api.asEvidence(m.evidence) });
    }),
    api.on("prefill", apply(reduce.gotPrefill)),
    api.on("load", apply(reduce.gotLoad)),
    api.on("chat", putSummary),
    api.on("chatDeleted", ({ id }) => dropChat(id)),
    api.on("branch", ({ chatId }) => {
      if (useCache.getState().opened[chatId]) openChat(chatId).catch(() => {});
    }),
    api.on("turn", apply(reduce.gotTurn)),
    api.on("folder", putFolder),
    api.on("queue", (q) => putQueue(api.asQueue(q as never))),
    api.on("preset", (p) => putPreset(api.asPreset(p as never))),
    api.on("presetRemoved", ({ id }) => dropPreset(id)),
    api.on("folderRemoved", ({ id }) => dropFolder(id)),
    api.on("models", putModels),
    api.on("download", putDownload),
    api.on("settings", putSettings),
    api.on("network", apply(reduce.gotRequest)),
    api.on("verify", (e) => gotWork(`verify ${e.ref}`, e)),
    api.on("move", (e) => gotWork("move", e)),
    api.on("bundle", (e) => gotWork("bundle", e)),
    api.on("document", (d) => gotDocEvent({ doc: api.asDoc(d) })),
    api.on("documentRemoved", ({ id }) => gotDocEvent({ removed: id })),
    api.on("documentProgress", (progress) => gotDocEvent({ progress })),
    api.on("collection", putCollection),
    api.on("collectionRemoved", ({ id }) => dropCollection(id)),
    api.on("mapProgress", apply(reduce.gotMap)),
    api.on("bridge:lost", ({ refused }) => {
      useCache.setState({ connected: false });
      if (refused) void refresh(); // a call tells why, the stream does not
    }),
    api.on("bridge:open", () => {
      const { connected, phase } = useCache.getState();
      // What happened between the first reading and the stream was told to nobody.
      if (!first || !connected || phase === "ready") void refresh();
      first = false;
      useCache.setState({ connected: true });
    }),
  ];
  void begin();
  return () => ends.forEach((end) => end());
}

const patience = 10_000; // ms for the program to open its data; the window may be there first

/** The first reading: tried again for a while before it is called a failure. */
async function begin(): Promise<void> {
  const giveUp = performance.now() + patience;
  for (;;) {
    await refresh();
    const { phase, failure } = useCache.getState();
    if (phase !== "failed" || failure instanceof UnauthorisedError || performance.now() > giveUp) return;
    useCache.setState({ phase: "starting", failure: null });
    await new Promise((done) => setTimeout(done, 250));
  }
}
