// The list of chats, and the way to the other pages.
import { Box, Cpu, Files, Globe, MoreHorizontal, PanelLeft, Plus, Search, Settings2, ShieldCheck, X } from "lucide-react";
import { DropdownMenu, Switch } from "radix-ui";
import { memo, useEffect, useMemo, useRef, useState, type KeyboardEvent } from "react";
import * as api from "../transport/api";
import { useCache } from "../transport/cache";
import { unfinished } from "../documents/SourceChips";
import { setNetwork } from "../models/pull";
import { Hint, IconButton, Mark, Progress } from "../ui/controls";
import { dayLabel, percent } from "../ui/format";
import { go, href, useRoute, type PageName } from "../ui/route";
import { shortcut } from "../ui/shortcut";
import { t } from "../strings";
import { setSidebar, sidebarUsed, useView } from "../ui/view";
import { copyChat, downloadChat, remove, rename } from "./actions";

export interface Group {
  label: string;
  chats: api.ChatSummary[];
}

/** Chats under the days they were last written to; the list comes newest first. */
export function groupByDay(chats: readonly api.ChatSummary[], now: number): Group[] {
  const groups: Group[] = [];
  for (const chat of chats) {
    const label = dayLabel(chat.updatedAt, now);
    if (groups.at(-1)?.label !== label) groups.push({ label, chats: [] });
    groups.at(-1)!.chats.push(chat);
  }
  return groups;
}

/** Browsers keep Ctrl+N for themselves. */
export const newChatKeys = (browser: boolean): string => (browser ? shortcut("O", true) : shortcut("N"));

export function newChat(): void {
  go({ page: "chat", id: "" });
  sidebarUsed();
  requestAnimationFrame(() => document.querySelector<HTMLTextAreaElement>("#composer")?.focus());
}

/** What was found for the query, null while there is none; asked a moment after the last key. */
function useSearch(query: string): api.ChatSummary[] | null {
  const [found, setFound] = useState<api.ChatSummary[] | null>(null);
  const chats = useCache((cache) => cache.chats);
  useEffect(() => {
    const text = query.trim();
    if (text === "") return setFound(null);
    let stale = false;
    const timer = setTimeout(() => {
      api.searchChats(text).then(
        (all) => !stale && setFound(all),
        () => !stale && setFound([]),
      );
    }, 180);
    return () => {
      stale = true;
      clearTimeout(timer);
    };
  }, [query, chats]);
  return query.trim() === "" ? null : found;
}

export function Sidebar() {
  const open = useView((view) => view.sidebar);
  const chats = useCache((cache) => cache.chats);
  const browser = useCache((cache) => cache.about.face === "browser");
  const route = useRoute();
  const [query, setQuery] = useState("");
  const found = useSearch(query);
  const shown = found ?? chats;
  const today = new Date().toDateString();
  const groups = useMemo(() => groupByDay(shown, Date.parse(today) + 43_200_000), [shown, today]);
  const current = route.page === "chat" ? route.id : "";

  if (!open) return null;
  return (
    <>
      <div className="sidebar-veil" onClick={() => setSidebar(false)} aria-hidden="true" />
      <nav className="sidebar" aria-label={t.sidebar.label}>
        <header className="sidebar-head">
          <a className="wordmark" href="#/" onClick={sidebarUsed}>
            <Mark />
            {t.name}
          </a>
          <IconButton label={t.sidebar.collapse} keys={shortcut("B")} side="right" onClick={() => setSidebar(false)}>
            <PanelLeft />
          </IconButton>
        </header>
        <button type="button" className="new-chat" onClick={newChat}>
          <Plus aria-hidden="true" />
          {t.sidebar.newChat}
          <kbd>{newChatKeys(browser)}</kbd>
        </button>
        <SearchField query={query} onChange={setQuery} />
        <p className="unseen" role="status">
          {found ? t.sidebar.results(found.length) : ""}
        </p>
        <div className="chat-list" onKeyDown={moveInList}>
          {groups.map((group, i) => (
            <section key={`${group.label} ${i}`} aria-label={group.label}>
              <h2 className="chat-day">{group.label}</h2>
              <ul>
                {group.chats.map((chat) => (
                  <ChatItem key={chat.id} chat={chat} current={chat.id === current} />
                ))}
              </ul>
            </section>
          ))}
          {shown.length === 0 && <p className="chat-list-empty">{found ? t.sidebar.noResults(query.trim()) : t.sidebar.empty}</p>}
        </div>
        <footer className="sidebar-foot">
          <DownloadIndicator />
          <ReadingIndicator />
          <PageLink page="documents" current={route.page}>
            <Files aria-hidden="true" />
            {t.sidebar.documents}
          </PageLink>
          <PageLink page="models" current={route.page}>
            <Box aria-hidden="true" />
            {t.sidebar.models}
          </PageLink>
          <PageLink page="machine" current={route.page}>
            <Cpu aria-hidden="true" />
            {t.sidebar.machine}
          </PageLink>
          <PageLink page="settings" current={route.page}>
            <Settings2 aria-hidden="true" />
            {t.sidebar.settings}
          </PageLink>
          <NetworkSwitch current={route.page} />
        </footer>
      </nav>
    </>
  );
}

