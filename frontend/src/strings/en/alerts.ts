// What notifications of the desktop say.
export const alerts = {
  answer: "An answer is complete.",
  answerFailed: "An answer could not be written.",
  downloadFailed: (name: string) => `${name} could not be downloaded.`,
  documents: "All documents have been read.",
  setting: "Notifications",
  hint: "When long work ends while you look elsewhere. They never say what was asked or answered.",
  size: "Size of the interface",
  autoTitles: "Titles by the model",
  autoTitlesHint: "Models of some size name a chat after its first answer.",
};
