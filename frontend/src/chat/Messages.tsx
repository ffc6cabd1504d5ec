// The messages of a branch, and where in them the reader is.
import { ArrowDown } from "lucide-react";
import { useVirtualizer } from "@tanstack/react-virtual";
import { lazy, Suspense, useCallback, useEffect, useMemo, useRef } from "react";
import type { Message } from "../transport/api";
import { useCache } from "../transport/cache";
import { placeOf, versionsOf } from "../transport/tree";
import { t } from "../strings";
import { Button } from "../ui/controls";
import { useCompares } from "../compare/actions";
import { huesOf } from "../compare/models";
import { trialOf } from "../compare/trials";
import { MessageView } from "./MessageView";
import { useFollow } from "./scroll";
import { useTarget } from "./target";

const Trial = lazy(() => import("../compare/Trial"));

const ahead = 6; // messages drawn above and below what is in sight
const charactersALine = 84;

/** How high a message may be, in pixels, until it has been drawn. */
function guess(m: Message | undefined): number {
  const lines = m ? m.content.length / charactersALine + (m.content.match(/\n/g)?.length ?? 0) : 4;
  return 96 + Math.min(lines, 400) * 25;
}

interface MessagesProps {
  id: string;
  title: string;
  all: readonly Message[];
  path: readonly Message[];
  idle: boolean;
}

export function Messages({ id, title, all, path, idle }: MessagesProps) {
  const models = useCache((cache) => cache.models);
  const box = useRef<HTMLDivElement>(null);
  const content = useRef<HTMLDivElement>(null);
  const { atEnd, toEnd, leave } = useFollow(box, content, id);

  // A new question of mine is always worth following.
  const lastQuestion = path.findLast((m) => m.role === "user")?.id;
  const before = useRef(lastQuestion);
  useEffect(() => {
    if (before.current !== lastQuestion) toEnd();
    before.current = lastQuestion;
  }, [lastQuestion, toEnd]);

  const names = useMemo(() => new Map(models.map((m) => [m.ref, m.name])), [models]);
  const hues = useMemo(() => huesOf(all), [all]);
  const folded = useCompares((c) => c.folded);
  const end = path.at(-1)!;
  const trial = useMemo(() => (end.trial && !folded.includes(end.trial.id) ? trialOf(all, end) : []), [all, end, folded]);
  const versions = useMemo(() => versionsOf(all), [all]);
  const singles = trial.length > 0 ? path.length - 1 : path.length;
  const slots = useVirtualizer({
    count: path.length,
    getScrollElement: () => box.current,
    getItemKey: (i) => path[i]?.id ?? i,
    estimateSize: (i) => guess(path[i]),
    overscan: ahead,
    useFlushSync: false,
  });
  const show = useCallback(
    (i: number) => {
      leave();
      slots.scrollToIndex(i, { align: "center" });
    },
    [leave, slots],
  );
  useTarget(content, id, all, path, show);
  const single = (m: Message) => (
    <MessageView
      key={m.id}
      message={m}
      versions={versions.get(placeOf(m))!.join(" ")}
      modelName={names.get(m.model) ?? m.model}
      last={m === end}
      idle={idle}
    />
  );
  return (
    <div className="messages-frame">
      {/* The conversation is longer than the page: the box scrolls, so it must take the keyboard. */}
      <div className="messages" ref={box} tabIndex={0} role="region" aria-label={t.chat.heading(title)}>
        <div className="messages-content" ref={content}>
          <h1 className="unseen">{title}</h1>
          <div className="message-slots" style={{ height: slots.getTotalSize() }}>
            {slots.getVirtualItems().map(({ index, key, start }) => (
              <div key={key} className="message-slot" data-index={index} ref={slots.measureElement} style={{ transform: `translateY(${start}px)` }}>
                {index < singles ? (
                  single(path[index]!)
                ) : (
                  <Suspense fallback={single(end)}>
                    <Trial answers={trial} shown={end.id} hues={hues} names={names} idle={idle} />
                  </Suspense>
                )}
              </div>
            ))}
          </div>
        </div>
      </div>
      {!atEnd && (
        <Button className="latest" onClick={() => toEnd("smooth")}>
          <ArrowDown aria-hidden="true" />
          {t.chat.latest}
        </Button>
      )}
    </div>
  );
}
