import { afterEach, describe, expect, it, vi } from "vitest";
import { highlight, languageLabel } from "../src/chat/highlight";
import { sends } from "../src/chat/keys";
import { between, groupByDay, matches, sections, tagsOf } from "../src/sidebar/list";
import { placesOf } from "../src/search/highlight";
import { worthTelling } from "../src/ui/longWork";
import { nextSize } from "../src/ui/zoom";
import { narrowed, wordsOf } from "../src/search/narrow";
import type { ChatSummary, Found } from "../src/transport/api";
import { isModelFile } from "../src/models/AddModel";
import { bytes, dayLabel, duration, memory, parameters, percent, rate, remaining, sentence } from "../src/ui/format";
import { guardComposing } from "../src/ui/composing";
import { externalAddress, guardDrops, guardLinks } from "../src/ui/guards";
import { href, parse } from "../src/ui/route";

describe("days", () => {
  const at = (text: string) => new Date(text).getTime();
  const now = at("2026-03-18T09:00:00"); // a Wednesday
  it.each([
    ["2026-03-18T00:00:01", "Today"],
    ["2026-03-18T23:59:00", "Today"],
    ["2026-03-17T23:59:00", "Yesterday"],
    ["2026-03-16T12:00:00", "Monday"],
    ["2026-03-12T12:00:00", "Thursday"],
    ["2026-03-11T12:00:00", "Earlier this month"],
    ["2026-02-20T12:00:00", "February"],
    ["2025-03-18T12:00:00", "March 2025"],
  ])("%s is %s", (time, label) => expect(dayLabel(at(time), now)).toBe(label));

  it("groups a list that comes newest first", () => {
    const chat = (id: string, time: string) => ({ id, title: id, model: "", createdAt: 0, updatedAt: at(time), leaf: "", generating: false, folder: "", pinned: false, archived: false, tags: [], titledBy: "", temporary: false });
    const groups = groupByDay([chat("a", "2026-03-18T08:00"), chat("b", "2026-03-18T01:00"), chat("c", "2026-03-17T20:00")], now);
    expect(groups.map((g) => [g.label, g.chats.map((c) => c.id)])).toEqual([["Today", ["a", "b"]], ["Yesterday", ["c"]]]);
  });
});

describe("numbers", () => {
  it.each([[0, "0 B"], [999, "999 B"], [1000, "1 kB"], [98_400_000, "98.4 MB"], [999_600_000, "1 GB"], [2_497_000_000, "2.5 GB"], [123_400_000_000, "123 GB"]])("%d bytes are %s", (n, s) => expect(bytes(n)).toBe(s));
  it.each([[134_515_008, "135M"], [1_720_000_000, "1.7B"], [8_000_000_000, "8B"], [0, ""]])("%d parameters are %s", (n, s) => expect(parameters(n)).toBe(s));
  it.each([[0.4, "0 ms"], [85, "85 ms"], [214, "0.2 s"], [59_949, "59.9 s"], [185_000, "3 min 05 s"]])("%d ms are %s", (n, s) => expect(duration(n)).toBe(s));
  it("others", () => {
    expect(memory(2 ** 35)).toBe("32 GiB");
    expect(memory(2 ** 29)).toBe("512 MiB");
    expect([rate(9.87), rate(123.4)]).toEqual(["9.9", "123"]);
    expect([remaining(0), remaining(70), remaining(600), remaining(9000), remaining(Infinity)]).toEqual(["1 s left", "70 s left", "10 min left", "2.5 h left", ""]);
    expect([percent(1, 0), percent(5, 10), percent(20, 10)]).toEqual([0, 50, 100]);
  });
});

describe("sentence", () => {
  it.each([
    ["not enough memory; close programs", "Not enough memory; close programs."],
    ["/home/ada/x.gguf: not a GGUF file", "/home/ada/x.gguf: not a GGUF file."],
    ["gguf.Open failed", "gguf.Open failed."],
    ["Freehold is closing.", "Freehold is closing."],
    ["  ", ""],
  ])("%j becomes %j", (from, to) => expect(sentence(from)).toBe(to));
});

describe("the address", () => {
  it.each([
    ["", { page: "chat", id: "" }],
    ["#/", { page: "chat", id: "" }],
    ["#/chat/a%2Fb", { page: "chat", id: "a/b" }],
    ["#/chat/%E0%A4%A", { page: "chat", id: "" }],
    ["#/models", { page: "models" }],
    ["#/settings", { page: "settings" }],
    ["#/elsewhere", { page: "chat", id: "" }],
  ])("%j", (hash, route) => expect(parse(hash)).toEqual(route));
  it("is written as it is read", () => {
    for (const r of [{ page: "chat", id: "a/b ü" }, { page: "chat", id: "" }, { page: "models" }] as const) expect(parse(href(r))).toEqual(r);
  });
});