/** The switch is always in sight; the words beside it lead to what was dialled. */
function NetworkSwitch({ current }: { current: string }) {
  const allowed = useCache((cache) => cache.settings.networkAllowed);
  return (
    <div className={`network ${allowed ? "network-on" : ""}`}>
      <a className="network-words" href={href({ page: "network" })} aria-current={current === "network" ? "page" : undefined} onClick={sidebarUsed}>
        {allowed ? <Globe aria-hidden="true" /> : <ShieldCheck aria-hidden="true" />}
        {allowed ? t.sidebar.online : t.sidebar.offline}
      </a>
      <Hint text={allowed ? t.sidebar.switchOff : t.sidebar.switchOn} side="top">
        <Switch.Root className="switch switch-small" checked={allowed} aria-label={t.settings.network} onCheckedChange={(on) => void setNetwork(on)}>
          <Switch.Thumb className="switch-thumb" />
        </Switch.Root>
      </Hint>
    </div>
  );
}

/** What is coming, while something is. */
function DownloadIndicator() {
  const downloads = useCache((cache) => cache.downloads);
  const under = Object.values(downloads).filter((d) => ["queued", "running", "waiting", "verifying"].includes(d.state));
  if (under.length === 0) return null;
  const done = under.reduce((n, d) => n + d.done, 0);
  const total = under.reduce((n, d) => n + d.total, 0);
  const name = under.length === 1 ? under[0]!.name : t.downloads.several(under.length);
  return (
    <a className="coming" href={href({ page: "models" })} onClick={sidebarUsed}>
      <span className="coming-name">{t.downloads.short(name, percent(done, total))}</span>
      <Progress done={done} total={total} label={name} />
    </a>
  );
}

/** That documents are being read, while some are. */
function ReadingIndicator() {
  const under = useCache((cache) => Object.values(cache.documents).filter(unfinished).length);
  if (under === 0) return null;
  return (
    <a className="coming" href={href({ page: "documents" })} onClick={sidebarUsed}>
      <span className="coming-name">{t.documents.working(under)}</span>
      <Progress done={0} total={0} label={t.documents.working(under)} />
    </a>
  );
}

function PageLink({ page, current, children }: { page: Exclude<PageName, "chat">; current: string; children: React.ReactNode }) {
  return (
    <a className="page-link" href={href({ page })} aria-current={current === page ? "page" : undefined} onClick={sidebarUsed}>
      {children}
    </a>
  );
}

function SearchField({ query, onChange }: { query: string; onChange: (query: string) => void }) {
  return (
    <div className="search" role="search" aria-label={t.sidebar.search}>
      <Search aria-hidden="true" />
      <input
        id="search"
        type="text"
        placeholder={t.sidebar.search}
        aria-label={t.sidebar.search}
        value={query}
        onChange={(e) => onChange(e.target.value)}
        onKeyDown={(e) => {
          if (e.key === "Escape") {
            e.preventDefault();
            onChange("");
          } else if (e.key === "ArrowDown") {
            e.preventDefault();
            document.querySelector<HTMLElement>(".chat-link")?.focus();
          }
        }}
      />
      {query !== "" && (
        <IconButton label={t.sidebar.clearSearch} onClick={() => onChange("")}>
          <X />
        </IconButton>
      )}
    </div>
  );
}

/** Arrow keys go from chat to chat. */
function moveInList(e: KeyboardEvent<HTMLElement>): void {
  const step = e.key === "ArrowDown" ? 1 : e.key === "ArrowUp" ? -1 : 0;
  if (step === 0 || !(e.target as Element).classList.contains("chat-link")) return;
  e.preventDefault();
  const links = [...e.currentTarget.querySelectorAll<HTMLElement>(".chat-link")];
  const next = links.indexOf(e.target as HTMLElement) + step;
  if (next < 0) document.querySelector<HTMLElement>("#search")?.focus();
  else links[next]?.focus();
}

