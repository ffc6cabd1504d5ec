// Was Mitteilungen des Schreibtischs sagen.
export const alerts = {
  answer: "Eine Antwort ist fertig.",
  answerFailed: "Eine Antwort konnte nicht geschrieben werden.",
  downloadFailed: (name: string) => `${name} konnte nicht heruntergeladen werden.`,
  documents: "Alle Dokumente sind gelesen.",
  setting: "Mitteilungen",
  hint: "Wenn lange Arbeit endet, während Sie woanders sind. Sie verraten nie, was gefragt oder geantwortet wurde.",
  size: "Größe der Oberfläche",
  autoTitles: "Titel vom Modell",
  autoTitlesHint: "Modelle ab einer gewissen Größe benennen einen Chat nach der ersten Antwort.",
};
