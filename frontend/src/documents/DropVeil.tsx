import { FileInput } from "lucide-react";
import { useCache } from "../transport/cache";
import { t } from "../strings";
import { goalHere } from "./useDrops";

/** Says, while files hover, what dropping them does. */
export function DropVeil() {
  const goal = goalHere();
  const name = useCache((cache) => cache.collections.find((c) => c.id === goal.collection)?.name);
  const chat = goal.chat !== undefined;
  return (
    <div className="drop-veil" aria-hidden="true">
      <div>
        <FileInput />
        <p>{chat ? t.drop.onChat : name ? t.drop.inCollection(name) : t.drop.elsewhere}</p>
        <small>{chat ? t.drop.onChatText : t.drop.elsewhereText}</small>
        <small>{t.drop.model}</small>
      </div>
    </div>
  );
}
