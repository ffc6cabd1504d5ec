// How presets are shown.
import { BookOpen, CircleQuestionMark, Code, Languages, Lightbulb, Mail, PenLine, Scale, ScanSearch, Sparkles, Table, TextQuote, type LucideIcon } from "lucide-react";
import type { Preset } from "../transport/api";

export const icons: Record<string, LucideIcon> = {
  sparkles: Sparkles, summary: TextQuote, translate: Languages, explain: ScanSearch, rewrite: PenLine, table: Table, code: Code, mail: Mail, idea: Lightbulb, book: BookOpen, scale: Scale, question: CircleQuestionMark,
};
export const colours = ["green", "blue", "violet", "rose", "amber", "grey"];

export function PresetIcon({ preset }: { preset: Pick<Preset, "icon" | "colour"> }) {
  const Icon = icons[preset.icon] ?? Sparkles;
  return (
    <span className={`preset-icon hue-${colours.includes(preset.colour) ? preset.colour : "green"}`} aria-hidden="true">
      <Icon />
    </span>
  );
}
