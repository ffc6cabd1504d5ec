// All keys, in one table: the handlers, the tooltips and the list of keys read it.
import { useEffect } from "react";
import { composes } from "./composing";

const mac = typeof navigator !== "undefined" && /Mac|iPhone|iPad/.test(navigator.platform);

export type Group = "everywhere" | "chat" | "writing" | "list";

interface Entry {
  group: Group;
  /** Like "Mod+Shift+f": Mod is the platform's command key. */
  keys: readonly string[];
  /** In place of keys on Apple's machines, where Alt writes letters. */
  mac?: readonly string[];
  /** Works where text is being written, too. */
  whileWriting?: boolean;
  /** Told in the list, handled by the place it belongs to. */
  local?: boolean;
}

const table = {
  palette: { group: "everywhere", keys: ["Mod+k"], whileWriting: true },
  search: { group: "everywhere", keys: ["Mod+Shift+f"], whileWriting: true },
  newChat: { group: "everywhere", keys: ["Mod+Shift+o", "Mod+n"], whileWriting: true }, // browsers keep Ctrl+N for themselves
  nextChat: { group: "everywhere", keys: ["Alt+ArrowDown"], mac: ["Mod+Alt+ArrowDown"], whileWriting: true },
  previousChat: { group: "everywhere", keys: ["Alt+ArrowUp"], mac: ["Mod+Alt+ArrowUp"], whileWriting: true },
  sidebar: { group: "everywhere", keys: ["Mod+b"], whileWriting: true },
  settings: { group: "everywhere", keys: ["Mod+,"], whileWriting: true },
  keys: { group: "everywhere", keys: ["Mod+/", "?"], whileWriting: true },
  focus: { group: "chat", keys: ["/", "Escape"] },
  stop: { group: "chat", keys: ["Escape"], local: true },
  model: { group: "chat", keys: ["Alt+m"], mac: ["Ctrl+Shift+m"], whileWriting: true },
  panel: { group: "chat", keys: ["Alt+i"], mac: ["Ctrl+Shift+i"], whileWriting: true },
  copyLast: { group: "chat", keys: ["Alt+c"], mac: ["Ctrl+Shift+c"], whileWriting: true },
  regenerate: { group: "chat", keys: ["Alt+r"], mac: ["Ctrl+Shift+r"], whileWriting: true },
  editLast: { group: "chat", keys: ["Alt+q"], mac: ["Ctrl+Shift+q"], whileWriting: true },
  send: { group: "writing", keys: ["Enter"], local: true },
  line: { group: "writing", keys: ["Shift+Enter"], local: true },
  sendNow: { group: "writing", keys: ["Mod+Enter"], local: true },
  commands: { group: "writing", keys: ["/"], local: true },
  editQueued: { group: "writing", keys: ["ArrowUp"], local: true },
  rename: { group: "list", keys: ["F2"], local: true },
  remove: { group: "list", keys: ["Delete"], local: true },
  select: { group: "list", keys: ["Space"], local: true },
} satisfies Record<string, Entry>;

export type ShortcutName = keyof typeof table;
/** What answers false did nothing, and leaves the keys to the browser. */
export type Handlers = { [name in ShortcutName]?: () => boolean | void };

export const shortcuts: Readonly<Record<ShortcutName, Entry>> = table;
export const shortcutNames = Object.keys(table) as ShortcutName[];

export const keysOf = (name: ShortcutName, apple = mac): readonly string[] => (apple && shortcuts[name].mac) || shortcuts[name].keys;

type Pressed = Pick<KeyboardEvent, "key" | "code" | "ctrlKey" | "metaKey" | "altKey" | "shiftKey" | "isComposing" | "keyCode">;

/** Whether the keys that are pressed are these. */
export function matches(e: Pressed, keys: string, apple = mac): boolean {
  if (composes(e)) return false;
  const parts = keys.split("+");
  const key = parts.pop()!;
  const mod = parts.includes("Mod");
  const want = { ctrl: parts.includes("Ctrl") || (mod && !apple), meta: mod && apple, alt: parts.includes("Alt"), shift: parts.includes("Shift") };
  if (e.ctrlKey !== want.ctrl || e.metaKey !== want.meta || e.altKey !== want.alt) return false;
  const letter = /^[a-z]$/.test(key);
  // Signs stand on other keys of other keyboards, some with Shift.
  if ((letter || key.length > 1) && e.shiftKey !== want.shift) return false;
  if (e.key.toLowerCase() === key.toLowerCase()) return true;
  return letter && !/^[a-z]$/i.test(e.key) && e.code === `Key${key.toUpperCase()}`; // a keyboard of another script
}

const writes = (e: Pick<KeyboardEvent, "target">): boolean =>
  e.target instanceof HTMLElement && (e.target.isContentEditable || e.target.matches("textarea, select, input:not([type=checkbox], [type=radio], [type=range], [type=button])"));

/** What must not be disturbed: something lies over the page and has keys of its own. */
const covered = (): boolean => document.querySelector("[role=dialog].sheet, [role=dialog].dialog, [role=dialog].palette, [role=alertdialog], [role=menu], [role=listbox].menu") !== null;

/** Which shortcut the keys mean here, if any. */
export function shortcutFor(e: Pressed & Pick<KeyboardEvent, "target">, apple = mac): ShortcutName | undefined {
  return shortcutNames.find((name) => {
    const entry = shortcuts[name];
    return !entry.local && keysOf(name, apple).some((keys) => (!writes(e) || (entry.whileWriting && keys.includes("+"))) && matches(e, keys, apple));
  });
}

/** Handles the keys while it is drawn; what has no handler is left to the browser. */
export function useShortcuts(handlers: Handlers): void {
  useEffect(() => {
    const down = (e: KeyboardEvent) => {
      const name = shortcutFor(e);
      const act = name && handlers[name];
      if (!act || e.defaultPrevented || covered()) return;
      if (act() !== false) e.preventDefault();
    };
    addEventListener("keydown", down);
    return () => removeEventListener("keydown", down);
  }, [handlers]);
}

const signs: Record<string, string> = { ArrowUp: "↑", ArrowDown: "↓", Escape: "Esc", Mod: mac ? "⌘" : "Ctrl", Shift: mac ? "⇧" : "Shift", Alt: mac ? "⌥" : "Alt", Ctrl: mac ? "⌃" : "Ctrl", Delete: mac ? "⌫" : "Del" };

/** As keyboards name them: Ctrl Shift F, or ⌘⇧F. */
export const shown = (keys: string): string =>
  keys
    .split("+")
    .map((k) => signs[k] ?? (k.length === 1 ? k.toUpperCase() : k))
    .join(mac ? "" : " ");

/** For tooltips and menus: the first keys of a shortcut. */
export const shownKeys = (name: ShortcutName): string => shown(keysOf(name)[0]!);
