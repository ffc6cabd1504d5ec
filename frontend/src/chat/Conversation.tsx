// The page of one chat: its messages, and where the next one is written.
import { ArrowDown, PanelLeft, SlidersHorizontal, SquarePen } from "lucide-react";
import { useEffect, useMemo, useRef, useState } from "react";
import { openChat, useCache } from "../transport/cache";
import type { Message } from "../transport/api";
import { useCatalogue } from "../models/Catalogue";
import { ForThisMachine, recommended } from "../models/ForThisMachine";
import { pathTo, siblingsOf } from "../transport/tree";
import { Button, IconButton, Mark } from "../ui/controls";
import { sentence } from "../ui/format";
import { messageOf } from "../ui/notify";
import { shortcut } from "../ui/shortcut";
import { t } from "../strings";
import { setDraft, setPanel, setSidebar, useView } from "../ui/view";
import { ChatPanel } from "./ChatPanel";
import { Composer } from "./Composer";
import { MessageView } from "./MessageView";
import { TemporaryNote } from "./TemporaryNote";
import { useTarget } from "./target";
import { newChat, newChatKeys } from "../sidebar/newChat";
import { useFollow } from "./scroll";
import { StatusAnnouncer } from "./StatusAnnouncer";

const drawnAtFirst = 60; // messages drawn at first; older ones on demand

export function Conversation({ id }: { id: string }) {
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
    <main className="page conversation" id="main" tabIndex={-1}>
      <TopBar title={title} fresh={id === ""} />
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
        <Messages id={id} title={title} all={chat!.messages} path={path} idle={!chat!.generating && path.at(-1)?.status !== "streaming"} />
      )}
      {(opened || id === "") && <Composer key={id} chatId={id} path={path} />}
      <ChatPanel chatId={id} />
      <StatusAnnouncer path={path} />
    </main>
  );
}

function TopBar({ title, fresh }: { title: string; fresh: boolean }) {
  const sidebar = useView((view) => view.sidebar);
  const browser = useCache((cache) => cache.about.face === "browser");
  return (
    <header className="topbar">
      {!sidebar && (
        <>
          <IconButton label={t.sidebar.expand} keys={shortcut("B")} onClick={() => setSidebar(true)}>
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
      <IconButton label={t.panel.open} side="left" onClick={() => setPanel(true)}>
        <SlidersHorizontal />
      </IconButton>
    </header>
  );
}

function Greeting({ id }: { id: string }) {
  const noModel = useCache((cache) => !cache.models.some((m) => !m.embeds && !m.problem));
  const hint = useCache((cache) => cache.about.hint);
  const start = (text: string) => {
    setDraft(id, text);
    document.querySelector<HTMLTextAreaElement>("#composer")?.focus();
  };
  return (
    <div className="greeting">
      <Mark size={40} />
      <h1 className="display">{noModel ? t.models.emptyTitle : t.chat.greeting}</h1>
      <p className="greeting-line">{noModel ? sentence(hint) || t.models.empty : t.chat.greetingLine}</p>
      {noModel ? (
        <NoModel />
      ) : (
        <ul className="examples" aria-label={t.chat.examplesLabel}>
          {t.chat.examples.map((example) => (
            <li key={example.title}>
              <button type="button" className="example" onClick={() => start(example.text)}>
                <strong>{example.title}</strong>
                <span>{example.text}</span>
              </button>
            </li>
          ))}
        </ul>
      )}
    </div>
  );
}

/** Without a model: the one to begin with, and the ways that need no network. */
function NoModel() {
  const { entries } = useCatalogue();
  const first = recommended(entries);
  return (
    <>
      {first && <ForThisMachine entry={first} />}
      <p className="greeting-line">{t.models.emptyImport}</p>
      <a className="button" href="#/models">
        {t.models.otherWays}
      </a>
    </>
  );
}

interface MessagesProps {
  id: string;
  title: string;
  all: readonly Message[];
  path: readonly Message[];
  idle: boolean;
}

function Messages({ id, title, all, path, idle }: MessagesProps) {
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
  const hidden = Math.max(0, path.length - drawn);
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
          {path.slice(hidden).map((m) => (
            <MessageView
              key={m.id}
              message={m}
              versions={siblingsOf(all, m)
                .map((s) => s.id)
                .join(" ")}
              modelName={names.get(m.model) ?? m.model}
              last={m === path.at(-1)}
              idle={idle}
            />
          ))}
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
