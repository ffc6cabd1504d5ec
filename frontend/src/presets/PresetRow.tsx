// Presets to begin a chat with, below the greeting; the chosen one above the field.
import { LayoutGrid, X } from "lucide-react";
import type { Preset } from "../transport/api";
import { IconButton } from "../ui/controls";
import { t } from "../strings";
import { useView } from "../ui/view";
import { begin, dropChosen } from "./actions";
import { PresetIcon } from "./icons";
import { usePresets } from "./listed";

const most = 6;

export function PresetRow() {
  const all = usePresets();
  const chosen = useView((view) => view.pending.preset?.id);
  return (
    <ul className="preset-row" aria-label={t.presets.row}>
      {all.slice(0, most).map((p) => (
        <li key={p.id}>
          <button type="button" className="preset-chip" aria-pressed={chosen === p.id} title={p.about} onClick={() => (chosen === p.id ? dropChosen() : begin(p))}>
            <PresetIcon preset={p} />
            {p.name}
          </button>
        </li>
      ))}
      <li>
        <a className="preset-chip preset-chip-more" href="#/presets">
          <LayoutGrid aria-hidden="true" />
          {t.presets.all}
        </a>
      </li>
    </ul>
  );
}

/** Says with which preset the chat will begin. */
export function ChosenPreset({ preset }: { preset: Preset }) {
  return (
    <p className="preset-chosen">
      <PresetIcon preset={preset} />
      <span>{t.presets.chosen(preset.name)}</span>
      <IconButton label={t.presets.drop} side="top" onClick={dropChosen}>
        <X />
      </IconButton>
    </p>
  );
}
