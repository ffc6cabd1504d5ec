// What the frame and the list of chats say.
import { plural } from "../../ui/format";

export const common = {
  cancel: "Cancel",
  close: "Close",
  copy: "Copy",
  copied: "Copied",
  undo: "Undo",
  retry: "Try again",
  save: "Save",
  remove: "Remove",
  reset: "Reset to defaults",
  loading: "Loading",
  off: "off",
  auto: "automatic",
};

export const shell = {
  notices: "Notices",
  skip: "Skip to the conversation",
  starting: "Opening the archive",
  failedTitle: "Freehold could not start",
  unauthorisedTitle: "This page has no key",
  unauthorised: "Open the link that “freehold serve” printed in the terminal. It carries a key that keeps other programs out.",
  lost: "The connection to Freehold is lost. Trying again; nothing you wrote is gone.",
  crashedTitle: "This page met an error",
  crashed: "Your chats are safe: they are kept by the program, not by this page.",
  reload: "Load the page again",
};

export const sidebar = {
  label: "Chats and pages",
  newChat: "New chat",
  search: "Search chats",
  clearSearch: "Clear search",
  chats: "Chats",
  documents: "Documents",
  models: "Models",
  machine: "This machine",
  network: "Network",
  settings: "Settings",
  collapse: "Hide sidebar",
  expand: "Show sidebar",
  empty: "Your chats will be kept here, on this machine.",
  noResults: (query: string) => `No chat mentions “${query}”.`,
  results: (n: number) => `${plural(n, "chat", "chats")} found`,
  untitled: "New chat",
  answering: "being answered",
  more: (title: string) => `More about “${title}”`,
  rename: "Rename",
  renameLabel: "Title of the chat",
  copyMarkdown: "Copy as Markdown",
  copiedMarkdown: "The chat is on the clipboard, as Markdown.",
  remove: "Delete",
  removed: (title: string) => `“${title}” deleted`,
  offline: "The network is off",
  online: "The network is allowed",
  switchOff: "Turn the network off",
  switchOn: "Allow the network",
};

export const times = {
  today: "Today",
  yesterday: "Yesterday",
  thisMonth: "Earlier this month",
  milliseconds: (n: string) => `${n} ms`,
  seconds: (n: string) => `${n} s`,
  minutes: (n: string) => `${n} min`,
  minutesAndSeconds: (minutes: string, seconds: string) => `${minutes} min ${seconds} s`,
  hours: (n: string) => `${n} h`,
  left: (time: string) => `${time} left`,
};
