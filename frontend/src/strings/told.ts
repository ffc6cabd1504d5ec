// What the program says in English, in the language that is spoken: errors, notes
// and reasons come as text, some out of the database, so a sentence is known by
// itself. What is not known stays English.
import { count, decimalMark } from "../ui/format";
import { speaking, t } from ".";
import { en } from "./en";

const verb = /%(?:\[(\d+)\])?(\.0)?([sdvqw])/g;
type Name = keyof typeof en.program;

interface Known {
  name: Name;
  pattern: RegExp;
  /** What the values are: d is a number. */
  verbs: string[];
}

const literally = (text: string) => text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");

function known(): Known[] {
  return (Object.keys(en.program) as Name[]).map((name) => {
    const format = en.program[name].replace(/\.$/, "");
    const verbs = [...format.matchAll(verb)].map((m) => m[3]!);
    const parts = format.split(verb).filter((_, i) => i % 4 === 0).map(literally);
    const pattern = parts.reduce((all, part, i) => all + (verbs[i - 1] === "q" ? '"(.*?)"' : "(.*?)") + part);
    return { name, verbs, pattern: new RegExp(`^${pattern}\\.?$`, "is") };
  });
}
let all: Known[] | undefined;

function whole(text: string): string | undefined {
  for (const { name, pattern, verbs } of (all ??= known())) {
    const values = pattern.exec(text)?.slice(1);
    if (!values) continue;
    const said = values.map((v, i) => (verbs[i] === "d" && /^\d+$/.test(v) ? count(Number(v)) : sized(told(v))));
    let next = 0;
    return t.program[name].replace(verb, (_, place: string | undefined, none: string | undefined) => {
      const at = place ? Number(place) - 1 : next++;
      return none ? "" : (said[at] ?? "");
    });
  }
  return undefined;
}

/** Sizes within a text, with the mark for decimals. */
const sized = (text: string) => text.replace(/(\d)\.(\d+)(?= ?[KMGTk]i?B\b)/g, `$1${decimalMark()}$2`);

/**
 * The text in the language that is spoken. Before what is known may stand what it
 * is about ("model.gguf: it is damaged"), behind it what it comes from.
 */
export function told(text: string): string {
  if (speaking() === "en") return text;
  for (let from = 0; ; ) {
    const said = whole(text.slice(from).trim());
    if (said !== undefined) return text.slice(0, from) + said;
    const colon = text.indexOf(": ", from);
    if (colon < 0) break;
    from = colon + 2;
  }
  const colon = text.indexOf(": ");
  const head = colon > 0 ? whole(text.slice(0, colon)) : undefined;
  return head === undefined ? text : head + text.slice(colon);
}
