// German.
export const rendering = {
  wrap: "Lange Zeilen umbrechen",
  saveCode: "Als Datei sichern",
  view: "Quelltext oder Vorschau",
  source: "Quelltext",
  preview: "Zeigen",
  fullSize: "In voller Größe zeigen",
  previewOf: (language: string) => `Vorschau: ${language}`,
  previewNote: "Abgeschottet gezeigt: Skripte laufen nicht, und nichts ist von hier erreichbar.",
  copyTable: "Tabelle kopieren",
  asCsv: "Als CSV kopieren",
  asMarkdown: "Als Markdown kopieren",
  copied: "Die Tabelle ist kopiert",
  formula: "Formel",
  formulaFailed: "Diese Formel ist nicht lesbar; hier steht ihr Quelltext",
  drawing: "Das Diagramm wird gezeichnet",
  diagramFailed: "Dieses Diagramm lässt sich nicht zeichnen; das ist der Grund",
};
