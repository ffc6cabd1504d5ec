// Variables of prompts: {{date}}, {{time}}, {{clipboard}}, {{selection}} and
// {{input:Name}}. Everything else in braces stays as it is, and so does what is
// filled in: it is never read for variables again.

export type Variable = { kind: "date" | "time" | "clipboard" | "selection" } | { kind: "input"; name: string };
export type Part = string | Variable;

const pattern = /\{\{\s*(?:(date|time|clipboard|selection)|input:([^{}\n]{1,60}))\s*\}\}/g;

export function partsOf(prompt: string): Part[] {
  const parts: Part[] = [];
  let end = 0;
  for (const m of prompt.matchAll(pattern)) {
    const name = m[2]?.trim();
    if (m[1] === undefined && !name) continue;
    if (m.index > end) parts.push(prompt.slice(end, m.index));
    parts.push(name ? { kind: "input", name } : { kind: m[1] as "date" });
    end = m.index + m[0].length;
  }
  if (end < prompt.length) parts.push(prompt.slice(end));
  return parts;
}

/** By which a value is known: the same name asks once. */
export const keyOf = (v: Variable): string => (v.kind === "input" ? `input:${v.name}` : v.kind);

/** What somebody must be asked for, each once, in order. */
export function asked(parts: readonly Part[]): Variable[] {
  const all = new Map<string, Variable>();
  for (const p of parts) if (typeof p !== "string" && p.kind !== "date" && p.kind !== "time") all.set(keyOf(p), p);
  return [...all.values()];
}

export function fill(parts: readonly Part[], values: Readonly<Record<string, string>>, now: Date, language: string): string {
  return parts
    .map((p) => {
      if (typeof p === "string") return p;
      if (p.kind === "date") return now.toLocaleDateString(language, { dateStyle: "long" });
      if (p.kind === "time") return now.toLocaleTimeString(language, { timeStyle: "short" });
      return Object.hasOwn(values, keyOf(p)) ? values[keyOf(p)]! : "";
    })
    .join("");
}
