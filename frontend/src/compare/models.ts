// Models told apart by a colour of their own, as far as colours go, and always
// by their name as well.
import type { Message, Model } from "../transport/api";

const hues = 6;

/** A number for each model that wrote in the chat, in the order in which they came. */
export function huesOf(messages: readonly Message[]): Map<string, number> {
  const all = new Map<string, number>();
  for (const m of messages) if (m.role === "assistant" && !all.has(m.model)) all.set(m.model, all.size % hues);
  return all;
}

export const nameOf = (models: readonly Model[], ref: string): string => models.find((m) => m.ref === ref)?.name ?? ref;

/** The beginning of a text on one line, without the marks of Markdown. */
export function beginning(text: string, length: number): string {
  const line = text
    .slice(0, length * 4)
    .replace(/```\w*|[#*_`>~|]+/g, " ")
    .replace(/\s+/g, " ")
    .trim();
  const characters = [...line];
  return characters.length > length ? `${characters.slice(0, length - 1).join("").trimEnd()}…` : line;
}
