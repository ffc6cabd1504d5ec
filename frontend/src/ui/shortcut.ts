// How key combinations are written on this platform.
const mac = typeof navigator !== "undefined" && /Mac|iPhone|iPad/.test(navigator.platform);

/** The key with the platform's command key: Ctrl B, or ⌘B. */
export const shortcut = (key: string, shift = false): string => (mac ? `${shift ? "⇧" : ""}⌘${key}` : `Ctrl ${shift ? "Shift " : ""}${key}`);
