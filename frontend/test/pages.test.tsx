// The pages over the stand-in program, in a made-up document.
import { flushSync } from "react-dom";
import { createRoot, type Root } from "react-dom/client";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { EventBus } from "../src/transport/bridge";
import { connect, useCache } from "../src/transport/cache";
import { emptyCache } from "../src/transport/reduce";
import { shownEntries } from "../src/models/Catalogue";
import { merged } from "../src/network/NetworkPage";
import type { NetworkRequest } from "../src/transport/api";
import { App } from "../src/ui/App";
import { useView } from "../src/ui/view";
import { dispatch, FakeApp } from "./fake";

let root: Root;
let app: FakeApp;
let bus: EventBus;
let end: () => void;

const host = window as unknown as { go: unknown; runtime: unknown };

async function start(options: ConstructorParameters<typeof FakeApp>[2] = {}, face: "desktop" | "browser" = "desktop") {
  bus = new EventBus();
  app = new FakeApp((name, data) => bus.emit(name, structuredClone(data)), face, { pace: 1, ...options });
  const methods = new Proxy({}, { get: (_t, m) => (...args: unknown[]) => dispatch(app, String(m), args) });
  host.go = { app: { App: methods } };
  host.runtime = {
    EventsOnMultiple: (name: string, f: () => void, max: number) => bus.on(name, f, max),
    EventsEmit: (name: string, ...data: unknown[]) => bus.emit(name, ...data),
    ClipboardSetText: vi.fn(async () => true),
  };
  useCache.setState(emptyCache, true);
  useView.setState({ drafts: {}, sidebar: true, panel: false, pending: {}, reader: null, leaving: [] });
  location.hash = "";
  document.body.innerHTML = `<div id="root"></div>`;
  root = createRoot(document.querySelector("#root")!);
  end = connect();
  flushSync(() => root.render(<App />));
  await until(() => document.querySelector(".frame") !== null);
}

async function until(true_: () => boolean, what = "condition") {
  const give = Date.now() + 30_000;
  while (!true_()) {
    if (Date.now() > give) throw new Error(`waited in vain for ${what}: ${document.body.textContent?.slice(0, 400)}`);
    await new Promise((done) => setTimeout(done, 5));
  }
}

const one = <T extends HTMLElement = HTMLElement>(selector: string): T => {
  const found = document.querySelector<T>(selector);
  if (!found) throw new Error(`no ${selector}`);
  return found;
};
const labelled = (label: string) => one<HTMLButtonElement>(`button[aria-label="${label}"]`);
const press = (e: HTMLElement) => flushSync(() => e.click());

function type(box: HTMLTextAreaElement | HTMLInputElement, text: string) {
  const proto = box instanceof HTMLTextAreaElement ? HTMLTextAreaElement.prototype : HTMLInputElement.prototype;
  flushSync(() => {
    Object.getOwnPropertyDescriptor(proto, "value")!.set!.call(box, text);
    box.dispatchEvent(new Event("input", { bubbles: true }));
  });
}
function key(box: HTMLElement, init: KeyboardEventInit) {
  flushSync(() => {
    box.dispatchEvent(new KeyboardEvent("keydown", { bubbles: true, cancelable: true, ...init }));
  });
}
const composer = () => one<HTMLTextAreaElement>("#composer");
const answers = () => [...document.querySelectorAll(".answer")];
const finished = () => !document.querySelector("[aria-busy=true]") && answers().length > 0;
const visit = (hash: string) =>
  flushSync(() => {
    location.hash = hash;
    dispatchEvent(new HashChangeEvent("hashchange"));
  });

// There is no layout here, so nothing would be in sight: all messages are drawn.
vi.mock("@tanstack/react-virtual", () => ({
  useVirtualizer: ({ count, getItemKey }: { count: number; getItemKey: (i: number) => string }) => ({
    getTotalSize: () => count * 100,
    getVirtualItems: () => Array.from({ length: count }, (_, index) => ({ index, key: getItemKey(index), start: index * 100 })),
    measureElement: () => {},
    scrollToIndex: () => {},
  }),
}));

