// What of the messages that were found is shown.
import type { Found } from "../transport/api";

export type Who = "" | "user" | "assistant";
export type When = "" | "week" | "month" | "year";

const days: Record<Exclude<When, "">, number> = { week: 7, month: 31, year: 366 };

/** A title counts as neither a question nor an answer. */
export function narrowed(found: readonly Found[], who: Who, when: When, now: number): Found[] {
  const since = when === "" ? -Infinity : now - days[when] * 86_400_000;
  return found.filter((f) => (who === "" || (f.messageId !== "" && f.role === who)) && f.createdAt >= since);
}

/** The words of a query, without marks. */
export const wordsOf = (query: string): string[] => query.split(/[^\p{L}\p{N}\p{M}]+/u).filter(Boolean);
