// What belongs to this page alone and not to the program: drafts, the sidebar,
// the choices made for a chat that does not exist yet.
import { create } from "zustand";
import type { Sampling } from "../transport/api";

/** Choices for the next new chat; undefined: as in the settings. */
export interface Pending {
  model?: string;
  system?: string;
  sampling?: Sampling;
}

interface View {
  /** Unsent text by chat id; "" is the chat that does not exist yet. */
  drafts: Record<string, string>;
  sidebar: boolean;
  panel: boolean;
  pending: Pending;
}

const narrow = () => typeof matchMedia === "function" && matchMedia("(max-width: 760px)").matches;

export const useView = create<View>(() => ({ drafts: {}, sidebar: !narrow(), panel: false, pending: {} }));

export const setDraft = (chatId: string, text: string) =>
  useView.setState(({ drafts }) => ({ drafts: { ...drafts, [chatId]: text } }));
export const setSidebar = (sidebar: boolean) => useView.setState({ sidebar });
export const setPanel = (panel: boolean) => useView.setState({ panel });
export const setPending = (change: Partial<Pending>) =>
  useView.setState(({ pending }) => ({ pending: { ...pending, ...change } }));
export const clearPending = () => useView.setState({ pending: {} });

/** On narrow windows the sidebar lies over the page and leaves when it has been used. */
export const sidebarLiesOver = (): boolean => narrow() && useView.getState().sidebar;
export const sidebarUsed = () => {
  if (sidebarLiesOver()) setSidebar(false);
};
