// Lo que dicen las notificaciones del escritorio.
export const alerts = {
  answer: "Una respuesta está lista.",
  answerFailed: "No se ha podido escribir una respuesta.",
  downloadFailed: (name: string) => `No se ha podido descargar ${name}.`,
  documents: "Todos los documentos están leídos.",
  setting: "Notificaciones",
  hint: "Cuando termina un trabajo largo mientras mira otra cosa. Nunca revelan qué se preguntó ni qué se respondió.",
  size: "Tamaño de la interfaz",
  autoTitles: "Títulos del modelo",
  autoTitlesHint: "Los modelos de cierto tamaño dan título al chat tras la primera respuesta.",
};
