import { useEffect, useRef, useState } from "react";
import type { Message } from "../transport/api";
import { t } from "../strings";

/** Tells screen readers when an answer begins and ends; reading out each word would drown everything else. */
export function StatusAnnouncer({ path }: { path: readonly Message[] }) {
  const [text, setText] = useState("");
  const last = path.at(-1);
  const before = useRef<{ id: string; status: string } | null>(null);
  useEffect(() => {
    const was = before.current;
    before.current = last ? { id: last.id, status: last.status } : null;
    if (!last || last.role !== "assistant") return;
    if (last.status === "streaming") {
      if (was?.id !== last.id || was.status !== "streaming") setText(t.chat.status.began);
    } else if (was?.id === last.id && was.status === "streaming") {
      setText(
        last.status === "error"
          ? t.chat.status.failed
          : last.status === "stopped"
            ? t.chat.status.stopped
            : t.chat.status.ended(last.timings?.completionTokens ?? 0),
      );
    }
  }, [last]);
  return (
    <p className="unseen" role="status">
      {text}
    </p>
  );
}
