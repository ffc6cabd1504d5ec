// Where a message is written.
import { ArrowUp, ListPlus, Square } from "lucide-react";
import { lazy, Suspense, useEffect, useMemo, useRef, useState, type KeyboardEvent as FieldKey } from "react";
import { useSources } from "../documents/actions";
import { RouteMenu } from "../documents/RouteMenu";
import { SourceChips, unfinished } from "../documents/SourceChips";
import { SourcePicker } from "../documents/SourcePicker";
import type { Message, Model } from "../transport/api";
import { useCache } from "../transport/cache";
import { useShallow } from "zustand/react/shallow";
import { Hint } from "../ui/controls";
import { sentence } from "../ui/format";
import { t } from "../strings";
import { told } from "../strings/told";
import { useAsking } from "../presets/actions";
import { ChosenPreset } from "../presets/PresetRow";
import { composes } from "../ui/composing";
import { setDraft, useView } from "../ui/view";
import { modelForNewChat, send, setModel, stop, writers } from "./actions";
import { ask, choose, useCompares } from "../compare/actions";
import { WaysChip } from "../compare/WaysChip";
import { ContextGauge } from "./ContextGauge";
import { sends } from "./keys";
import { fitHeight } from "./fitHeight";
import { editLastQuestion } from "./lastOf";
import { ModelPicker } from "./ModelPicker";
import { addPasted, pastedFiles } from "./pasted";
import { enqueue, QueuePanel, sendNow } from "./QueuePanel";
import { commandsOf, offers, take, typed, type Offer } from "./slash";
import { SlashList, slashOption } from "./SlashList";

const VariableForm = lazy(() => import("../presets/VariableForm"));

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
  const preset = useView((view) => (chatId ? undefined : view.pending.preset));
  const asking = useAsking((a) => (a.now?.chatId === chatId ? a.now : null));
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

  const commands = useCommands(chatId, draft);
  const listId = `${field}-commands`;

  /** now: the answer that is being written gives way. */
  const submit = (now: boolean) => {
    if (why) return;
    if (!writing) return void (ways ? ask(chatId, draft, ways) : send(chatId, draft));
    setDraft(chatId, "");
    void (now ? sendNow : enqueue)(chatId, draft).then((done) => !done && !useView.getState().drafts[chatId] && setDraft(chatId, draft));
  };
  const keys = (e: FieldKey<HTMLTextAreaElement>) => {
    if (commands.keys(e)) return e.preventDefault();
    if (e.key === "ArrowUp" && draft === "" && !e.altKey && !e.shiftKey && !composes(e.nativeEvent) && editLastQuestion()) return e.preventDefault();
    if (!sends(e)) return;
    e.preventDefault();
    submit(e.ctrlKey || e.metaKey);
  };

  return (
    <form
      className="composer"
      onSubmit={(e) => {
        e.preventDefault();
        submit(false);
      }}
    >
      {commands.list && <SlashList id={listId} {...commands.list} />}
      <QueuePanel chatId={chatId} />
      {asking && (
        <Suspense fallback={null}>
          <VariableForm now={asking} />
        </Suspense>
      )}
      <div className={`composer-box ${obstacle ? "composer-blocked" : ""}`} onClick={(e) => e.target === e.currentTarget && box.current?.focus()}>
        <WaysChip chatId={chatId} />
        {preset && <ChosenPreset preset={preset} />}
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
          aria-autocomplete={commands.list ? "list" : undefined}
          aria-controls={commands.list ? listId : undefined}
          aria-activedescendant={commands.list && commands.list.offers.length > 0 ? slashOption(listId, commands.list.at) : undefined}
          onKeyDown={keys}
          onPaste={(e) => {
            const files = pastedFiles(e.clipboardData);
            if (files.length === 0) return;
            e.preventDefault();
            void addPasted(files, chatId);
          }}
        />
        <div className="composer-bar">
          <ModelPicker chatId={chatId} models={models} current={ref} onChoose={(m) => void setModel(chatId, m)} onCompare={() => choose(chatId)} />
          <SourcePicker chatId={chatId} />
          <RouteMenu chatId={chatId} />
          <span className="composer-space" />
          {writing && last && <Speed messageId={last.id} />}
          {chat && <ContextGauge chatId={chatId} draft={draft} changed={`${chat.leaf} ${last?.status} ${chat.model} ${chat.system} ${chat.sources.documents.length + chat.sources.collections.length}`} leftOut={last?.evidence?.leftOut ?? []} />}
          {writing && draft.trim() !== "" && (
            <Hint text={t.queue.add} side="top">
              <button type="submit" className="send send-queue" aria-label={t.queue.add} aria-disabled={obstacle !== ""}>
                <ListPlus />
              </button>
            </Hint>
          )}
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
        ) : writing && draft.trim() !== "" ? (
          t.queue.hint
        ) : (
          t.composer.hint
        )}
      </p>
    </form>
  );
}

/** The commands that the draft may begin with, and the keys of their list. */
function useCommands(chatId: string, draft: string) {
  const [at, setAt] = useState(0);
  const [dismissed, setDismissed] = useState<string | null>(null); // the word whose list was left with Escape
  const known = useCache(useShallow((cache) => [cache.presets, cache.models, cache.opened[chatId]] as const));
  const now = useMemo(() => typed(draft), [draft]);
  const all = useMemo(() => (now ? offers(commandsOf(chatId), now) : []), [now, chatId, known]);
  useEffect(() => setAt(0), [now?.word]);
  useEffect(() => {
    if (!now) setDismissed(null);
  }, [now]);
  // Behind a word that is no command there is nothing to choose.
  const shown = now !== null && dismissed !== now.word && (all.length > 0 || now.rest === null);
  const current = Math.min(at, Math.max(0, all.length - 1));
  const choose = (offer: Offer) => {
    take(chatId, offer);
    setAt(0);
  };
  const keys = (e: FieldKey): boolean => {
    if (!shown || all.length === 0 || composes(e.nativeEvent) || e.altKey || e.ctrlKey || e.metaKey) return false;
    const offer = all[current]!;
    if (e.key === "ArrowDown" || e.key === "ArrowUp") setAt((current + (e.key === "ArrowDown" ? 1 : -1) + all.length) % all.length);
    else if (e.key === "Tab" && !e.shiftKey && offer.rest === null && `/${offer.command.name}` !== draft) setDraft(chatId, `/${offer.command.name} `);
    else if (e.key === "Enter" && !e.shiftKey) choose(offer);
    else if (e.key === "Escape") setDismissed(now!.word);
    else return false;
    return true;
  };
  return { keys, list: shown ? { offers: all, word: now!.word, at: current, onPoint: setAt, onChoose: choose, onKeys: (e: FieldKey) => keys(e) && e.preventDefault() } : null };
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