describe("the sending key", () => {
  const key = (more: object, native: object = {}) =>
    sends({ key: "Enter", shiftKey: false, altKey: false, ctrlKey: false, metaKey: false, nativeEvent: { isComposing: false, keyCode: 13, ...native }, ...more });
  it("is Enter, alone or with Ctrl", () => {
    expect(key({})).toBe(true);
    expect(key({ ctrlKey: true })).toBe(true);
    expect(key({ shiftKey: true })).toBe(false);
    expect(key({ key: "a" })).toBe(false);
  });
  it("never belongs to an input method", () => {
    expect(key({}, { isComposing: true, keyCode: 229 })).toBe(false);
    expect(key({}, { isComposing: false, keyCode: 229 })).toBe(false); // WebKit's last key of a composition
    expect(key({}, { isComposing: true })).toBe(false);
  });
});

describe("keys of an input method", () => {
  const listening = (events: KeyboardEvent[]) => {
    const heard: string[] = [];
    const letGo = guardComposing();
    const field = document.body.appendChild(document.createElement("input"));
    const hear = (e: Event) => heard.push((e as KeyboardEvent).key);
    document.addEventListener("keydown", hear, true);
    field.addEventListener("keydown", hear);
    for (const e of events) field.dispatchEvent(e);
    letGo();
    field.remove();
    document.removeEventListener("keydown", hear, true);
    return heard;
  };
  const key = (name: string, more: KeyboardEventInit = {}) => new KeyboardEvent("keydown", { key: name, keyCode: 13, bubbles: true, cancelable: true, ...more } as KeyboardEventInit);
  const composition = (type: string) => new Event(type, { bubbles: true }) as KeyboardEvent;

  it("reach nobody in Chromium, where the key comes before the end of the composition", () => {
    expect(listening([composition("compositionstart"), key("Process", { keyCode: 229, isComposing: true } as KeyboardEventInit), key("Enter", { isComposing: true }), key("Escape", { isComposing: true }), composition("compositionend")])).toEqual([]);
  });
  it("reach nobody in WebKit, where it comes behind it", () => {
    expect(listening([composition("compositionstart"), composition("compositionend"), key("Enter", { keyCode: 229 } as KeyboardEventInit)])).toEqual([]);
  });
  it("are the only ones: the next Enter is the user's", () => {
    expect(listening([composition("compositionend"), key("Enter", { keyCode: 229 } as KeyboardEventInit), key("Enter")])).toEqual(["Enter", "Enter"]);
  });
  it("keep what the input method does with them", () => {
    const e = key("Enter", { isComposing: true });
    listening([e]);
    expect(e.defaultPrevented).toBe(false);
  });
});

describe("links", () => {
  it.each([
    ["https://example.org/a", "https://example.org/a"],
    ["mailto:a@example.org", "mailto:a@example.org"],
    ["javascript:alert(1)", null],
    ["file:///etc/passwd", null],
    ["data:text/html,x", null],
    ["page.html", null],
    ["#note", null],
  ])("%s opens %s", (link, url) => expect(externalAddress(link)).toBe(url));

  let end = () => {};
  afterEach(() => end());
  it("open outside, and none leaves the page but the page's own", () => {
    const open = vi.fn();
    end = guardLinks(open);
    document.body.innerHTML = `<a id="out" href="https://example.org/"><b>x</b></a><a id="rel" href="other.html">x</a><a id="in" href="#/models">x</a>`;
    const click = (selector: string) => {
      const e = new MouseEvent("click", { bubbles: true, cancelable: true });
      document.querySelector(selector)!.dispatchEvent(e);
      return e.defaultPrevented;
    };
    expect(click("#out b")).toBe(true);
    expect(click("#rel")).toBe(true);
    expect(click("#in")).toBe(false);
    expect(open.mock.calls).toEqual([["https://example.org/"]]);
  });
});

describe("drops", () => {
  const fire = (type: string, types: string[], files: unknown[] = []) => {
    const e = new Event(type, { bubbles: true, cancelable: true });
    Object.assign(e, { dataTransfer: { types, files } });
    window.dispatchEvent(e);
    return e.defaultPrevented;
  };
  it.each([[["Files"]], [["text/uri-list", "text/html"]]])("of %j never replace the page", (types) => {
    const hover = vi.fn();
    const dropped = vi.fn();
    const end = guardDrops(hover, dropped);
    expect(fire("dragover", types)).toBe(true);
    expect(fire("drop", types, ["file"])).toBe(true);
    expect(hover.mock.calls).toEqual([[true], [false]]);
    expect(dropped).toHaveBeenCalledWith(expect.objectContaining({ files: ["file"] }));
    expect(fire("dragover", ["text/plain"])).toBe(false); // text may be dropped into a field
    end();
    expect(fire("drop", types)).toBe(false);
  });
  it("know model files by their names", () => {
    expect(["/a/b.gguf", "C:\\x.GGUF ", "b.pdf", "gguf"].map(isModelFile)).toEqual([true, true, false, false]);
  });
});

