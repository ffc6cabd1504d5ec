// Where a message is written.
import { ArrowUp, Square } from "lucide-react";
import { useEffect, useMemo, useRef } from "react";
import { useSources } from "../documents/actions";
import { RouteMenu } from "../documents/RouteMenu";
import { SourceChips, unfinished } from "../documents/SourceChips";
import { SourcePicker } from "../documents/SourcePicker";
import type { Message, Model } from "../transport/api";
import { useCache } from "../transport/cache";
import { Hint } from "../ui/controls";
import { sentence } from "../ui/format";
import { t } from "../strings";
import { told } from "../strings/told";
import { setDraft, useView } from "../ui/view";
import { modelForNewChat, send, setModel, stop, writers } from "./actions";
import { ask, choose, useCompares } from "../compare/actions";
import { WaysChip } from "../compare/WaysChip";
import { ContextGauge } from "./ContextGauge";
import { sends } from "./keys";
import { fitHeight } from "./fitHeight";
import { ModelPicker } from "./ModelPicker";

/** Why the chat cannot be answered at the moment; "" if it can. */
export function whyNot(models: readonly Model[], ref: string, connected: boolean): string {
  if (!connected) return t.composer.whyOffline;
  if (models.length === 0) return t.composer.whyNoModel;
  const model = models.find((m) => m.ref === ref);
  if (!model) return t.composer.whyModelGone;
  return model.problem ? sentence(t.composer.whyModelProblem(model.name, told(model.problem))) : "";
}

/** field is the id of the text field: two chats may be shown. */
export function Composer({ chatId, path, field }: { chatId: string; path: readonly Message[]; field: string }) {
  const all = useCache((cache) => cache.models);
  const models = useMemo(() => writers(all), [all]);
  const settings = useCache((cache) => cache.settings);
  const connected = useCache((cache) => cache.connected);
  const chat = useCache((cache) => cache.opened[chatId]);
  const draft = useView((view) => view.drafts[chatId] ?? "");
  const pendingModel = useView((view) => view.pending.model);
  const ways = useCompares((c) => c.ways[chatId]);
  const waitingFor = useUnfinished(chatId);
  const box = useRef<HTMLTextAreaElement>(null);

  const ref = chat ? chat.model : modelForNewChat({ models, settings }, pendingModel);
  const last = path.at(-1);
  const writing = chat?.generating === true || last?.status === "streaming";
  const obstacle = whyNot(models, ref, connected);
  const why = obstacle || (draft.trim() === "" ? t.composer.whyEmpty : "");

  useEffect(() => fitHeight(box.current), [draft]);
  useEffect(() => box.current?.focus({ preventScroll: true }), []);
  useEffect(() => {
    if (!writing) return;
    const escape = (e: KeyboardEvent) => {
      const elsewhere = document.activeElement?.closest(".conversation");
      if (elsewhere && !elsewhere.contains(box.current)) return; // the other of two chats
      if (e.key === "Escape" && !e.defaultPrevented && !document.querySelector("[data-radix-popper-content-wrapper], [role=dialog], [role=alertdialog]"))
        void stop(chatId);
    };
    addEventListener("keydown", escape);
    return () => removeEventListener("keydown", escape);
  }, [writing, chatId]);

  const submit = () => {
    if (writing || why) return;
    if (ways) void ask(chatId, draft, ways);
    else void send(chatId, draft);
  };

  return (
    <form
      className="composer"
      onSubmit={(e) => {
        e.preventDefault();
        submit();
      }}
    >
      <div className={`composer-box ${obstacle ? "composer-blocked" : ""}`} onClick={(e) => e.target === e.currentTarget && box.current?.focus()}>
        <WaysChip chatId={chatId} />
        <SourceChips chatId={chatId} />
        <textarea
          id={field}
          ref={box}
          rows={1}
          aria-label={t.composer.label}
          aria-describedby={`${field}-hint`}
          placeholder={models.length === 0 ? t.composer.placeholderNoModel : t.composer.placeholder}
          value={draft}
          onChange={(e) => setDraft(chatId, e.target.value)}
          onKeyDown={(e) => {
            if (!sends(e)) return;
            e.preventDefault();
            submit();
          }}
        />
        <div className="composer-bar">
          <ModelPicker models={models} current={ref} onChoose={(m) => void setModel(chatId, m)} onCompare={() => choose(chatId)} />
          <SourcePicker chatId={chatId} />
          <RouteMenu chatId={chatId} />
          <span className="composer-space" />
          {writing && last && <Speed messageId={last.id} />}
          {chat && <ContextGauge chatId={chatId} draft={draft} changed={`${chat.leaf} ${last?.status} ${chat.model} ${chat.system} ${chat.sources.documents.length + chat.sources.collections.length}`} leftOut={last?.evidence?.leftOut ?? []} />}
          {writing ? (
            <Hint text={t.composer.stopHint} side="top">
              <button type="button" className="send send-stop" aria-label={t.composer.stop} onClick={() => void stop(chatId)}>
                <Square fill="currentColor" />
              </button>
            </Hint>
          ) : (
            <Hint text={why || t.composer.send} side="top">
              {/* Stays focusable while it cannot send, so that the reason can be read. */}
              <button type="submit" className="send" aria-label={t.composer.send} aria-disabled={why !== ""}>
                <ArrowUp />
              </button>
            </Hint>
          )}
        </div>
      </div>
      <p className="composer-hint" id={`${field}-hint`}>
        {obstacle ? (
          <>
            {obstacle}{" "}
            {models.length === 0 && <a href="#/models">{t.composer.addModel}</a>}
          </>
        ) : waitingFor > 0 ? (
          t.sources.stillReading(waitingFor)
        ) : (
          t.composer.hint
        )}
      </p>
    </form>
  );
}

/** How many of the chat's documents are still being read. */
function useUnfinished(chatId: string): number {
  const sources = useSources(chatId);
  return useCache((cache) => sources.documents.filter((id) => unfinished(cache.documents[id])).length);
}

function Speed({ messageId }: { messageId: string }) {
  const perSecond = useCache((cache) => cache.live[messageId]?.perSecond ?? 0);
  return perSecond > 0 ? <span className="speed">{t.composer.speed(perSecond)}</span> : null;
}
