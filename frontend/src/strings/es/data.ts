// Lo que se dice de los datos propios.
import { count, plural } from "../../ui/format";

const chats = (n: number) => plural(n, "chat", "chats", "de chats");

export const data = {
  title: "Sus datos",
  intro: "Puede traer chats de ChatGPT, Claude, Open WebUI, LM Studio y Jan, con sus ramas y fechas. Todo lo suyo puede salir.",
  import: "Importar chats",
  importing: "Importando",
  importFailed: "No se han podido importar los chats",
  choose: "Archivos con chats: exportaciones .zip o .json",
  previewTitle: (n: number) => (n === 0 ? "No hay nada nuevo que importar" : `¿Importar ${chats(n)}?`),
  counts: (messages: number, known: number, left: number) => `${plural(messages, "mensaje nuevo", "mensajes nuevos", "de mensajes nuevos")}; ya presentes: ${count(known)}; omitidos: ${count(left)}.`,
  entries: "Lo que se ha encontrado",
  more: (n: number) => `Y ${count(n)} más`,
  importThese: (n: number) => `Importar ${chats(n)}`,
  imported: (n: number) => plural(n, "chat importado", "chats importados", "de chats importados"),
  messages: (n: number) => plural(n, "mensaje", "mensajes", "de mensajes"),
  skipped: (name: string) => `${name}: no contiene chats`,
  states: { new: "nuevo", known: "ya está aquí", grown: "tiene mensajes nuevos", deleted: "se eliminó aquí, vuelve", empty: "vacío, omitido", failed: "omitido" },
  sources: { chatgpt: "ChatGPT", claude: "Claude", openwebui: "Open WebUI", lmstudio: "LM Studio", jan: "Jan", freehold: "Freehold" },
  receipts: "Importaciones hechas",
  came: (n: number) => plural(n, "chat recibido", "chats recibidos", "de chats recibidos"),
  undo: "Deshacer",
  undoFailed: "No se ha podido deshacer la importación",
  undone: (removed: number, stayed: number) => (stayed > 0 ? `${plural(removed, "chat eliminado", "chats eliminados", "de chats eliminados")}; se quedan ${count(stayed)}, porque se ha escrito en ellos` : plural(removed, "chat eliminado", "chats eliminados", "de chats eliminados")),
  takenBack: "deshecha",
  export: "Exportar",
  exportAll: "Exportar todos los chats",
  exportFailed: "No se han podido exportar los chats",
  exported: (path: string) => `Guardado como ${path}`,
  formats: { markdown: "Markdown", json: "JSON, con todo", pdf: "PDF", jsonl: "Líneas para entrenar (JSONL)" },
};
