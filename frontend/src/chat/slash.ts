// Commands at the beginning of a message: /model, /title … and the prompts of presets.
import { setSources, sourcesOf } from "../documents/actions";
import { usePrompt } from "../presets/actions";
import { listedPresets } from "../presets/listed";
import { newChat } from "../sidebar/newChat";
import * as api from "../transport/api";
import { putChat, useCache } from "../transport/cache";
import { attempt, notify, notifyFailure } from "../ui/notify";
import { go } from "../ui/route";
import { show } from "../palette/open";
import { fuzzy } from "../palette/fuzzy";
import { t } from "../strings";
import { setDraft, setPending, useView } from "../ui/view";
import { copyChat, rename, setModel, writers } from "./actions";
import { regenerateLast } from "./lastOf";
import { openMenu } from "./open";
import { selectedText } from "./selected";

export interface Command {
  /** Without the slash. */
  name: string;
  hint: string;
  preset?: api.Preset;
  /** Whether something must stand behind it; without any it is only completed. */
  needs?: boolean;
  /** What may stand behind it. */
  choices?: () => { value: string; hint: string }[];
  /** Answers false if the text shall stay. */
  run: (rest: string) => boolean | void;
}

const routes: api.RouteName[] = ["search", "whole", "map", "sql", "none", ""];

/** The commands that a chat has now; "" is the chat that does not exist yet. */
export function commandsOf(chatId: string): Command[] {
  const { opened, models, presets } = useCache.getState();
  const chat = opened[chatId];
  const empty = !chat || chat.messages.length === 0;
  const s = t.slash;
  const all: Command[] = listedPresets(presets)
    .filter((p) => p.command !== "")
    .map((p) => ({ name: p.command, hint: p.about || p.name, preset: p, run: (rest) => (usePrompt(chatId, p, rest, selectedText()), false) }));
  const add = (name: keyof typeof s.commands, run: Command["run"], more: Partial<Command> = {}) => {
    if (!all.some((c) => c.name === name)) all.push({ name, hint: s.commands[name], run, ...more });
  };
  add("model", (rest) => chooseModel(chatId, rest), { choices: () => writers(models).filter((m) => !m.problem).map((m) => ({ value: m.name, hint: m.ref })) });
  add("system", (rest) => setSystem(chatId, rest), { needs: true });
  add("temp", (rest) => setTemperature(chatId, rest), { needs: true });
  add("attach", () => openMenu("sources", chatId));
  if (api.hasSources(sourcesOf(chatId)))
    add("route", (rest) => setRoute(chatId, rest), { needs: true, choices: () => routes.map((r) => ({ value: r || "auto", hint: t.sources.routes[r] })) });
  if (!empty) {
    add("title", (rest) => void rename(chatId, rest), { needs: true });
    add("regenerate", () => regenerateLast());
    add("export", () => void copyChat(chatId));
    add("branch", () => void fork(chatId));
  }
  add("search", (rest) => go({ page: "search", query: rest }));
  add("clear", () => clear(chatId));
  add("new", () => newChat());
  add("temporary", () => newChat({ temporary: true }));
  add("presets", () => go({ page: "presets" }));
  add("help", () => show("keys"));
  return all;
}

export interface Typed {
  word: string;
  /** What stands behind the word; null while the word is being written. */
  rest: string | null;
}

/** The command that a text begins with. */
export function typed(text: string): Typed | null {
  const m = /^\/([^\s/]*)(?:[ \t]+([\s\S]*))?$/.exec(text);
  return m ? { word: m[1]!, rest: m[2] ?? null } : null;
}

/** A line of the list. */
export interface Offer {
  command: Command;
  /** What stands behind the command when it is chosen. */
  rest: string | null;
  label: string;
  hint: string;
}

