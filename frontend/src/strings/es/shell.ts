// What the frame and the list of chats say.
import { plural } from "../../ui/format";

export const common = {
  cancel: "Cancelar",
  close: "Cerrar",
  copy: "Copiar",
  copied: "Copiado",
  undo: "Deshacer",
  retry: "Reintentar",
  save: "Guardar",
  remove: "Quitar",
  reset: "Restablecer valores predeterminados",
  loading: "Cargando",
  off: "desactivado",
  auto: "automático",
};

export const shell = {
  notices: "Avisos",
  skip: "Saltar a la conversación",
  starting: "Abriendo el archivo de chats",
  failedTitle: "Freehold no pudo iniciarse",
  unauthorisedTitle: "Esta página no tiene clave",
  unauthorised: "Abra el enlace que «freehold serve» mostró en la terminal. Lleva una clave que impide el acceso a otros programas.",
  lost: "Se perdió la conexión con Freehold. Se está reintentando; nada de lo que escribió se ha perdido.",
  crashedTitle: "Se produjo un error en esta página",
  crashed: "Sus chats están a salvo: los guarda el programa, no esta página.",
  reload: "Volver a cargar la página",
};

export const sidebar = {
  label: "Chats y páginas",
  newChat: "Nuevo chat",
  search: "Buscar en los chats",
  clearSearch: "Borrar la búsqueda",
  chats: "Chats",
  documents: "Documentos",
  models: "Modelos",
  machine: "Este equipo",
  network: "Red",
  settings: "Ajustes",
  collapse: "Ocultar la barra lateral",
  expand: "Mostrar la barra lateral",
  empty: "Sus chats se guardarán aquí, en este equipo.",
  noResults: (query: string) => `Ningún chat menciona «${query}».`,
  results: (n: number) => plural(n, "chat encontrado", "chats encontrados"),
  untitled: "Nuevo chat",
  answering: "se está respondiendo",
  more: (title: string) => `Más sobre «${title}»`,
  rename: "Cambiar nombre",
  renameLabel: "Título del chat",
  copyMarkdown: "Copiar como Markdown",
  copiedMarkdown: "El chat está en el portapapeles, como Markdown.",
  remove: "Eliminar",
  removed: (title: string) => `«${title}» eliminado`,
  offline: "La red está desactivada",
  online: "La red está permitida",
  switchOff: "Desactivar la red",
  switchOn: "Permitir la red",
};

export const times = {
  today: "Hoy",
  yesterday: "Ayer",
  thisMonth: "Antes, este mes",
  milliseconds: (n: string) => `${n} ms`,
  seconds: (n: string) => `${n} s`,
  minutes: (n: string) => `${n} min`,
  minutesAndSeconds: (minutes: string, seconds: string) => `${minutes} min ${seconds} s`,
  hours: (n: string) => `${n} h`,
  left: (time: string) => `faltan ${time}`,
};