beforeEach(() => start());
afterEach(async () => {
  for (const id of app.stops.keys()) app.Stop(id);
  end();
  flushSync(() => root.unmount());
});

describe("the composer", () => {
  it("does not send while an input method is composing", async () => {
    type(composer(), "にほん");
    key(composer(), { key: "Enter", isComposing: true, keyCode: 229 });
    key(composer(), { key: "Enter", keyCode: 229 });
    expect(answers()).toHaveLength(0);
    expect(composer().value).toBe("にほん");
    key(composer(), { key: "Enter", keyCode: 13 });
    await until(finished, "an answer");
    expect(one(".question-text").textContent).toBe("にほん");
    expect(composer().value).toBe("");
  });

  it("keeps a draft for each chat", async () => {
    type(composer(), "unsent");
    const [first] = app.Chats();
    visit(`#/chat/${first!.id}`);
    await until(finished);
    expect(composer().value).toBe("");
    type(composer(), "another");
    visit("#/");
    await until(() => composer().value === "unsent");
    visit(`#/chat/${first!.id}`);
    await until(() => composer().value === "another");
  });

  it("puts the text back when sending fails, and says why", async () => {
    app.NewChat = () => {
      throw new Error("the disk is full; free some space and try again");
    };
    type(composer(), "keep me");
    key(composer(), { key: "Enter", keyCode: 13 });
    await until(() => document.body.textContent!.includes("The disk is full"));
    expect(composer().value).toBe("keep me");
  });

  it("stops with Escape, and keeps what was written", async () => {
    type(composer(), "endless");
    key(composer(), { key: "Enter", keyCode: 13 });
    await until(() => document.querySelector(".answer .md") !== null, "first words");
    key(document.body, { key: "Escape" });
    await until(() => document.body.textContent!.includes("You stopped this answer here."));
    expect(one(".answer .md").textContent).not.toBe("");
  });
});

describe("a conversation", () => {
  const open = async () => {
    visit(`#/chat/${app.Chats()[0]!.id}`);
    await until(finished);
  };

  it("shows Markdown with tables, code and links, and no raw HTML", async () => {
    await open();
    expect(one(".answer table").textContent).toContain("Ground rent");
    expect(one(".answer .code-bar").textContent).toContain("Python");
    expect(one<HTMLAnchorElement>(".answer a").href).toBe("https://example.org/leases");
    expect(document.querySelectorAll(".answer h1, .answer .md h2")).toHaveLength(0);
  });

  it("answers again beside the old answer, and goes between the two", async () => {
    await open();
    press(labelled("Answer again"));
    await until(() => finished() && document.querySelector(".versions") !== null, "a second version");
    expect(one(".versions").textContent).toContain("2/2");
    press(labelled("Previous version"));
    await until(() => one(".versions").textContent!.includes("1/2"));
    expect(labelled("Previous version").disabled).toBe(true);
    expect(app.Chats()[0]!.leaf).toBe(app.chats.get(app.Chats()[0]!.id)!.messages[1]!.id);
  });

  it("asks an edited question on a new branch", async () => {
    await open();
    press(labelled("Edit and ask again"));
    const box = one<HTMLTextAreaElement>(".question-editor textarea");
    expect(box.value).toMatch(/^Compare/);
    type(box, "short version please");
    key(box, { key: "Enter", keyCode: 13 });
    await until(() => finished() && one(".question-text").textContent === "short version please");
    expect(one(".question .versions").textContent).toContain("2/2");
    expect(one(".answer .md").textContent).toBe("Yes.");
  });

  it("says what went wrong, and tries again", async () => {
    type(composer(), "please fail");
    key(composer(), { key: "Enter", keyCode: 13 });
    await until(() => document.querySelector(".failure") !== null, "a failure");
    expect(one(".failure").textContent).toContain("Not enough memory for this model");
    press(one<HTMLButtonElement>(".failure button"));
    await until(() => document.querySelector(".versions")?.textContent?.includes("2/2") === true);
  });

  it("loads and reads before it answers, and says so", async () => {
    app.pace = 12;
    app.SetChatModel(app.Chats()[0]!.id, "qwen3-4b");
    await open();
    type(composer(), "a long text");
    key(composer(), { key: "Enter", keyCode: 13 });
    await until(() => /Loading Qwen3 4B: .* of 2.5 GB/.test(document.body.textContent!), "loading");
    await until(() => /Reading [\d,]+ of 1,800 tokens/.test(document.body.textContent!), "reading");
    app.pace = 0;
    await until(finished);
  });

  it("folds thoughts and tells how long they took", async () => {
    type(composer(), "think about it");
    key(composer(), { key: "Enter", keyCode: 13 });
    await until(finished);
    expect(one<HTMLDetailsElement>("details.thoughts").open).toBe(false);
    expect(one("details.thoughts summary").textContent).toMatch(/Thought for/);
  });
});