export function offers(commands: readonly Command[], { word, rest }: Typed): Offer[] {
  if (rest === null) {
    const matched = commands.flatMap((command) => {
      const name = fuzzy(word, command.name);
      const hint = name ?? (word.length > 2 ? fuzzy(word, command.hint) : null);
      return hint ? [{ command, score: name ? hint.score + 20 : hint.score }] : [];
    });
    if (word) matched.sort((a, b) => b.score - a.score);
    return matched.map(({ command }) => ({ command, rest: null, label: `/${command.name}`, hint: command.hint }));
  }
  const command = commands.find((c) => c.name === word.toLowerCase());
  if (!command) return [];
  const choices = command.choices?.().filter((c) => fuzzy(rest, `${c.value} ${c.hint}`)) ?? [];
  if (choices.length > 0) return choices.map((c) => ({ command, rest: c.value, label: `/${command.name} ${c.value}`, hint: c.hint }));
  return [{ command, rest, label: `/${command.name}`, hint: command.hint }];
}

/** Does what was chosen; a command that needs something behind it is only completed. */
export function take(chatId: string, { command, rest }: Offer): void {
  const text = rest?.trim() ?? "";
  if (text === "" && (command.needs || (command.choices && rest === null))) return setDraft(chatId, `/${command.name} `);
  if (command.run(text) !== false) setDraft(chatId, "");
}

function chooseModel(chatId: string, name: string): boolean | void {
  if (!name) return openMenu("model", chatId);
  const all = writers(useCache.getState().models).filter((m) => !m.problem);
  const lower = name.toLowerCase();
  const model = all.find((m) => m.name.toLowerCase() === lower || m.ref.toLowerCase() === lower) ?? all.find((m) => fuzzy(name, m.name));
  if (!model) return notifyFailure(t.slash.failed, t.slash.noModel(name)), false;
  void setModel(chatId, model.ref);
  notify(t.slash.modelSet(model.name));
}

function setSystem(chatId: string, system: string): void {
  const said = () => notify(t.slash.systemSet);
  if (!chatId) return setPending({ system }), void said();
  void attempt(t.panel.failed, async () => {
    await api.setChatSystem(chatId, system);
    const chat = useCache.getState().opened[chatId];
    if (chat) putChat({ ...chat, system });
    said();
  });
}

function setTemperature(chatId: string, text: string): boolean | void {
  const temperature = Number(text.replace(",", "."));
  if (!Number.isFinite(temperature) || temperature < 0 || temperature > 2) return notifyFailure(t.slash.failed, t.slash.temperature), false;
  const { opened, settings } = useCache.getState();
  const sampling = { ...(chatId ? opened[chatId]?.sampling : useView.getState().pending.sampling) ?? settings.sampling, temperature };
  if (!chatId) setPending({ sampling });
  else
    void attempt(t.panel.failed, async () => {
      await api.setChatSampling(chatId, sampling);
      const chat = useCache.getState().opened[chatId];
      if (chat) putChat({ ...chat, sampling });
    });
  notify(t.slash.temperatureSet(temperature));
}

function setRoute(chatId: string, name: string): boolean | void {
  const route = routes.find((r) => (r || "auto") === name.toLowerCase());
  if (route === undefined) return notifyFailure(t.slash.failed, t.slash.routeUnknown), false;
  void setSources(chatId, { ...sourcesOf(chatId), route }).then((done) => done && notify(t.slash.routeSet(t.sources.routes[route])));
}

const fork = (chatId: string) =>
  attempt(t.slash.failed, async () => {
    const chat = useCache.getState().opened[chatId];
    go({ page: "chat", id: await api.copyBranch(chatId, chat?.leaf ?? "") });
  });

/** A new chat with the model, the instructions, the sampling and the documents of this one. */
function clear(chatId: string): void {
  const chat = useCache.getState().opened[chatId];
  if (!chat) return;
  setPending({ model: chat.model, system: chat.system, sampling: chat.sampling, sources: chat.sources, folder: chat.folder, temporary: chat.temporary, preset: undefined });
  go({ page: "chat", id: "" });
}
