// The page of one chat: its messages, and where the next one is written.
import { ArrowLeftRight, PanelLeft, SlidersHorizontal, SquarePen, X } from "lucide-react";
import { lazy, Suspense, useEffect, useMemo, useState } from "react";
import { openChat, useCache } from "../transport/cache";
import { pathTo } from "../transport/tree";
import { IconButton, Mark } from "../ui/controls";
import { sentence } from "../ui/format";
import { messageOf } from "../ui/notify";
import { shownKeys } from "../ui/shortcuts";
import { PresetRow } from "../presets/PresetRow";
import { t } from "../strings";
import { setDraft, setPanel, setSidebar, useView } from "../ui/view";
import { ChatPanel } from "./ChatPanel";
import { Composer } from "./Composer";
import { closeSide, goToSide, otherSide, setSide, type Side } from "../compare/split";
import { MapButton } from "../compare/MapButton";
import { CompareOverlays } from "../compare/Overlays";
import { TemporaryNote } from "./TemporaryNote";
import { newChat, newChatKeys } from "../sidebar/newChat";
import { StatusAnnouncer } from "./StatusAnnouncer";

// With all that draws Markdown: not needed before there is a message.
const NoModel = lazy(async () => ({ default: (await import("./NoModel")).NoModel }));
const Messages = lazy(async () => ({ default: (await import("./Messages")).Messages }));

interface Props {
  id: string;
  /** Which of two sides it is on; null: it has the page for itself. */
  side: Side | null;
  /** Whether this side is worked in. */
  active: boolean;
}

export function Conversation({ id, side, active }: Props) {
  // By the time a question is written, what draws its answer is there.
  const writing = useView((view) => Boolean(view.drafts[id]));
  useEffect(() => {
    if (writing) void import("./Messages").catch(() => {}); // asked for again when it is needed
  }, [writing]);
  const beside = side === "right";
  const chat = useCache((cache) => (id ? cache.opened[id] : undefined));
  const exists = useCache((cache) => id === "" || cache.chats.some((s) => s.id === id));
  const [failure, setFailure] = useState("");
  const opened = chat !== undefined;

  useEffect(() => {
    setFailure("");
    if (!id || useCache.getState().opened[id]) return;
    let left = false;
    openChat(id).catch((e: unknown) => !left && setFailure(messageOf(e)));
    return () => {
      left = true;
    };
  }, [id]);

  const path = useMemo(() => (chat ? pathTo(chat.messages, chat.leaf) : []), [chat]);
  const title = chat?.title || t.sidebar.untitled;

  return (
    <div // the main one is the one that is worked in
      className={`page conversation ${side ? `pane-${side}` : ""} ${active ? "pane-active" : ""}`}
      id={active ? "main" : undefined}
      role={active ? "main" : "region"}
      tabIndex={-1}
      aria-label={active ? undefined : t.split.beside}
      onFocusCapture={() => side && setSide(side)}
      onPointerDownCapture={() => side && setSide(side)}
    >
      <TopBar id={id} title={title} branched={path.length > 0} side={side} />
      <TemporaryNote chatId={id} />
      {id !== "" && !opened ? (
        <div className="conversation-void">
          {failure || !exists ? (
            <>
              <h1 className="display">{exists ? t.chat.openFailed : t.chat.notFound}</h1>
              {failure && <p>{sentence(failure)}</p>}
            </>
          ) : (
            <h1 className="unseen">{t.common.loading}</h1>
          )}
        </div>
      ) : path.length === 0 ? (
        <Greeting id={id} />
      ) : (
        <Suspense fallback={<div className="messages-frame" />}>
          <Messages id={id} title={title} all={chat!.messages} path={path} idle={!chat!.generating && path.at(-1)?.status !== "streaming"} />
        </Suspense>
      )}
      {(opened || id === "") && <Composer key={id} chatId={id} path={path} field={beside ? "composer-beside" : "composer"} />}
      {active && <ChatPanel chatId={id} />}
      {!beside && <CompareOverlays />}
      <StatusAnnouncer path={path} />
    </div>
  );
}

function TopBar({ id, title, branched, side }: { id: string; title: string; branched: boolean; side: Side | null }) {
  const fresh = id === "";
  const sidebar = useView((view) => view.sidebar);
  const browser = useCache((cache) => cache.about.face === "browser");
  return (
    <div className="topbar">
      {!sidebar && side !== "right" && (
        <>
          <IconButton label={t.sidebar.expand} keys={shownKeys("sidebar")} onClick={() => setSidebar(true)}>
            <PanelLeft />
          </IconButton>
          {!fresh && (
            <IconButton label={t.sidebar.newChat} keys={newChatKeys(browser)} onClick={() => newChat()}>
              <SquarePen />
            </IconButton>
          )}
        </>
      )}
      <p className="topbar-title" title={title}>
        {fresh ? "" : title}
      </p>
      {branched && <MapButton chatId={id} />}
      <IconButton label={t.panel.open} side="left" onClick={() => setPanel(true)}>
        <SlidersHorizontal />
      </IconButton>
      {side && (
        <>
          <IconButton label={t.split.other} keys="F6" onClick={() => goToSide(otherSide(side))}>
            <ArrowLeftRight />
          </IconButton>
          <IconButton label={t.split.close} onClick={() => closeSide(side)}>
            <X />
          </IconButton>
        </>
      )}
    </div>
  );
}

function Greeting({ id }: { id: string }) {
  const noModel = useCache((cache) => !cache.models.some((m) => !m.embeds && !m.problem));
  const hint = useCache((cache) => cache.about.hint);
  const preset = useView((view) => (id ? undefined : view.pending.preset));
  const examples = preset && preset.examples.length > 0 ? preset.examples.map((text) => ({ title: "", text })) : t.chat.examples;
  const start = (text: string, from: Element) => {
    setDraft(id, text);
    from.closest(".conversation")?.querySelector<HTMLTextAreaElement>(".composer textarea")?.focus();
  };
  return (
    <div className="greeting">
      <Mark size={40} />
      <h1 className="display">{noModel ? t.models.emptyTitle : t.chat.greeting}</h1>
      <p className="greeting-line">{noModel ? sentence(hint) || t.models.empty : t.chat.greetingLine}</p>
      {noModel ? (
        <Suspense fallback={null}>
          <NoModel />
        </Suspense>
      ) : (
        <>
          <ul className="examples" aria-label={t.chat.examplesLabel}>
            {examples.map((example) => (
              <li key={example.text}>
                <button type="button" className="example" onClick={(e) => start(example.text, e.currentTarget)}>
                  {example.title && <strong>{example.title}</strong>}
                  <span>{example.text}</span>
                </button>
              </li>
            ))}
          </ul>
          {id === "" && <PresetRow />}
        </>
      )}
    </div>
  );
}