describe("the list of chats", () => {
  it("deletes with a way back", async () => {
    const count = app.chats.size;
    const link = one<HTMLAnchorElement>(".chat-link");
    const title = link.textContent!;
    key(link, { key: "Delete" });
    await until(() => document.body.textContent!.includes("deleted"));
    expect(app.chats.size).toBe(count - 1);
    press(one<HTMLButtonElement>("[data-sonner-toast] [data-button]"));
    await until(() => one(".chat-list").textContent!.includes(title));
    expect(app.chats.size).toBe(count);
  });

  it("renames in place, and Escape leaves the title", async () => {
    key(one(".chat-link"), { key: "F2" });
    type(one<HTMLInputElement>(".rename"), "dropped");
    key(one(".rename"), { key: "Escape" });
    expect(document.querySelector(".rename")).toBeNull();
    key(one(".chat-link"), { key: "F2" });
    type(one<HTMLInputElement>(".rename"), "A better name");
    key(one(".rename"), { key: "Enter" });
    await until(() => one(".chat-list").textContent!.includes("A better name"));
    expect(app.Chats().some((c) => c.title === "A better name")).toBe(true);
    expect(app.Chats().some((c) => c.title === "dropped")).toBe(false);
  });

  it("searches", async () => {
    type(one<HTMLInputElement>("#search"), "sourdough");
    await until(() => document.querySelectorAll(".chat-link").length === 1);
    type(one<HTMLInputElement>("#search"), "nowhere");
    await until(() => one(".chat-list").textContent === "No chat mentions “nowhere”.");
    key(one("#search"), { key: "Escape" });
    expect(document.querySelectorAll(".chat-link").length).toBeGreaterThan(5);
  });
});

describe("models", () => {
  it("are imported from dropped files; other files become documents", async () => {
    flushSync(() => bus.emit("filesDropped", { paths: ["/x/new-model.gguf"] }));
    await until(() => location.hash === "#/models" && one("#main").textContent!.includes("new-model"));
    flushSync(() => bus.emit("filesDropped", { paths: ["/x/other-model.gguf", "/x/paper.pdf"] }));
    await until(() => app.models.some((m) => m.ref === "other-model") && app.docs.size === 1);
    await until(() => location.hash === "#/documents" && one("#main").textContent!.includes("paper.pdf"));
  });

  it("cannot be downloaded while the network is off", async () => {
    visit("#/models");
    await until(() => document.body.textContent!.includes("The network is off"));
    const get = () => [...document.querySelectorAll<HTMLButtonElement>("button")].find((b) => b.textContent?.startsWith("GetQwen3 1.7B"));
    await until(() => get() !== undefined);
    expect(get()!.disabled).toBe(true);
    press([...document.querySelectorAll<HTMLButtonElement>("button")].find((b) => b.textContent === "Allow network")!);
    await until(() => get()?.disabled === false);
    press(get()!);
    await until(() => app.models.some((m) => m.ref === "qwen3-1.7b"), "the download");
  });

  it("that make vectors are never offered for chats", async () => {
    app.models = [{ ...app.models[0]!, ref: "vectors", name: "Vectors", embeds: true, loaded: false }, ...app.models];
    flushSync(() => bus.emit("models", structuredClone(app.models)));
    const box = one(".picker");
    box.dispatchEvent(new PointerEvent("pointerdown", { bubbles: true, button: 0 }));
    await until(() => document.querySelector(".picker-menu") !== null, "the list of models");
    expect(one(".picker-menu").textContent).toContain("SmolLM2");
    expect(one(".picker-menu").textContent).not.toContain("Vectors");
  });

  it("come with their terms before they are downloaded, once", async () => {
    app.settings.networkAllowed = true;
    flushSync(() => bus.emit("settings", structuredClone(app.settings)));
    visit("#/models");
    const get = () => [...document.querySelectorAll<HTMLButtonElement>("button")].find((b) => b.textContent?.startsWith("GetLlama 3.2 3B"));
    await until(() => get() !== undefined);
    press(get()!);
    await until(() => document.body.textContent!.includes("Accept and download"));
    expect(app.downloads.size).toBe(0);
    press([...document.querySelectorAll<HTMLButtonElement>("button")].find((b) => b.textContent === "Accept and download")!);
    await until(() => app.models.some((m) => m.ref === "llama-3.2-3b"), "the download");
    expect([...app.accepted]).toEqual(["LicenseRef-Llama-3.2"]);
  });
});

