// Every sentence of the interface, in the language that is spoken now. Use t
// within functions only: it is another object after speak.
import { countIn } from "../ui/format";
import { en } from "./en";

/** What a language has to say: the sentences of English, whatever their words. */
type Said<T> = T extends string ? string : T extends (...args: infer Values) => string ? (...args: Values) => string : { [K in keyof T]: Said<T[K]> };
export type Strings = Said<typeof en>;

/** By tag, under their own names. */
export const languages = { en: "English", de: "Deutsch", es: "Español", ko: "한국어", zh: "简体中文" } as const;
export type Language = keyof typeof languages;

const loaders: Record<Language, () => Promise<Strings>> = {
  en: () => Promise.resolve(en),
  de: async () => (await import("./de")).de,
  es: async () => (await import("./es")).es,
  ko: async () => (await import("./ko")).ko,
  zh: async () => (await import("./zh")).zh,
};

/** As numbers are written and as screen readers are told: the script of Chinese decides over its letters' shapes. */
const locales: Record<Language, string> = { en: "en-GB", de: "de", es: "es", ko: "ko", zh: "zh-Hans" };

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
  countIn(locales[language]);
  document.documentElement.lang = language === "zh" ? "zh-Hans" : language;
}

/** The tag of what is spoken. */
export const speaking = (): Language => spoken;
