// The messages of a branch, and where in them the reader is.
import { ArrowDown } from "lucide-react";
import { lazy, Suspense, useEffect, useMemo, useRef, useState } from "react";
import type { Message } from "../transport/api";
import { useCache } from "../transport/cache";
import { siblingsOf } from "../transport/tree";
import { t } from "../strings";
import { Button } from "../ui/controls";
import { useCompares } from "../compare/actions";
import { huesOf } from "../compare/models";
import { trialOf } from "../compare/trials";
import { MessageView } from "./MessageView";
import { useFollow } from "./scroll";
import { useTarget } from "./target";

const Trial = lazy(() => import("../compare/Trial"));

const drawnAtFirst = 60; // messages drawn at first; older ones on demand

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
  const [drawn, setDrawn] = useState(drawnAtFirst);
  const { atEnd, toEnd } = useFollow(box, content, id);
  useTarget(content, id, all, path, drawn, setDrawn);

  // A new question of mine is always worth following.
  const lastQuestion = path.findLast((m) => m.role === "user")?.id;
  const before = useRef(lastQuestion);
  useEffect(() => {
    if (before.current !== lastQuestion) toEnd();
    before.current = lastQuestion;
  }, [lastQuestion, toEnd]);
  useEffect(() => setDrawn(drawnAtFirst), [id]);

  const names = useMemo(() => new Map(models.map((m) => [m.ref, m.name])), [models]);
  const hues = useMemo(() => huesOf(all), [all]);
  const folded = useCompares((c) => c.folded);
  const end = path.at(-1)!;
  const trial = useMemo(() => (end.trial && !folded.includes(end.trial.id) ? trialOf(all, end) : []), [all, end, folded]);
  const hidden = Math.max(0, path.length - drawn);
  const single = (m: Message) => (
    <MessageView
      key={m.id}
      message={m}
      versions={siblingsOf(all, m)
        .map((s) => s.id)
        .join(" ")}
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
          {hidden > 0 && (
            <Button className="earlier" kind="quiet" onClick={() => setDrawn(drawn + drawnAtFirst)}>
              {t.chat.earlier(hidden)}
            </Button>
          )}
          {path.slice(hidden, trial.length > 0 ? -1 : undefined).map(single)}
          {trial.length > 0 && (
            <Suspense fallback={single(end)}>
              <Trial answers={trial} shown={end.id} hues={hues} names={names} idle={idle} />
            </Suspense>
          )}
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