describe("code", () => {
  it("is coloured with its text escaped", () => {
    const html = highlight("const a = '<img onerror=x>' // b", "ts")!;
    expect(html).toContain("hljs-keyword");
    expect(html).not.toContain("<img");
    expect(highlight("x", "brainfuck")).toBeNull();
    expect(highlight("x".repeat(50_000), "ts")).toBeNull();
  });
  it("names its language", () => {
    expect(["py", "TS", "zig"].map(languageLabel)).toEqual(["Python", "TypeScript", "zig"]);
  });
});

describe("the list of chats", () => {
  const chat = (id: string, more: Partial<ChatSummary> = {}): ChatSummary => ({ id, title: id, model: "", createdAt: 0, updatedAt: 0, leaf: "", generating: false, folder: "", pinned: false, archived: false, tags: [], titledBy: "", temporary: false, ...more });
  const folder = (id: string) => ({ id, name: id.toUpperCase(), createdAt: 0 });
  it("shows each chat in one place", () => {
    const s = sections([chat("a", { pinned: true, folder: "f" }), chat("b", { folder: "f" }), chat("c", { folder: "gone" }), chat("d")], [folder("f"), folder("g")], 0);
    expect(s.pinned.map((c) => c.id)).toEqual(["a"]);
    expect(s.folders.map((f) => [f.folder.id, f.chats.map((c) => c.id)])).toEqual([["f", ["b"]], ["g", []]]);
    expect(s.days.flatMap((d) => d.chats.map((c) => c.id))).toEqual(["c", "d"]);
  });
  it("keeps the archive apart, and filters by tag", () => {
    const all = [chat("a", { archived: true, tags: ["x"] }), chat("b", { tags: ["x", "y"] }), chat("c", { tags: ["y"] }), chat("d", { tags: ["y"] })];
    const ids = (archived: boolean, tag: string) => all.filter((c) => matches({ archived, tag }, c)).map((c) => c.id).join("");
    expect([ids(false, ""), ids(true, ""), ids(false, "x"), ids(true, "y")]).toEqual(["bcd", "a", "b", ""]);
    expect(tagsOf(all)).toEqual(["y", "x"]);
  });
  it("selects from one to another, either way round", () => {
    const order = ["a", "b", "c", "d"];
    expect([between(order, "d", "b"), between(order, "b", "b"), between(order, "gone", "c")]).toEqual([["b", "c", "d"], ["b"], ["c"]]);
  });
});

describe("what was looked for", () => {
  const hit = (more: Partial<Found>) => ({ messageId: "m", role: "user", createdAt: 0, snippet: [], ...more }) as unknown as Found;
  it("is narrowed by who wrote it and when", () => {
    const day = 86_400_000;
    const all = [hit({ createdAt: 99 * day }), hit({ role: "assistant", createdAt: 80 * day }), hit({ messageId: "", role: "user", createdAt: 99 * day })];
    const n = (who: "" | "user" | "assistant", when: "" | "week" | "month") => narrowed(all, who, when, 100 * day).length;
    expect([n("", ""), n("user", ""), n("assistant", "week"), n("assistant", "month"), n("", "week")]).toEqual([3, 1, 0, 1, 2]);
  });
  it("is found however it is written", () => {
    expect(placesOf("Rent, rent and RENTAL", ["rent"])).toEqual([[0, 4], [6, 10], [15, 19]]);
    expect(placesOf("ok", [""])).toEqual([]);
    expect(wordsOf(" 임대료, rent? ")).toEqual(["임대료", "rent"]);
  });
});

describe("the size of the interface", () => {
  it("goes by steps and stays within them", () => {
    expect([nextSize(0, 1), nextSize(100, -1), nextSize(200, 1), nextSize(75, -1), nextSize(130, 1)]).toEqual([110, 90, 200, 75, 150]);
  });
});

describe("what the desktop is told", () => {
  it("is long work that nobody watched", () => {
    expect([worthTelling(0, 10_000, false), worthTelling(0, 10_000, true), worthTelling(0, 9_000, false), worthTelling(undefined, 99_000, false)]).toEqual([true, false, false, false]);
  });
});
