// Which of the two lists lies over the page.
import { create } from "zustand";

export const useOverlay = create<{ shown: "" | "palette" | "keys" }>(() => ({ shown: "" }));
export const show = (shown: "" | "palette" | "keys") => useOverlay.setState({ shown });
