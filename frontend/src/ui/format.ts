// Numbers, sizes and times as the user reads them.

const locale = "en-GB";
const whole = new Intl.NumberFormat(locale, { maximumFractionDigits: 0 });
const tenth = new Intl.NumberFormat(locale, { minimumFractionDigits: 1, maximumFractionDigits: 1 });

export const count = (n: number): string => whole.format(n);

export const plural = (n: number, one: string, many: string): string => `${count(n)} ${n === 1 ? one : many}`;

/** Tokens per second: a decimal only where it says something. */
export const rate = (n: number): string => (n >= 100 ? whole.format(n) : tenth.format(n));

/** Sizes in powers of ten, as file managers and download pages give them. */
export function bytes(n: number): string {
  const units = ["B", "kB", "MB", "GB", "TB"];
  let value = n;
  let unit = 0;
  while (value >= 999.5 && unit < units.length - 1) {
    value /= 1000;
    unit++;
  }
  const text = unit > 0 && value < 99.95 ? tenth.format(value).replace(/\.0$/, "") : whole.format(value);
  return `${text} ${units[unit]}`;
}

/** Memory in powers of two, as it is sold. */
export function memory(n: number): string {
  const gib = n / 2 ** 30;
  if (gib >= 1) return `${tenth.format(gib).replace(/\.0$/, "")} GiB`;
  return n >= 2 ** 20 ? `${whole.format(n / 2 ** 20)} MiB` : `${whole.format(n / 2 ** 10)} KiB`;
}

/** Parameters of a model: 135M, 1.7B. */
export function parameters(n: number): string {
  if (n <= 0) return "";
  if (n >= 999.5e6) return `${tenth.format(n / 1e9).replace(/\.0$/, "")}B`;
  return `${whole.format(n / 1e6)}M`;
}

/** A length of time: 80 ms, 1.2 s, 3 min 05 s. */
export function duration(ms: number): string {
  if (ms < 100) return `${whole.format(ms)} ms`;
  if (ms < 59_950) return `${tenth.format(ms / 1000)} s`;
  const seconds = Math.round(ms / 1000);
  return `${Math.floor(seconds / 60)} min ${String(seconds % 60).padStart(2, "0")} s`;
}

/** Seconds until something is done, roughly. */
export function remaining(seconds: number): string {
  if (!Number.isFinite(seconds) || seconds < 0) return "";
  if (seconds < 90) return `${Math.max(1, Math.round(seconds))} s left`;
  if (seconds < 5400) return `${Math.round(seconds / 60)} min left`;
  return `${tenth.format(seconds / 3600)} h left`;
}

export const percent = (done: number, total: number): number =>
  total > 0 ? Math.min(100, Math.max(0, (done / total) * 100)) : 0;

const day = (t: number): number => {
  const d = new Date(t);
  return Math.round(Date.UTC(d.getFullYear(), d.getMonth(), d.getDate()) / 86_400_000);
};

const weekday = new Intl.DateTimeFormat(locale, { weekday: "long" });
const month = new Intl.DateTimeFormat(locale, { month: "long" });
const monthAndYear = new Intl.DateTimeFormat(locale, { month: "long", year: "numeric" });
const moment = new Intl.DateTimeFormat(locale, { dateStyle: "medium", timeStyle: "short" });

/** The heading under which a chat of time t stands: Today, Yesterday, Monday, October, May 2025. */
export function dayLabel(t: number, now: number): string {
  const days = day(now) - day(t);
  if (days <= 0) return "Today";
  if (days === 1) return "Yesterday";
  if (days < 7) return weekday.format(t);
  const then = new Date(t);
  const today = new Date(now);
  if (then.getFullYear() !== today.getFullYear()) return monthAndYear.format(t);
  return then.getMonth() === today.getMonth() ? "Earlier this month" : month.format(t);
}

export const dateTime = (t: number): string => moment.format(t);

/** A message of the program as a sentence: they come without a capital and a full stop. A path at the front stays as it is. */
export function sentence(text: string): string {
  const trimmed = text.trim();
  if (trimmed === "") return "";
  const first = /^[a-z]+[\s,;:'’]/.test(trimmed) ? trimmed[0]!.toUpperCase() + trimmed.slice(1) : trimmed;
  return /[.!?…:]$/.test(first) ? first : `${first}.`;
}
