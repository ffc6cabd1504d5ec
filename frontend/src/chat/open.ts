// Which menu of which chat's composer is open, so that keys and commands can open it.
import { create } from "zustand";

export type Opened = "" | "model" | "sources";

export const useOpened = create<{ menu: Opened; chat: string }>(() => ({ menu: "", chat: "" }));
export const openMenu = (menu: Opened, chat: string) => useOpened.setState({ menu, chat });
