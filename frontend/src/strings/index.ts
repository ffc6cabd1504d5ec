// Every sentence of the interface, in the language that is spoken now. Use t
// within functions only: it is another object after speak.
import { countIn } from "../ui/format";
import { en } from "./en";

export type Strings = typeof en;

/** By tag, under their own names. */
export const languages = { en: "English" } as const;
export type Language = keyof typeof languages;

const loaders: Record<Language, () => Promise<Strings>> = {
  en: () => Promise.resolve(en),
};

export let t: Strings = en;
let spoken: Language = "en";

/** The language for a setting: "" is the first of the system's that there is. */
export function languageFor(setting: string, system: readonly string[] = navigator.languages): Language {
  for (const tag of setting ? [setting] : system) {
    const primary = tag.toLowerCase().split("-")[0]!;
    if (Object.hasOwn(languages, primary)) return primary as Language;
  }
  return "en";
}

/** Loads a language and speaks it from then on; the page must be drawn anew. */
export async function speak(language: Language): Promise<void> {
  const strings = await loaders[language]();
  t = strings;
  spoken = language;
  countIn(language === "en" ? "en-GB" : language);
  document.documentElement.lang = language;
}

/** The tag of what is spoken. */
export const speaking = (): Language => spoken;