describe("the catalogue", () => {
  const entries = () => new FakeApp(() => {}).Catalog();
  it("is found by any word, and shows first what is recommended and runs well", () => {
    expect(shownEntries(entries(), "", "all", false).map((e) => e.ref)).toEqual(["qwen3-1.7b", "llama-3.2-3b", "granite-8b", "qwen3-30b", "minilm"]);
    expect(shownEntries(entries(), "ibm 8b", "all", false).map((e) => e.ref)).toEqual(["granite-8b"]);
    expect(shownEntries(entries(), "", "embedding", false).map((e) => e.ref)).toEqual(["minilm"]);
    expect(shownEntries(entries(), "", "all", true).map((e) => e.ref)).not.toContain("qwen3-30b");
  });
});

describe("the log of requests", () => {
  const request = (id: number, more: Partial<NetworkRequest>): NetworkRequest =>
    ({ id, time: id, method: "GET", host: "h", path: "/", purpose: "", status: 0, sent: 0, received: 0, milliseconds: 0, ended: false, refused: false, error: "", ...more }) as NetworkRequest;
  it("has each request once, as it ended, the newest first", () => {
    const kept = [request(1, { ended: true, status: 200 }), request(2, {})];
    const live = [request(2, { ended: true, status: 404 }), request(3, {}), request(1, {})];
    expect(merged(kept, live).map((r) => [r.id, r.status])).toEqual([[3, 0], [2, 404], [1, 200]]);
  });
});

describe("without a model", () => {
  beforeEach(async () => {
    end();
    flushSync(() => root.unmount());
    await start({ models: "none" });
  });
  it("says how to get one, and does not send", async () => {
    await until(() => one("#main").textContent!.includes("Without a network: a .gguf file"));
    type(composer(), "hello");
    key(composer(), { key: "Enter", keyCode: 13 });
    expect(app.chats.size).toBe(0);
    expect(composer().value).toBe("hello");
    expect(one("#composer-hint").textContent).toContain("There is no model on this machine yet.");
  });
});

describe("settings", () => {
  it("are saved a moment after the last change, the theme shown at once", async () => {
    visit("#/settings");
    await until(() => document.querySelector(".segment") !== null, "the page");
    press([...document.querySelectorAll<HTMLButtonElement>(".segment")].find((b) => b.textContent === "Dark")!);
    expect(document.documentElement.dataset.theme).toBe("dark");
    await until(() => app.settings.theme === "dark");
    type(one<HTMLTextAreaElement>(".section textarea"), "Be brief.");
    visit("#/models"); // leaving saves what is waiting
    await until(() => app.settings.system === "Be brief.");
  });
  it("come back when they could not be saved", async () => {
    visit("#/settings");
    await until(() => document.querySelector(".segment") !== null, "the page");
    app.SaveSettings = () => {
      throw new Error("the disk is full");
    };
    press([...document.querySelectorAll<HTMLButtonElement>(".segment")].find((b) => b.textContent === "Light")!);
    await until(() => document.body.textContent!.includes("The disk is full"));
    await until(() => document.documentElement.dataset.theme === undefined, "the old theme");
  });
});
