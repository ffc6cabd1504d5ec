// What the frame and the list of chats say.
import { plural } from "../../ui/format";

export const common = {
  cancel: "Abbrechen",
  close: "Schließen",
  copy: "Kopieren",
  copied: "Kopiert",
  undo: "Rückgängig",
  retry: "Erneut versuchen",
  save: "Speichern",
  remove: "Entfernen",
  reset: "Auf Standard zurücksetzen",
  loading: "Wird geladen",
  off: "aus",
  auto: "automatisch",
};

export const shell = {
  notices: "Meldungen",
  skip: "Zur Unterhaltung springen",
  starting: "Das Archiv wird geöffnet",
  failedTitle: "Freehold konnte nicht starten",
  unauthorisedTitle: "Dieser Seite fehlt der Schlüssel",
  unauthorised: "Öffnen Sie den Link, den „freehold serve“ im Terminal ausgegeben hat. Er enthält einen Schlüssel, der andere Programme fernhält.",
  lost: "Die Verbindung zu Freehold ist unterbrochen. Sie wird wiederhergestellt; nichts von dem, was Sie geschrieben haben, ist verloren.",
  crashedTitle: "Auf dieser Seite ist ein Fehler aufgetreten",
  crashed: "Ihre Chats sind sicher: Das Programm bewahrt sie auf, nicht diese Seite.",
  reload: "Seite neu laden",
};

export const sidebar = {
  label: "Chats und Seiten",
  newChat: "Neuer Chat",
  search: "Chats durchsuchen",
  clearSearch: "Suche leeren",
  chats: "Chats",
  documents: "Dokumente",
  models: "Modelle",
  machine: "Dieser Rechner",
  network: "Netzwerk",
  settings: "Einstellungen",
  collapse: "Seitenleiste ausblenden",
  expand: "Seitenleiste einblenden",
  empty: "Ihre Chats werden hier aufbewahrt, auf diesem Rechner.",
  noResults: (query: string) => `In keinem Chat kommt „${query}“ vor.`,
  results: (n: number) => `${plural(n, "Chat", "Chats")} gefunden`,
  untitled: "Neuer Chat",
  answering: "wird gerade beantwortet",
  more: (title: string) => `Mehr zu „${title}“`,
  rename: "Umbenennen",
  renameLabel: "Titel des Chats",
  copyMarkdown: "Als Markdown kopieren",
  copiedMarkdown: "Der Chat liegt als Markdown in der Zwischenablage.",
  remove: "Löschen",
  removed: (title: string) => `„${title}“ gelöscht`,
  offline: "Das Netzwerk ist aus",
  online: "Das Netzwerk ist erlaubt",
  switchOff: "Netzwerk ausschalten",
  switchOn: "Netzwerk erlauben",
};

export const times = {
  today: "Heute",
  yesterday: "Gestern",
  thisMonth: "Früher in diesem Monat",
  milliseconds: (n: string) => `${n} ms`,
  seconds: (n: string) => `${n} s`,
  minutes: (n: string) => `${n} min`,
  minutesAndSeconds: (minutes: string, seconds: string) => `${minutes} min ${seconds} s`,
  hours: (n: string) => `${n} h`,
  left: (time: string) => `noch ${time}`,
};
