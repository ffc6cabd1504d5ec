import { describe, expect, it } from "vitest";
import { href, parse } from "../src/ui/route";
import type { Message } from "../src/transport/api";
import { differences, likeness, partings } from "../src/compare/differences";
import { cell, connection, fitted, including, inSight, layOut, opening, sizeOf, step, zoomAt, zooms, type Layout } from "../src/compare/layout";
import { every, lineOf, roundUp, span, withSample, type Sample } from "../src/activity/history";
import { beginning, huesOf } from "../src/compare/models";
import { chatOf, withBeside, withSide } from "../src/compare/split";
import { trialOf } from "../src/compare/trials";

const message = (id: string, parentId: string, more: Partial<Message> = {}): Message => ({
  id, chatId: "c", parentId, role: id.startsWith("q") ? "user" : "assistant", content: id, thinking: "", model: id.startsWith("q") ? "" : "tiny", status: "complete", error: "", stopReason: "", leftOut: 0, timings: null, createdAt: 0, ...more,
});

/** A chat of so many messages that branches now and then, always the same. */
function large(n: number): Message[] {
  const all = [message("q0", "")];
  let chance = 7;
  for (let i = 1; i < n; i++) {
    chance = (chance * 1103515245 + 12345) % 2147483648;
    const parent = chance % 9 === 0 ? all[chance % all.length]! : all.at(-1)!;
    all.push(message(`${parent.role === "user" ? "a" : "q"}${i}`, parent.id));
  }
  return all;
}

const cells = (l: Layout) => l.places.map((p) => `${p.column} ${p.row}`);

describe("the map", () => {
  it("puts the first branch straight down, and later ones beside it", () => {
    const l = layOut([message("q1", ""), message("a1", "q1"), message("q2", "a1"), message("a2", "q2"), message("a1b", "q1"), message("a2b", "q2")]);
    const at = Object.fromEntries(l.places.map((p) => [p.message.id, [p.column, p.row]]));
    expect(at).toEqual({ q1: [0, 0], a1: [0, 1], q2: [0, 2], a2: [0, 3], a2b: [1, 3], a1b: [1, 1] });
    expect(l.places.map((p) => p.message.id)).toEqual(["q1", "a1", "q2", "a2", "a2b", "a1b"]);
    expect([l.columns, l.rows]).toEqual([2, 4]);
  });

  it("has a place of its own for each of many messages, below its parent and never to the left of it", () => {
    for (const n of [1, 2, 50, 500, 5000]) {
      const messages = large(n);
      const l = layOut(messages);
      expect(l.places).toHaveLength(n);
      expect(new Set(cells(l)).size).toBe(n);
      for (const p of l.places) {
        if (!p.parent) continue;
        expect(p.row).toBe(p.parent.row + 1);
        expect(p.column).toBeGreaterThanOrEqual(p.parent.column);
      }
    }
  });

  it("moves nothing when a chat grows at its end", () => {
    const messages = large(500);
    const before = new Map(layOut(messages).places.map((p) => [p.message.id, p.column]));
    const line = messages.find((m) => m.parentId === "")!;
    let end = line;
    for (let next; (next = messages.find((m) => m.parentId === end.id)); ) end = next;
    const after = layOut([...messages, message("a-new", end.id)]);
    for (const [id, column] of before) if (column === 0) expect(after.byId.get(id)!.column).toBe(0);
    expect(after.byId.get("a-new")!.column).toBe(0);
  });

  it("survives orphans, circles and nothing at all", () => {
    expect(layOut([]).places).toEqual([]);
    expect(sizeOf(layOut([])).width).toBeGreaterThan(0);
    expect(layOut([message("a1", "gone"), message("q2", "a1")]).places).toHaveLength(2);
    expect(layOut([message("a1", "q2"), message("q2", "a1"), message("q0", "")]).places.map((p) => p.message.id)).toEqual(["q0"]);
    expect(layOut([message("a1", "a1")]).places).toHaveLength(1);
  });

  it("is walked by arrow keys, along the branch that is shown", () => {
    const l = layOut([message("q1", ""), message("a1", "q1"), message("a1b", "q1"), message("q3", "")]);
    const roots = l.places.filter((p) => !p.parent);
    const go = (from: string, key: string, shown: string[] = []) => step(l.byId.get(from)!, key, new Set(shown), roots)?.message.id ?? null;
    expect(go("q1", "ArrowDown")).toBe("a1");
    expect(go("q1", "ArrowDown", ["q1", "a1b"])).toBe("a1b");
    expect(go("a1", "ArrowRight")).toBe("a1b");
    expect(go("a1b", "ArrowRight")).toBe(null);
    expect(go("a1b", "ArrowLeft")).toBe("a1");
    expect(go("a1b", "ArrowUp")).toBe("q1");
    expect(go("q1", "ArrowUp")).toBe(null);
    expect(go("q1", "ArrowRight")).toBe("q3");
    expect(go("q1", "x")).toBe(null);
  });

  const box = { width: 460, height: 300 };

  it("fits wholly into its box, and opens where it can be read", () => {
    const l = layOut(large(500));
    const all = fitted(sizeOf(l), box);
    expect(sizeOf(l).width * all.zoom).toBeLessThanOrEqual(Math.max(box.width, sizeOf(l).width * zooms.least));
    const leaf = l.places.at(-1)!;
    const first = opening(l, leaf, box);
    expect(first.zoom).toBeGreaterThanOrEqual(zooms.readable);
    expect(inSight(l, first, box, 600)).toContain(leaf);
    const small = layOut([message("q1", ""), message("a1", "q1")]);
    expect(inSight(small, opening(small, small.places[1], box), box, 600)).toHaveLength(2);
  });

  it("zooms around a point and brings a message into sight", () => {
    const l = layOut(large(500));
    const v = { x: 100, y: 200, zoom: 1 };
    const at = { x: 50, y: 60 };
    const near = zoomAt(v, 1.5, at);
    expect(near.x + at.x / near.zoom).toBeCloseTo(150);
    expect(near.y + at.y / near.zoom).toBeCloseTo(260);
    expect(zoomAt(v, 1e9, at).zoom).toBe(zooms.most);
    expect(zoomAt(v, 0, at).zoom).toBe(zooms.least);
    for (const p of l.places) expect(inSight(l, including(v, p, box), box, 600)).toContain(p);
  });

  it("draws no more than asked for, those in the middle first", () => {
    const l = layOut(large(5000));
    expect(inSight(l, { x: 0, y: 0, zoom: 0.0001 }, box, 600)).toHaveLength(600);
  });

  it("connects a message with its parent by lines without jumps", () => {
    const l = layOut([message("q1", ""), message("a1", "q1"), message("a1b", "q1")]);
    expect(connection(l.byId.get("q1")!)).toBe("");
    expect(connection(l.byId.get("a1")!)).toBe(`M84 ${cell.height}V${cell.height + cell.gapY}`);
    expect(connection(l.byId.get("a1b")!)).toMatch(/^M84 34V\d+Q84 42 90 42H\d+Q272 42 272 \d+V50$/);
  });
});

