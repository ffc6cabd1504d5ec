// Was zu den eigenen Daten gesagt wird.
import { count, plural } from "../../ui/format";

const chats = (n: number) => plural(n, "Chat", "Chats");

export const data = {
  title: "Ihre Daten",
  intro: "Chats aus ChatGPT, Claude, Open WebUI, LM Studio und Jan lassen sich übernehmen, mit Zweigen und Zeiten. Alles, was Ihnen gehört, lässt sich mitnehmen.",
  import: "Chats importieren",
  importing: "Wird importiert",
  importFailed: "Die Chats konnten nicht importiert werden",
  choose: "Dateien mit Chats: Exporte als .zip oder .json",
  previewTitle: (n: number) => (n === 0 ? "Nichts Neues zu importieren" : `${chats(n)} importieren?`),
  counts: (messages: number, known: number, left: number) => `${plural(messages, "neue Nachricht", "neue Nachrichten")}; ${count(known)} schon vorhanden; ${count(left)} ausgelassen.`,
  entries: "Was gefunden wurde",
  more: (n: number) => `Und ${count(n)} weitere`,
  importThese: (n: number) => `${chats(n)} importieren`,
  imported: (n: number) => `${chats(n)} importiert`,
  messages: (n: number) => plural(n, "Nachricht", "Nachrichten"),
  skipped: (name: string) => `${name}: enthält keine Chats`,
  states: { new: "neu", known: "schon vorhanden", grown: "hat neue Nachrichten", deleted: "war gelöscht, kommt zurück", empty: "leer, ausgelassen", failed: "ausgelassen" },
  sources: { chatgpt: "ChatGPT", claude: "Claude", openwebui: "Open WebUI", lmstudio: "LM Studio", jan: "Jan", freehold: "Freehold" },
  receipts: "Bisherige Importe",
  came: (n: number) => `${chats(n)} übernommen`,
  undo: "Zurücknehmen",
  undoFailed: "Der Import konnte nicht zurückgenommen werden",
  undone: (removed: number, stayed: number) => (stayed > 0 ? `${chats(removed)} entfernt; ${count(stayed)} bleiben, weil darin geschrieben wurde` : `${chats(removed)} entfernt`),
  takenBack: "zurückgenommen",
  export: "Exportieren",
  exportAll: "Alle Chats exportieren",
  exportFailed: "Die Chats konnten nicht exportiert werden",
  exported: (path: string) => `Gespeichert als ${path}`,
  formats: { markdown: "Markdown", json: "JSON, mit allem", pdf: "PDF", jsonl: "Zeilen zum Trainieren (JSONL)" },
};
