// The list of chats, and the way to the other pages.
import { Activity, Box, Cpu, Files, Globe, MessageCircleDashed, PanelLeft, Plus, Search, Settings2, ShieldCheck, TextSearch, X } from "lucide-react";
import { Switch } from "radix-ui";
import { useEffect, useState } from "react";
import { unfinished } from "../documents/SourceChips";
import { setNetwork } from "../models/pull";
import { useSplit } from "../compare/split";
import * as api from "../transport/api";
import { useCache } from "../transport/cache";
import { Hint, IconButton, Mark, Progress } from "../ui/controls";
import { percent } from "../ui/format";
import { go, href, useRoute, type PageName } from "../ui/route";
import { shownKeys } from "../ui/shortcuts";
import { t } from "../strings";
import { setSidebar, sidebarUsed, useView } from "../ui/view";
import { ChatList } from "./ChatList";
import { FilterMenu, FilterNote } from "./FilterMenu";
import { newChat, newChatKeys } from "./newChat";
import { SelectionBar } from "./SelectionBar";

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
  const browser = useCache((cache) => cache.about.face === "browser");
  const route = useRoute();
  const [query, setQuery] = useState("");
  const found = useSearch(query);
  const right = useSplit((s) => s.side === "right");
  const current = route.page === "chat" ? ((right && route.beside) || route.id) : "";

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
          <IconButton label={t.sidebar.collapse} keys={shownKeys("sidebar")} side="right" onClick={() => setSidebar(false)}>
            <PanelLeft />
          </IconButton>
        </header>
        <div className="new-chats">
          <button type="button" className="new-chat" onClick={() => newChat()}>
            <Plus aria-hidden="true" />
            {t.sidebar.newChat}
            <kbd>{newChatKeys(browser)}</kbd>
          </button>
          <IconButton className="new-temporary" label={t.temporary.start} onClick={() => newChat({ temporary: true })}>
            <MessageCircleDashed />
          </IconButton>
        </div>
        <div className="search-line">
          <SearchField query={query} onChange={setQuery} />
          <FilterMenu />
        </div>
        <p className="unseen" role="status">
          {found ? t.sidebar.results(found.length) : ""}
        </p>
        <FilterNote />
        {query.trim() !== "" && (
          <a className="search-all" href={href({ page: "search", query: query.trim() })} onClick={sidebarUsed}>
            <TextSearch aria-hidden="true" />
            <span>{t.organise.searchAll(query.trim())}</span>
          </a>
        )}
        <ChatList found={found} query={query.trim()} current={current} />
        <SelectionBar />
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
          <PageLink page="activity" current={route.page}>
            <Activity aria-hidden="true" />
            {t.activity.page}
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

function PageLink({ page, current, children }: { page: Exclude<PageName, "chat" | "search">; current: string; children: React.ReactNode }) {
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
          } else if (e.key === "Enter" && !e.nativeEvent.isComposing && query.trim() !== "") {
            e.preventDefault();
            go({ page: "search", query: query.trim() });
            sidebarUsed();
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