describe("differences", () => {
  const text = (pieces: readonly { text: string }[]) => pieces.map((p) => p.text).join("");

  it("are marked word by word and lose nothing", () => {
    const a = "The lift is repaired by the landlord, within 14 days.";
    const b = "The lift is repaired by the tenants, within 14 days!";
    const d = differences(a, b)!;
    expect(text(d.a)).toBe(a);
    expect(text(d.b)).toBe(b);
    expect(d.a.filter((p) => p.own).map((p) => p.text)).toEqual(["landlord", "."]);
    expect(d.b.filter((p) => p.own).map((p) => p.text)).toEqual(["tenants", "!"]);
    expect(likeness(d)).toBeGreaterThan(0.7);
  });

  it("of neighbouring words are one", () => {
    const d = differences("a red lift", "a blue door")!;
    expect(d.a).toEqual([{ text: "a ", own: false }, { text: "red lift", own: true }]);
    expect(d.b).toEqual([{ text: "a ", own: false }, { text: "blue door", own: true }]);
  });

  it("know words where scripts do not part them", () => {
    const [a, b] = ["房东负责修理电梯。", "租客负责修理电梯。"];
    const d = differences(a, b)!;
    expect([text(d.a), text(d.b)]).toEqual([a, b]);
    expect(d.a.filter((p) => !p.own).map((p) => p.text).join("")).toContain("修理");
    const ko = differences("집주인이 승강기를 고칩니다", "세입자가 승강기를 고칩니다")!;
    expect(ko.b.filter((p) => p.own).map((p) => p.text)).toEqual(["세입자가"]);
  });

  it("of equal and of empty texts are none", () => {
    expect(likeness(differences("same", "same")!)).toBe(1);
    expect(likeness(differences("", "")!)).toBe(1);
    expect(differences("", "all new")!.b).toEqual([{ text: "all new", own: true }]);
  });

  it("come to an end on long texts that share nothing", () => {
    const random = (seed: number) => Array.from({ length: 30_000 }, (_, i) => String((i * 7919 * seed + seed) % 10_007)).join(" ");
    const d = differences(random(3), random(5));
    expect(d === null || d.a.length > 0).toBe(true);
  });

  it("of branches begin where they part", () => {
    const all = [message("q1", ""), message("a1", "q1"), message("q2", "a1"), message("a2", "q2"), message("a1b", "q1")];
    const { shared, pairs } = partings(all, "a2", "a1b");
    expect(shared).toBe(1);
    expect(pairs.map((p) => [p.a?.id ?? null, p.b?.id ?? null])).toEqual([["a1", "a1b"], ["q2", null], ["a2", null]]);
    expect(partings(all, "a2", "a2").pairs).toEqual([]);
  });
});

