import { describe, expect, it } from "vitest";
import type { Chat, Message, TokenEvent } from "../src/transport/api";
import { emptyCache, gotChat, gotDownload, gotLoad, gotMessage, gotPrefill, gotSummary, gotTokens, lostChat, type Cache } from "../src/transport/reduce";
import { newestBelow, pathTo, siblingsOf, withMessage } from "../src/transport/tree";

const message = (id: string, parentId = "", more: Partial<Message> = {}): Message => ({
  id, parentId, chatId: "c", role: "user", content: id, thinking: "", model: "", status: "complete", error: "", stopReason: "", leftOut: 0, timings: null, createdAt: 0, ...more,
});
const answer = (id: string, parentId: string, more: Partial<Message> = {}) => message(id, parentId, { role: "assistant", ...more });
const writing = (id: string, parentId: string) => answer(id, parentId, { status: "streaming", content: "" });
const chat = (messages: Message[], more: Partial<Chat> = {}): Chat => ({
  id: "c", title: "t", model: "m", createdAt: 0, updatedAt: 0, leaf: messages.at(-1)?.id ?? "", generating: false, folder: "", pinned: false, archived: false, tags: [], titledBy: "", temporary: false, system: "", sampling: emptyCache.settings.sampling, sources: { documents: [], collections: [], route: "" }, messages, ...more,
});
const token = (messageId: string, text: string, more: Partial<TokenEvent> = {}): TokenEvent => ({ chatId: "c", messageId, text, thinking: false, tokens: 1, perSecond: 10, ...more });
const after = (cache: Cache, ...changes: ((c: Cache) => Partial<Cache>)[]): Cache => changes.reduce((c, change) => ({ ...c, ...change(c) }), cache);

describe("the tree of a chat", () => {
  // q1 ─ a1 ─ q2 ─ a2
  //    └ a1b      └ q2b
  const all = [message("q1"), answer("a1", "q1"), answer("a1b", "q1"), message("q2", "a1"), message("q2b", "a1"), answer("a2", "q2")];
  const ids = (list: Message[]) => list.map((m) => m.id);

  it("shows the path to a leaf", () => {
    expect(ids(pathTo(all, "a2"))).toEqual(["q1", "a1", "q2", "a2"]);
    expect(ids(pathTo(all, "a1b"))).toEqual(["q1", "a1b"]);
    expect(pathTo(all, "gone")).toEqual([]);
    expect(pathTo([], "")).toEqual([]);
  });
  it("does not run round a circle", () => {
    expect(ids(pathTo([message("x", "y"), message("y", "x")], "x"))).toEqual(["y", "x"]);
  });
  it("knows siblings and newest descendants", () => {
    expect(ids(siblingsOf(all, all[1]!))).toEqual(["a1", "a1b"]);
    expect(ids(siblingsOf(all, all[0]!))).toEqual(["q1"]);
    expect(newestBelow(all, "q1")).toBe("a1b");
    expect(newestBelow(all, "a1")).toBe("q2b");
    expect(newestBelow(all, "q2")).toBe("a2");
    expect(newestBelow([message("x", "x")], "x")).toBe("x");
  });
  it("replaces a message but never makes a finished one write again", () => {
    const done = withMessage([writing("a", "q")], answer("a", "q", { content: "done" }));
    expect(done[0]!.content).toBe("done");
    expect(withMessage(done, writing("a", "q"))).toBe(done);
  });
});

