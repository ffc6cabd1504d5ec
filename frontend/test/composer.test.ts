// What is written, found and pressed: the parts that need no page.
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { adopt, keepDrafts, saveDrafts } from "../src/chat/drafts";
import { pastedFiles } from "../src/chat/pasted";
import { offers, typed, type Command } from "../src/chat/slash";
import { fuzzy } from "../src/palette/fuzzy";
import { asked, fill, partsOf } from "../src/presets/variables";
import { keysOf, matches, shortcutFor, shortcutNames, shortcuts } from "../src/ui/shortcuts";
import { setDraft, setPending, useView } from "../src/ui/view";

describe("variables of prompts", () => {
  const now = new Date(2026, 10, 23, 15, 4);
  const filled = (prompt: string, values: Record<string, string> = {}) => fill(partsOf(prompt), values, now, "en-GB");
  it("fills in what it knows and leaves everything else", () => {
    expect(filled("On {{date}} at {{ time }}: {{nothing}} {{input:}} {{{date}}}")).toBe("On 23 November 2026 at 15:04: {{nothing}} {{input:}} {23 November 2026}");
  });
  it("asks for each name once, in order", () => {
    expect(asked(partsOf("{{input: Who }} {{selection}} {{input:Who}} {{clipboard}} {{date}}"))).toEqual([{ kind: "input", name: "Who" }, { kind: "selection" }, { kind: "clipboard" }]);
  });
  it("never reads what is filled in", () => {
    expect(filled("{{input:A}}/{{selection}}", { "input:A": "{{selection}} $& $1 {{input:A}}", selection: "{{date}}" })).toBe("{{selection}} $& $1 {{input:A}}/{{date}}");
    expect(filled("{{input:__proto__}}{{input:toString}}")).toBe("");
  });
  it("takes a megabyte of braces without stopping", () => {
    const hostile = "{{input:".repeat(130_000);
    expect(filled(hostile)).toBe(hostile);
  });
});

describe("finding by some letters", () => {
  const best = (query: string, ...names: string[]) =>
    names
      .map((name) => ({ name, score: fuzzy(query, name)?.score ?? -Infinity }))
      .filter((n) => n.score > -Infinity)
      .sort((a, b) => b.score - a.score)
      .map((n) => n.name);
  it("prefers whole words at beginnings", () => {
    expect(best("set", "Reset", "Settings", "Some sets")).toEqual(["Settings", "Some sets", "Reset"]);
  });
  it("takes first letters, and every word of the query", () => {
    expect(best("nc", "New chat", "Once")[0]).toBe("New chat");
    expect(best("boat names", "Names for a sailing boat", "Boats")).toEqual(["Names for a sailing boat"]);
  });
  it("does not mind case and accents, nor confuse places", () => {
    expect(fuzzy("uber", "Über uns")!.at).toEqual([0, 1, 2, 3]);
    expect(fuzzy("나무", "소나무 숲")!.at).toEqual([1, 2]);
  });
  it("finds nothing in letters from all over the place", () => {
    expect(fuzzy("zzz", "Names")).toBeNull();
    expect(fuzzy("aeo", "Names for a sailing boat on seas")).toBeNull();
  });
});

describe("commands", () => {
  const command = (name: string, more: Partial<Command> = {}): Command => ({ name, hint: `does ${name}`, run: () => {}, ...more });
  const all = [command("model", { choices: () => [{ value: "Qwen3", hint: "qwen3-4b" }, { value: "Tiny", hint: "tiny" }] }), command("title", { needs: true }), command("temp")];
  it("begin a text and end with the first space", () => {
    expect(typed("/mo")).toEqual({ word: "mo", rest: null });
    expect(typed("/model ")).toEqual({ word: "model", rest: "" });
    expect(typed("/title a\nb")).toEqual({ word: "title", rest: "a\nb" });
    for (const text of ["", "a /b", "/usr/bin", " /a", "//"]) expect(typed(text), text).toBeNull();
  });
  it("are offered by name, and what may stand behind them", () => {
    const names = (text: string) => offers(all, typed(text)!).map((o) => o.label);
    expect(names("/")).toEqual(["/model", "/title", "/temp"]);
    expect(names("/te")[0]).toBe("/temp");
    expect(names("/model ")).toEqual(["/model Qwen3", "/model Tiny"]);
    expect(names("/model qw")).toEqual(["/model Qwen3"]);
    expect(names("/title new name")).toEqual(["/title"]);
    expect(names("/nothing x")).toEqual([]);
  });
});