/** Deletes a chat and leaves the focus where it was in the list. */
async function removeFromList(chat: api.ChatSummary, link: HTMLElement): Promise<void> {
  const links = () => [...document.querySelectorAll<HTMLElement>(".chat-link")];
  const at = links().indexOf(link);
  await remove(chat);
  requestAnimationFrame(() => (links()[at] ?? links().at(-1))?.focus());
}

const ChatItem = memo(function ChatItem({ chat, current }: { chat: api.ChatSummary; current: boolean }) {
  const [renaming, setRenaming] = useState(false);
  const link = useRef<HTMLAnchorElement>(null);
  const browser = useCache((cache) => cache.about.face === "browser");
  const title = chat.title || t.sidebar.untitled;
  const focusLink = () => requestAnimationFrame(() => link.current?.focus());

  if (renaming)
    return (
      <li className="chat-item chat-item-renaming">
        <RenameField
          title={chat.title}
          onDone={(next) => {
            setRenaming(false);
            focusLink();
            if (next && next !== chat.title) void rename(chat.id, next);
          }}
        />
      </li>
    );
  return (
    <li className={`chat-item ${current ? "chat-item-current" : ""}`}>
      <a
        ref={link}
        className="chat-link"
        href={href({ page: "chat", id: chat.id })}
        aria-current={current ? "page" : undefined}
        onClick={sidebarUsed}
        onDoubleClick={() => setRenaming(true)}
        onKeyDown={(e) => {
          if (e.key === "F2") setRenaming(true);
          if (e.key === "Delete") void removeFromList(chat, e.currentTarget);
        }}
      >
        {chat.generating && <span className="answering" role="img" aria-label={t.sidebar.answering} />}
        <span className="chat-title">{title}</span>
      </a>
      <DropdownMenu.Root modal={false}>
        <DropdownMenu.Trigger className="icon-button chat-more" aria-label={t.sidebar.more(title)}>
          <MoreHorizontal />
        </DropdownMenu.Trigger>
        <DropdownMenu.Portal>
          {/* Focus stays where the chosen item put it. */}
          <DropdownMenu.Content className="menu" align="start" sideOffset={4} collisionPadding={8} onCloseAutoFocus={(e) => renaming && e.preventDefault()}>
            <DropdownMenu.Item className="menu-item" onSelect={() => setTimeout(() => setRenaming(true), 0)}>
              {t.sidebar.rename}
              <kbd>F2</kbd>
            </DropdownMenu.Item>
            <DropdownMenu.Item className="menu-item" onSelect={() => void copyChat(chat.id)}>
              {t.sidebar.copyMarkdown}
            </DropdownMenu.Item>
            {browser && (
              <DropdownMenu.Item className="menu-item" onSelect={() => void downloadChat(chat)}>
                {t.sidebar.downloadJson}
              </DropdownMenu.Item>
            )}
            <DropdownMenu.Separator className="menu-line" />
            <DropdownMenu.Item className="menu-item menu-item-danger" onSelect={() => void remove(chat)}>
              {t.sidebar.remove}
              <kbd>Del</kbd>
            </DropdownMenu.Item>
          </DropdownMenu.Content>
        </DropdownMenu.Portal>
      </DropdownMenu.Root>
    </li>
  );
});

function RenameField({ title, onDone }: { title: string; onDone: (title: string | null) => void }) {
  const [text, setText] = useState(title);
  const box = useRef<HTMLInputElement>(null);
  const done = useRef(false);
  useEffect(() => {
    // After the menu has given its focus back.
    const timer = setTimeout(() => box.current?.select(), 30);
    return () => clearTimeout(timer);
  }, []);
  const finish = (next: string | null) => {
    if (done.current) return;
    done.current = true;
    onDone(next);
  };
  return (
    <input
      ref={box}
      className="rename"
      aria-label={t.sidebar.renameLabel}
      value={text}
      onChange={(e) => setText(e.target.value)}
      onBlur={() => finish(text.trim() || null)}
      onKeyDown={(e) => {
        if (e.nativeEvent.isComposing) return;
        if (e.key === "Enter") finish(text.trim() || null);
        if (e.key === "Escape") {
          e.preventDefault();
          finish(null);
        }
      }}
    />
  );
}
