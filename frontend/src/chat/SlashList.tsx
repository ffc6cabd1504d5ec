// The list of commands above the message field. The field keeps the focus; it
// tells which line is chosen by aria-activedescendant.
import { Slash } from "lucide-react";
import { useEffect, useRef, type KeyboardEvent } from "react";
import { PresetIcon } from "../presets/icons";
import { t } from "../strings";
import type { Offer } from "./slash";

export const slashOption = (id: string, i: number) => `${id}-${i}`;

interface Props {
  id: string;
  offers: readonly Offer[];
  word: string;
  at: number;
  onPoint: (i: number) => void;
  onChoose: (offer: Offer) => void;
  /** The keys of the field, should the list itself have the focus. */
  onKeys: (e: KeyboardEvent) => void;
}

export function SlashList({ id, offers, word, at, onPoint, onChoose, onKeys }: Props) {
  const list = useRef<HTMLDivElement>(null);
  useEffect(() => {
    void list.current?.querySelector("[aria-selected=true]")?.scrollIntoView({ block: "nearest" });
  }, [at, offers]);
  return (
    <div className="slash">
      <p className="unseen" role="status">
        {offers.length > 0 ? t.slash.found(offers.length) : t.slash.none(word)}
      </p>
      {offers.length === 0 && <p className="popover-note">{t.slash.none(word)}</p>}
      <div className="slash-list" id={id} role="listbox" aria-label={t.slash.label} ref={list} tabIndex={0} aria-activedescendant={offers.length > 0 ? slashOption(id, at) : undefined} onKeyDown={onKeys} hidden={offers.length === 0}>
        {offers.map((o, i) => (
          <div
            key={o.label}
            id={slashOption(id, i)}
            role="option"
            aria-selected={i === at}
            className="slash-option"
            onPointerMove={() => i !== at && onPoint(i)}
            onMouseDown={(e) => e.preventDefault()} // the field keeps the focus
            onClick={() => onChoose(o)}
          >
            {o.command.preset ? <PresetIcon preset={o.command.preset} /> : <Slash aria-hidden="true" />}
            <code>{o.label}</code>
            <span>{o.hint}</span>
          </div>
        ))}
      </div>
    </div>
  );
}
