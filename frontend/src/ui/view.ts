// What belongs to this page alone and not to the program: drafts, the sidebar,
// the choices made for a chat that does not exist yet.
import { create } from "zustand";
import type { Place } from "../documents/places";
import type { Preset, Sampling, Sources } from "../transport/api";

/** Choices for the next new chat; undefined: as in the settings. */
export interface Pending {
  model?: string;
  system?: string;
  sampling?: Sampling;
  sources?: Sources;
  /** What the others were taken from. */
  preset?: Preset;
  /** Id of the folder that it will stand in. */
  folder?: string;
  temporary?: boolean;
}

/** A message to be shown, and the words in it that were looked for. */
export interface Target {
  message: string;
  words: readonly string[];
}

/** What is open at the side: places of documents, one of them shown. */
export interface Reader {
  title: string;
  places: readonly Place[];
  at: number;
}

interface View {
  /** Unsent text by chat id; "" is the chat that does not exist yet. */
  drafts: Record<string, string>;
  sidebar: boolean;
  panel: boolean;
  pending: Pending;
  reader: Reader | null;
  target: Target | null;
  /** Documents that are about to be removed, as long as that can be undone. */
  leaving: readonly string[];
}

const narrow = () => typeof matchMedia === "function" && matchMedia("(max-width: 760px)").matches;

export const useView = create<View>(() => ({ drafts: {}, sidebar: !narrow(), panel: false, pending: {}, reader: null, target: null, leaving: [] }));

export const setDraft = (chatId: string, text: string) =>
  useView.setState(({ drafts }) => ({ drafts: { ...drafts, [chatId]: text } }));
export const setSidebar = (sidebar: boolean) => useView.setState({ sidebar });
export const setPanel = (panel: boolean) => useView.setState({ panel });
export const setPending = (change: Partial<Pending>) =>
  useView.setState(({ pending }) => ({ pending: { ...pending, ...change } }));
export const openReader = (reader: Reader) => useView.setState({ reader });
export const setTarget = (target: Target | null) => useView.setState({ target });
export const closeReader = () => useView.setState({ reader: null });
export const turnReader = (step: number) =>
  useView.setState(({ reader }) => ({ reader: reader && { ...reader, at: Math.min(reader.places.length - 1, Math.max(0, reader.at + step)) } }));
export const clearPending = () => useView.setState({ pending: {} });

/** On narrow windows the sidebar lies over the page and leaves when it has been used. */
export const sidebarLiesOver = (): boolean => narrow() && useView.getState().sidebar;
export const sidebarUsed = () => {
  if (sidebarLiesOver()) setSidebar(false);
};
