// What the palette finds: commands, pages, chats, models, documents, presets.
import { setModel, writers } from "../chat/actions";
import { chatHere } from "../chat/lastOf";
import { askAbout } from "../documents/actions";
import { begin } from "../presets/actions";
import { listedPresets } from "../presets/listed";
import { newChat } from "../sidebar/newChat";
import type { Cache } from "../transport/reduce";
import { go, type Route } from "../ui/route";
import { shortcutNames, shortcuts, shownKeys, type Handlers } from "../ui/shortcuts";
import { t } from "../strings";
import { fuzzy } from "./fuzzy";

export type Kind = "commands" | "chats" | "models" | "documents" | "presets" | "pages";

export interface Item {
  /** Of one name for good, so that it can be found among those that were last used. */
  id: string;
  kind: Kind;
  name: string;
  note: string;
  keys?: string;
  /** False for what has been put away: it is found by name only. */
  listed?: boolean;
  run: () => void;
}

const pages: [Route, () => string][] = [
  [{ page: "documents" }, () => t.sidebar.documents],
  [{ page: "presets" }, () => t.presets.title],
  [{ page: "models" }, () => t.sidebar.models],
  [{ page: "machine" }, () => t.sidebar.machine],
  [{ page: "network" }, () => t.sidebar.network],
];

export function allItems(cache: Pick<Cache, "chats" | "models" | "documents" | "presets">, handlers: Handlers): Item[] {
  const items: Item[] = [];
  const add = (kind: Kind, id: string, name: string, run: () => void, note = "", more: Partial<Item> = {}) => items.push({ id: `${kind}:${id}`, kind, name, note, run, ...more });
  for (const name of shortcutNames) {
    const act = handlers[name];
    if (act && !shortcuts[name].local && name !== "palette" && name !== "focus") add("commands", name, t.shortcuts.names[name], () => void act(), "", { keys: shownKeys(name) });
  }
  add("commands", "temporary", t.temporary.start, () => newChat({ temporary: true }));
  for (const [route, name] of pages) add("pages", route.page, name(), () => go(route));
  for (const p of listedPresets(cache.presets)) add("presets", p.id, p.name, () => begin(p), t.palette.begin);
  for (const c of cache.chats) add("chats", c.id, c.title || t.sidebar.untitled, () => go({ page: "chat", id: c.id }), "", { listed: !c.archived });
  for (const m of writers(cache.models).filter((x) => !x.problem))
    add("models", m.ref, m.name, () => {
      const here = chatHere();
      if (here === null) go({ page: "chat", id: "" });
      void setModel(here ?? "", m.ref);
    }, t.palette.useModel);
  for (const d of Object.values(cache.documents)) add("documents", d.id, d.name, () => askAbout([d.id]), t.palette.askAbout);
  return items;
}

export interface Hit extends Item {
  at: readonly number[];
}

const most = 60;
const shownOf: Record<Kind, number> = { commands: 6, pages: 5, chats: 6, presets: 6, models: 4, documents: 4 };
const order: Kind[] = ["commands", "chats", "pages", "presets", "models", "documents"];

export interface Group {
  title: string;
  hits: Hit[];
}

/** Without a query: what was last used, then some of everything. With one: the best of each kind, the best kind first. */
export function found(items: readonly Item[], query: string, recent: readonly string[]): Group[] {
  const names: Record<string, string> = t.palette.groups;
  if (query.trim() === "") {
    const known = new Map(items.map((i) => [i.id, i]));
    const last = recent.flatMap((id) => known.get(id) ?? []).slice(0, 6);
    const rest = items.filter((i) => i.listed !== false && !last.includes(i));
    const groups = order.map((kind) => ({ title: names[kind]!, hits: rest.filter((i) => i.kind === kind).slice(0, shownOf[kind]) }));
    return [{ title: names.recent!, hits: last }, ...groups].filter((g) => g.hits.length > 0).map((g) => ({ ...g, hits: g.hits.map((i) => ({ ...i, at: [] })) }));
  }
  const scored = items.flatMap((item) => {
    const match = fuzzy(query, item.name);
    if (!match) return [];
    const used = recent.indexOf(item.id);
    return [{ item, at: match.at, score: match.score + (used >= 0 ? 4 - used / 10 : 0) }];
  });
  scored.sort((a, b) => b.score - a.score);
  const kinds = [...new Set(scored.slice(0, most).map((s) => s.item.kind))];
  return kinds.map((kind) => ({ title: names[kind]!, hits: scored.slice(0, most).filter((s) => s.item.kind === kind).map((s) => ({ ...s.item, at: s.at })) }));
}

const place = "freehold.palette";
const kept = 24;

/** Ids of what was last used, the newest first. Only ids: names of temporary chats stay in memory. */
export function recentItems(): string[] {
  try {
    const all: unknown = JSON.parse(localStorage.getItem(place) ?? "[]");
    return Array.isArray(all) ? all.filter((x) => typeof x === "string").slice(0, kept) : [];
  } catch {
    return [];
  }
}

export function used(id: string): void {
  try {
    localStorage.setItem(place, JSON.stringify([id, ...recentItems().filter((other) => other !== id)].slice(0, kept)));
  } catch {
    // without storage nothing is remembered
  }
}