describe("keys", () => {
  const press = (keys: string, more: Partial<KeyboardEvent> = {}) => {
    const parts = keys.split("+");
    const key = parts.pop()!;
    return { key, code: /^[a-z]$/.test(key) ? `Key${key.toUpperCase()}` : key, ctrlKey: parts.includes("Ctrl"), metaKey: parts.includes("Meta"), altKey: parts.includes("Alt"), shiftKey: parts.includes("Shift"), isComposing: false, keyCode: 0, target: document.body, ...more } as KeyboardEvent;
  };
  it("mean one thing each, on every platform", () => {
    for (const apple of [false, true]) {
      const taken = new Map<string, string>();
      for (const name of shortcutNames.filter((n) => !("local" in shortcuts[n] && shortcuts[n].local)))
        for (const keys of keysOf(name, apple)) {
          expect(taken.get(keys), `${keys} of ${name}`).toBeUndefined();
          taken.set(keys, name);
        }
    }
  });
  it("take none of the browsers' and the systems' own", () => {
    const reserved = ["Mod+c", "Mod+v", "Mod+x", "Mod+a", "Mod+z", "Mod+y", "Mod+f", "Mod+p", "Mod+s", "Mod+r", "Mod+t", "Mod+w", "Mod+l", "Mod+d", "Mod+h", "Mod+j", "Mod+u", "Mod+Shift+c", "Mod+Shift+i", "Mod+Shift+n", "Mod+Shift+t", "Mod+Shift+p", "Alt+ArrowLeft", "Alt+ArrowRight", "Alt+d", "Alt+e", "Alt+f", "Alt+v", "Alt+s", "Alt+b", "Alt+t", "Alt+h", "F5", "F11", "F12"];
    for (const apple of [false, true]) for (const name of shortcutNames) for (const keys of keysOf(name, apple)) expect(reserved, name).not.toContain(keys);
  });
  it("are recognised, with signs on other keys and letters of other scripts", () => {
    expect(shortcutFor(press("Ctrl+k"), false)).toBe("palette");
    expect(shortcutFor(press("Meta+k"), true)).toBe("palette");
    expect(shortcutFor(press("Ctrl+k"), true)).toBeUndefined();
    expect(shortcutFor(press("Ctrl+Shift+/"), false)).toBe("keys"); // Shift+7 in Germany
    expect(shortcutFor(press("Ctrl+ㅏ", { code: "KeyK" }), false)).toBe("palette");
    expect(shortcutFor(press("Ctrl+Shift+F"), false)).toBe("search");
    expect(matches(press("Alt+m", { ctrlKey: true }), "Alt+m", false)).toBe(false); // AltGr
  });
  it("leave letters to fields, and everything to input methods", () => {
    const field = document.createElement("textarea");
    expect(shortcutFor(press("/", { target: field }), false)).toBeUndefined();
    expect(shortcutFor(press("?", { target: field }), false)).toBeUndefined();
    expect(shortcutFor(press("/"), false)).toBe("focus");
    expect(shortcutFor(press("Alt+r", { target: field }), false)).toBe("regenerate");
    expect(shortcutFor(press("Ctrl+k", { isComposing: true }), false)).toBeUndefined();
    expect(shortcutFor(press("Ctrl+k", { keyCode: 229 }), false)).toBeUndefined();
  });
});

describe("drafts", () => {
  const saved = vi.fn(async (d: { chatId: string; text: string; editedAt: number }) => d);
  let end = () => {};
  beforeEach(() => {
    vi.useFakeTimers();
    saved.mockClear();
    const host = window as unknown as { go: unknown; runtime: unknown };
    host.go = { app: { App: { SaveDraft: saved, Drafts: async () => [] } } };
    host.runtime = { EventsOnMultiple: () => () => {} };
    useView.setState({ drafts: {}, pending: {} });
    end = keepDrafts();
  });
  afterEach(() => {
    end();
    vi.useRealTimers();
  });
  it("are saved a moment after the last key", async () => {
    setDraft("a", "o");
    setDraft("a", "on");
    await vi.advanceTimersByTimeAsync(300);
    expect(saved).not.toHaveBeenCalled();
    await vi.advanceTimersByTimeAsync(200);
    expect(saved.mock.calls.map(([d]) => [d.chatId, d.text])).toEqual([["a", "on"]]);
  });
  it("are saved at once when the page goes", () => {
    setDraft("a", "going");
    saveDrafts();
    expect(saved).toHaveBeenCalledOnce();
  });
  it("give way to newer ones only, and do not echo", async () => {
    setDraft("a", "mine");
    const now = Date.now();
    adopt({ chatId: "a", text: "older", editedAt: now - 1000 });
    expect(useView.getState().drafts.a).toBe("mine");
    await vi.advanceTimersByTimeAsync(500);
    adopt({ chatId: "a", text: "newer", editedAt: now + 1000 });
    expect(useView.getState().drafts.a).toBe("newer");
    await vi.advanceTimersByTimeAsync(1000);
    expect(saved).toHaveBeenCalledOnce();
  });
  it("of a temporary chat that does not exist yet stay here", async () => {
    setPending({ temporary: true });
    setDraft("", "whispered");
    await vi.advanceTimersByTimeAsync(1000);
    saveDrafts();
    expect(saved).not.toHaveBeenCalled();
  });
  it("are tried again when the program was away", async () => {
    saved.mockRejectedValueOnce(new Error("away"));
    setDraft("a", "kept");
    await vi.advanceTimersByTimeAsync(500);
    saveDrafts();
    expect(saved).toHaveBeenCalledTimes(2);
  });
});

describe("what is pasted", () => {
  const clip = (names: string[], text = "") => ({ files: names.map((n) => new File(["x"], n, { type: "image/png" })) as unknown as FileList, getData: () => text });
  it("is files unless there is text with them, and pictures get a name", () => {
    const now = new Date(2026, 10, 23, 15, 4, 5);
    expect(pastedFiles(clip(["image.png", "a.txt"]), now).map((f) => f.name)).toEqual(["Pasted picture 2026-11-23 15.04.05.png", "a.txt"]);
    expect(pastedFiles(clip(["image.png"], "words"))).toEqual([]);
    expect(pastedFiles(null)).toEqual([]);
  });
});
