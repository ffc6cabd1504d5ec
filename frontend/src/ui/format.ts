// Numbers, sizes and times as the user reads them.

import { t } from "../strings";
import { told } from "../strings/told";

const formatsOf = (locale: string) => ({
  whole: new Intl.NumberFormat(locale, { maximumFractionDigits: 0 }),
  tenth: new Intl.NumberFormat(locale, { minimumFractionDigits: 1, maximumFractionDigits: 1 }),
  short: new Intl.NumberFormat(locale, { maximumFractionDigits: 1 }),
  numeral: new Intl.NumberFormat(locale, { maximumFractionDigits: 6, useGrouping: false }),
  three: new Intl.NumberFormat(locale, { maximumSignificantDigits: 3 }),
  share: new Intl.NumberFormat(locale, { style: "percent", maximumFractionDigits: 0 }),
  forms: new Intl.PluralRules(locale),
  weekday: new Intl.DateTimeFormat(locale, { weekday: "long" }),
  month: new Intl.DateTimeFormat(locale, { month: "long" }),
  monthAndYear: new Intl.DateTimeFormat(locale, { month: "long", year: "numeric" }),
  moment: new Intl.DateTimeFormat(locale, { dateStyle: "medium", timeStyle: "short" }),
  languages: new Intl.DisplayNames(locale, { type: "language" }),
});
let f = formatsOf("en-GB");

/** Numbers and times are written as in this locale from now on. */
export function countIn(locale: string): void {
  f = formatsOf(locale);
}

export const count = (n: number): string => f.whole.format(n);

/** A number with its word, in the form that the language has for it; whole millions have one of their own in Spanish. */
export function plural(n: number, one: string, other: string, many = other): string {
  const form = f.forms.select(n);
  return `${count(n)} ${form === "one" ? one : form === "many" ? many : other}`;
}

/** A number in a field: as it is typed, without marks between thousands. */
export const numeral = (n: number): string => f.numeral.format(n);

/** What was typed as a number, with either mark for decimals and in letters of any width; NaN if it is none. */
export function numberIn(text: string): number {
  const plain = text.normalize("NFKC").trim().replace(",", ".");
  return plain === "" ? NaN : Number(plain);
}

/** A number to three figures. */
export const figures = (n: number): string => f.three.format(n);

/** A share in percent. */
export const share = (percent: number): string => f.share.format(percent / 100);

/** A language by its name in the one that is spoken. */
export function languageName(tag: string): string {
  try {
    return f.languages.of(tag) ?? tag;
  } catch {
    return tag; // no tag of a language
  }
}

/** Tokens per second: a decimal only where it says something. */
export const rate = (n: number): string => (n >= 100 ? f.whole.format(n) : f.tenth.format(n));

/** Sizes in powers of ten, as file managers and download pages give them. */
export function bytes(n: number): string {
  const units = ["B", "kB", "MB", "GB", "TB"];
  let value = n;
  let unit = 0;
  while (value >= 999.5 && unit < units.length - 1) {
    value /= 1000;
    unit++;
  }
  const text = unit > 0 && value < 99.95 ? f.short.format(value) : f.whole.format(value);
  return `${text} ${units[unit]}`;
}

/** Memory in powers of two, as it is sold. */
export function memory(n: number): string {
  const gib = n / 2 ** 30;
  if (gib >= 1) return `${f.short.format(gib)} GiB`;
  return n >= 2 ** 20 ? `${f.whole.format(n / 2 ** 20)} MiB` : `${f.whole.format(n / 2 ** 10)} KiB`;
}

/** Parameters of a model: 135M, 1.7B. */
export function parameters(n: number): string {
  if (n <= 0) return "";
  if (n >= 999.5e6) return `${(n / 1e9).toFixed(1).replace(/\.0$/, "")}B`;
  return `${Math.round(n / 1e6)}M`;
}

/** A length of time: 80 ms, 1.2 s, 3 min 05 s. */
export function duration(ms: number): string {
  if (ms < 100) return t.times.milliseconds(f.whole.format(ms));
  if (ms < 59_950) return t.times.seconds(f.tenth.format(ms / 1000));
  const seconds = Math.round(ms / 1000);
  return t.times.minutesAndSeconds(f.whole.format(Math.floor(seconds / 60)), String(seconds % 60).padStart(2, "0"));
}

/** Seconds until something is done, roughly. */
export function remaining(seconds: number): string {
  if (!Number.isFinite(seconds) || seconds < 0) return "";
  if (seconds < 90) return t.times.left(t.times.seconds(f.whole.format(Math.max(1, Math.round(seconds)))));
  if (seconds < 5400) return t.times.left(t.times.minutes(f.whole.format(Math.round(seconds / 60))));
  return t.times.left(t.times.hours(f.tenth.format(seconds / 3600)));
}

export const percent = (done: number, total: number): number =>
  total > 0 ? Math.min(100, Math.max(0, (done / total) * 100)) : 0;

const day = (time: number): number => {
  const d = new Date(time);
  return Math.round(Date.UTC(d.getFullYear(), d.getMonth(), d.getDate()) / 86_400_000);
};

const capital = (text: string) => text.charAt(0).toUpperCase() + text.slice(1);

/** The heading under which a chat of that time stands: Today, Yesterday, Monday, October, May 2025. */
export function dayLabel(time: number, now: number): string {
  const days = day(now) - day(time);
  if (days <= 0) return t.times.today;
  if (days === 1) return t.times.yesterday;
  if (days < 7) return capital(f.weekday.format(time));
  const then = new Date(time);
  const today = new Date(now);
  if (then.getFullYear() !== today.getFullYear()) return capital(f.monthAndYear.format(time));
  return then.getMonth() === today.getMonth() ? t.times.thisMonth : capital(f.month.format(time));
}

export const dateTime = (time: number): string => f.moment.format(time);

/** What parts a number from its decimals. */
export const decimalMark = (): string => f.tenth.formatToParts(0).find((p) => p.type === "decimal")?.value ?? ".";

/** A message of the program as a sentence: they come without a capital and a full stop. A path at the front stays as it is. */
export function sentence(text: string): string {
  const trimmed = told(text.trim());
  if (trimmed === "") return "";
  const first = /^\p{Ll}+[\s,;:'’]/u.test(trimmed) ? trimmed[0]!.toUpperCase() + trimmed.slice(1) : trimmed;
  if (/[.!?…:。！？：]$/.test(first)) return first;
  return first + (/[\p{Script=Han}）”]$/u.test(first) ? "。" : ".");
}