describe("an answer that is being written", () => {
  const begun = after(emptyCache, (c) => gotChat(c, chat([message("q")])), (c) => gotMessage(c, writing("a", "q")));

  it("grows by tokens, thoughts apart from words", () => {
    const c = after(
      begun,
      (x) => gotPrefill(x, { chatId: "c", messageId: "a", done: 10, total: 40 }),
      (x) => gotTokens(x, [token("a", "hm", { thinking: true })], 100),
      (x) => gotTokens(x, [token("a", "m", { thinking: true }), token("a", "Hello"), token("a", " you", { tokens: 5, perSecond: 12 })], 300),
    );
    expect(c.live.a).toMatchObject({ thinking: "hmm", content: "Hello you", tokens: 5, perSecond: 12, prefill: null, thinkingSince: 100, answerSince: 300 });
  });
  it("shows how much of the prompt is read", () => {
    expect(after(begun, (c) => gotPrefill(c, { chatId: "c", messageId: "a", done: 10, total: 40 })).live.a!.prefill).toEqual({ done: 10, total: 40 });
  });
  it("ends with the whole message, and later pieces are dropped", () => {
    const c = after(
      begun,
      (x) => gotTokens(x, [token("a", "part")], 1),
      (x) => gotMessage(x, answer("a", "q", { content: "whole" })),
      (x) => gotTokens(x, [token("a", " late")], 2),
    );
    expect(c.live).toEqual({});
    expect(c.opened.c!.messages.at(-1)!.content).toBe("whole");
  });
  it("survives the late return of the call that began it", () => {
    const ended = after(begun, (x) => gotMessage(x, answer("a", "q", { content: "whole" })), (x) => gotMessage(x, writing("a", "q")));
    expect(ended.live).toEqual({});
    expect(ended.opened.c!.messages.at(-1)!.status).toBe("complete");
    const going = after(begun, (x) => gotTokens(x, [token("a", "part")], 1), (x) => gotMessage(x, writing("a", "q")));
    expect(going.live.a!.content).toBe("part");
  });
  it("keeps what came when the chat is read again, and starts from the stored text when it was not watched", () => {
    const again = after(begun, (x) => gotTokens(x, [token("a", "all of it")], 1), (x) => gotChat(x, chat([message("q"), { ...writing("a", "q"), content: "all" }])));
    expect(again.live.a!.content).toBe("all of it");
    const fresh = after(emptyCache, (x) => gotChat(x, chat([message("q"), { ...writing("a", "q"), content: "all" }])), (x) => gotTokens(x, [token("a", " of it")], 1));
    expect(fresh.live.a!.content).toBe("all of it");
  });
  it("is followed in chats that are not open", () => {
    const c = after(emptyCache, (x) => gotMessage(x, writing("a", "q")), (x) => gotTokens(x, [token("a", "x")], 1));
    expect(c.live.a!.content).toBe("x");
    expect(c.opened).toEqual({});
  });
});

describe("lists", () => {
  const summary = (id: string, updatedAt: number) => ({ id, title: id, model: "", createdAt: 0, updatedAt, leaf: "", generating: false, folder: "", pinned: false, archived: false, tags: [], titledBy: "", temporary: false });

  it("keeps chats newest first and opened ones in step", () => {
    const c = after(emptyCache, (x) => gotChat(x, chat([message("q")], { updatedAt: 1 })), (x) => gotSummary(x, summary("d", 5)), (x) => gotSummary(x, { ...summary("c", 9), title: "renamed" }));
    expect(c.chats.map((s) => s.id)).toEqual(["c", "d"]);
    expect(c.opened.c!.title).toBe("renamed");
    expect(c.opened.c!.messages).toHaveLength(1);
    const less = after(c, (x) => lostChat(x, "c"));
    expect(less.chats.map((s) => s.id)).toEqual(["d"]);
    expect(less.opened).toEqual({});
  });
  it("keeps failed and finished downloads in sight and lets cancelled ones go", () => {
    const d = { ref: "r", name: "n", state: "running" as const, done: 1, total: 2, perSecond: 1, note: "", error: "", model: "" };
    const running = after(emptyCache, (x) => gotDownload(x, d));
    expect(running.downloads.r!.done).toBe(1);
    expect(after(running, (x) => gotDownload(x, { ...d, state: "failed" })).downloads.r!.state).toBe("failed");
    expect(after(running, (x) => gotDownload(x, { ...d, state: "done" })).downloads.r!.state).toBe("done");
    expect(after(running, (x) => gotDownload(x, { ...d, state: "cancelled" })).downloads).toEqual({});
  });
  it("forgets a model's loading once it is ready", () => {
    const c = after(emptyCache, (x) => gotLoad(x, { ref: "m", done: 1, total: 2 }));
    expect(c.loading).toEqual({ ref: "m", done: 1, total: 2 });
    expect(after(c, (x) => gotLoad(x, { ref: "m", done: 2, total: 2 })).loading).toBeNull();
  });
});