describe("comparisons", () => {
  it("know the answers that were asked for together", () => {
    const trial = { id: "t", adapter: "", verdict: "" as const };
    const all = [message("q1", ""), message("a0", "q1"), message("a1", "q1", { trial }), message("a2", "q1", { trial }), message("a3", "q1", { trial: { ...trial, id: "u" } })];
    expect(trialOf(all, all[2]!).map((m) => m.id)).toEqual(["a1", "a2"]);
    expect(trialOf(all, all[1]!)).toEqual([]);
    expect(trialOf(all, all[4]!)).toEqual([]); // the others are gone
  });

  it("give models colours in the order in which they came", () => {
    const all = [message("q1", ""), message("a1", "q1", { model: "x" }), message("a2", "q1", { model: "y" }), message("a3", "q1", { model: "x" })];
    expect([...huesOf(all)]).toEqual([["x", 0], ["y", 1]]);
  });

  it("show the beginning of a text without its marks", () => {
    expect(beginning("## A **freehold** is\n\n| land |", 40)).toBe("A freehold is land");
    expect(beginning("one two three four", 8)).toBe("one two…");
    expect(beginning("👩‍🌾👩‍🌾", 2)).not.toMatch(/[\ud800-\udbff]$/);
  });
});

describe("two chats", () => {
  it("stand in the address", () => {
    expect(parse("#/chat/a/beside/b%2F")).toEqual({ page: "chat", id: "a", beside: "b/" });
    expect(href({ page: "chat", id: "a", beside: "b/" })).toBe("#/chat/a/beside/b%2F");
    for (const hash of ["#/chat/a/beside/a", "#/chat/a/beside/", "#/chat/a/x/b", "#/chat/a"]) expect(parse(hash)).toEqual({ page: "chat", id: "a" });
    expect(parse("#/chat//beside/b")).toEqual({ page: "chat", id: "" });
  });

  it("are opened and changed side by side", () => {
    expect(withBeside({ page: "chat", id: "a" }, "b")).toEqual({ page: "chat", id: "a", beside: "b" });
    expect(withBeside({ page: "chat", id: "a", beside: "b" }, "c")).toEqual({ page: "chat", id: "a", beside: "c" });
    for (const route of [{ page: "models" }, { page: "chat", id: "" }, { page: "chat", id: "b" }] as const) expect(withBeside(route, "b")).toEqual({ page: "chat", id: "b" });
    const two = { page: "chat", id: "a", beside: "b" } as const;
    expect(withSide(two, "left", "c")).toEqual({ page: "chat", id: "c", beside: "b" });
    expect(withSide(two, "right", "c")).toEqual({ page: "chat", id: "a", beside: "c" });
    expect(withSide(two, "left", "b")).toEqual({ page: "chat", id: "b", beside: "a" });
    expect(withSide(two, "right", "a")).toEqual({ page: "chat", id: "b", beside: "a" });
    expect(withSide({ page: "chat", id: "a" }, "right", "c")).toEqual({ page: "chat", id: "c" });
  });

  it("know links of chats from others", () => {
    const link = (hash: string) => Object.assign(document.createElement("a"), { href: hash });
    expect(chatOf(link("#/chat/a"))).toBe("a");
    for (const hash of ["#/", "#/models", "https://example.org/", "#/chat/a/beside/b/c"]) expect(chatOf(link(hash))).toBe("");
    expect(chatOf(null)).toBe("");
  });
});

describe("the last minutes", () => {
  const at = (ms: number, perSecond = 1): Sample => ({ at: ms, perSecond, memory: 0 });

  it("keep what is within the span, in order", () => {
    let samples: Sample[] = [];
    for (let ms = 0; ms <= 2 * span; ms += every) samples = withSample(samples, at(ms));
    expect(samples[0]!.at).toBe(span + every);
    expect(samples.at(-1)!.at).toBe(2 * span);
    expect(withSample(samples, at(5)).map((s) => s.at)).toEqual([5]); // the clock was set back
  });

  it("are drawn from right to left, with a gap where nobody looked", () => {
    const samples = [at(0, 5), at(every, 10), at(span / 2, 20), at(span / 2 + every, 0)];
    const line = lineOf(samples, (s) => s.perSecond, 10, 300, 100);
    expect(line.match(/M/g)).toHaveLength(2);
    expect(line).toMatch(/^M[\d.]+ 50\.0L/);
    expect(line).toMatch(/M[\d.]+ 0\.0L300\.0 100\.0$/); // what is over the scale stays in the box
    expect(lineOf([], (s) => s.memory, 10, 300, 100)).toBe("");
  });

  it("have round scales", () => {
    expect([0, 0.3, 1, 7, 11, 21, 501, NaN, Infinity].map(roundUp)).toEqual([1, 0.5, 1, 10, 20, 50, 1000, 1, 1]);
  });
});
