// What can be done with code, tables, formulas and pages within an answer.
export const rendering = {
  wrap: "Wrap long lines",
  saveCode: "Save as a file",
  view: "Code or preview",
  source: "Code",
  preview: "Show",
  fullSize: "Show at full size",
  previewOf: (language: string) => `Preview of ${language}`,
  previewNote: "Shown shut in: its scripts do not run and it can reach nothing.",
  copyTable: "Copy the table",
  asCsv: "Copy as CSV",
  asMarkdown: "Copy as Markdown",
  copied: "The table is copied",
  formula: "Formula",
  formulaFailed: "This formula could not be read; here is its source",
  drawing: "Drawing the diagram",
  diagramFailed: "This diagram cannot be drawn; here is what is wrong with it",
};
