// Over the composer: in which ways the next question is answered.
import { Columns2, X } from "lucide-react";
import { t } from "../strings";
import { useCache } from "../transport/cache";
import { IconButton } from "../ui/controls";
import { choose, setWays, useCompares } from "./actions";
import { nameOf } from "./models";

export function WaysChip({ chatId }: { chatId: string }) {
  const ways = useCompares((c) => c.ways[chatId]);
  const models = useCache((cache) => cache.models);
  if (!ways) return null;
  const names = ways.map((w) => [nameOf(models, w.model), w.sampling && t.compare.atTemperature(String(w.sampling.temperature))].filter(Boolean).join(", "));
  return (
    <div className="ways-chip">
      <button type="button" className="ways-chip-button" onClick={() => choose(chatId)}>
        <Columns2 aria-hidden="true" />
        <strong>{t.compare.chip(ways.length)}</strong>
        <span>{names.join(" · ")}</span>
        <span className="unseen">{t.compare.change}</span>
      </button>
      <IconButton label={t.compare.end} side="top" onClick={() => setWays(chatId, [])}>
        <X />
      </IconButton>
    </div>
  );
}
