// Says of a temporary chat that it is one, before its first message already.
import { MessageCircleDashed } from "lucide-react";
import { keep } from "../sidebar/actions";
import { useCache } from "../transport/cache";
import { Button } from "../ui/controls";
import { sentence } from "../ui/format";
import { t } from "../strings";
import { useView } from "../ui/view";

export function TemporaryNote({ chatId }: { chatId: string }) {
  const kept = useCache((cache) => cache.opened[chatId]?.temporary);
  const pending = useView((view) => view.pending.temporary === true);
  if (chatId ? !kept : !pending) return null;
  return (
    <div className="temporary-note" role="note">
      <MessageCircleDashed aria-hidden="true" />
      <p>
        <strong>{sentence(t.temporary.badge)}</strong> {t.temporary.banner}
      </p>
      {chatId && (
        <Button small onClick={() => void keep(chatId)}>
          {t.temporary.keep}
        </Button>
      )}
    </div>
  );
}
