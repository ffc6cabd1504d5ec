// Spanish.
export const rendering = {
  wrap: "Ajustar líneas largas",
  saveCode: "Guardar como archivo",
  view: "Código o vista previa",
  source: "Código",
  preview: "Mostrar",
  fullSize: "Mostrar a tamaño completo",
  previewOf: (language: string) => `Vista previa de ${language}`,
  previewNote: "Se muestra aislado: sus scripts no se ejecutan y no puede conectarse a nada.",
  copyTable: "Copiar la tabla",
  asCsv: "Copiar como CSV",
  asMarkdown: "Copiar como Markdown",
  copied: "La tabla se ha copiado",
  formula: "Fórmula",
  formulaFailed: "No se pudo leer esta fórmula; este es su código",
  drawing: "Dibujando el diagrama",
  diagramFailed: "No se puede dibujar este diagrama; este es el motivo",
};
