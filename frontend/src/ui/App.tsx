// The frame: sidebar, page, messages at the edge, and what holds everywhere.
import { Tooltip } from "radix-ui";
import { Component, lazy, Suspense, useEffect, useState, type ReactNode } from "react";
import { Toaster } from "sonner";
import { Split } from "../compare/Split";
import { useSplit } from "../compare/split";
import { Overlays, useKeys } from "../palette/Keyboard";
import { Sidebar } from "../sidebar/Sidebar";
import { chatWith } from "../models/Downloads";
import { DropVeil } from "../documents/DropVeil";
import { useDrops } from "../documents/useDrops";
import * as api from "../transport/api";
import { UnauthorisedError } from "../transport/bridge";
import { refresh, useCache } from "../transport/cache";
import { Button, Mark } from "./controls";
import { sentence } from "./format";
import { guardLinks } from "./guards";
import { attempt, dismiss, notify, notifyAction, notifyLasting } from "./notify";
import { useRoute, type Route } from "./route";
import { languageFor, speak, speaking, t, type Language } from "../strings";
import { applyTheme } from "./theme";
import { useLongWork } from "./longWork";
import { useZoom } from "./zoom";
import { closeReader, useView } from "./view";

// Pages come when they are first shown: the window opens with a chat.
const DocumentsPage = lazy(async () => ({ default: (await import("../documents/DocumentsPage")).DocumentsPage }));
const PresetsPage = lazy(() => import("../presets/PresetsPage"));
const ActivityPage = lazy(async () => ({ default: (await import("../activity/ActivityPage")).ActivityPage }));
const ModelsPage = lazy(async () => ({ default: (await import("../models/ModelsPage")).ModelsPage }));
const MachinePage = lazy(async () => ({ default: (await import("../machine/MachinePage")).MachinePage }));
const NetworkPage = lazy(async () => ({ default: (await import("../network/NetworkPage")).NetworkPage }));
const SettingsPage = lazy(async () => ({ default: (await import("../settings/SettingsPage")).SettingsPage }));
const SearchPage = lazy(async () => ({ default: (await import("../search/SearchPage")).SearchPage }));
const SourcePanel = lazy(async () => ({ default: (await import("../documents/SourcePanel")).SourcePanel }));

export function App() {
  const phase = useCache((cache) => cache.phase);
  const theme = useCache((cache) => cache.settings.theme);
  useEffect(() => applyTheme(theme), [theme]);
  const language = useLanguage();
  return (
    <Tooltip.Provider delayDuration={400} skipDelayDuration={200}>
      {language && (phase === "ready" ? <Frame key={language} /> : <Threshold key={language} />)}
      <Toaster
        className="toaster"
        position="top-right"
        offset={{ top: 60, right: 16 }}
        mobileOffset={{ top: 60, left: 12, right: 12 }}
        theme={theme}
        gap={8}
        visibleToasts={4}
        toastOptions={{ classNames: { toast: "toast" } }}
        containerAriaLabel={t.shell.notices}
      />
    </Tooltip.Provider>
  );
}

/** Speaks the language of the settings; answers with what is spoken, null until that is loaded. */
function useLanguage(): Language | null {
  const wanted = useCache((cache) => (cache.phase === "starting" ? null : languageFor(cache.settings.language)));
  const [spoken, setSpoken] = useState<Language | null>(null);
  useEffect(() => {
    let stale = false;
    const language = wanted ?? languageFor("");
    speak(language).then(
      () => {
        if (stale) return;
        api.tellLanguage(language);
        setSpoken(language);
      },
      () => !stale && setSpoken(speaking()), // its file is gone: better another language than nothing
    );
    return () => {
      stale = true;
    };
  }, [wanted]);
  return spoken;
}

/** Tells once that everything is on the screen. */
let told = false;
function useDrawn(): void {
  useEffect(() => {
    if (told) return;
    told = true;
    requestAnimationFrame(() => setTimeout(() => void api.drawn().catch(() => {}), 0)); // behind the frame; nobody waits for it
  }, []);
}

function Frame() {
  const route = useRoute();
  const sidebar = useView((view) => view.sidebar);
  const reading = useView((view) => view.reader !== null);
  const over = useDrops();
  const dragged = useSplit((s) => s.dragged !== ""); // a chat, not files
  useLinks();
  useOpened();
  useKeys();
  useReadyNotices();
  useNotices();
  useDrawn();
  useZoom();
  useLongWork();
  useEffect(() => {
    document.querySelector("#main")?.scrollTo({ top: 0 });
  }, [route.page]);
  const place = route.page === "chat" ? (route.beside ? "two chats" : route.id) : route.page;
  useEffect(closeReader, [place]);
  return (
    <div className={`frame ${sidebar ? "frame-with-sidebar" : ""}`}>
      <a
        className="skip"
        href="#main"
        onClick={(e) => {
          e.preventDefault();
          document.querySelector<HTMLElement>("#main")?.focus();
        }}
      >
        {t.shell.skip}
      </a>
      <Sidebar />
      <Guarded key={place}>
        <Suspense fallback={<main className="page" id="main" tabIndex={-1} aria-busy="true" />}>
          <Shown route={route} />
        </Suspense>
        {reading && (
          <Suspense fallback={null}>
            <SourcePanel />
          </Suspense>
        )}
      </Guarded>
      <Connection />
      <Overlays />
      {over && !dragged && <DropVeil />}
    </div>
  );
}

function Shown({ route }: { route: Route }) {
  switch (route.page) {
    case "documents":
      return <DocumentsPage collection={route.collection ?? ""} />;
    case "activity":
      return <ActivityPage />;
    case "presets":
      return <PresetsPage />;
    case "models":
      return <ModelsPage />;
    case "machine":
      return <MachinePage />;
    case "network":
      return <NetworkPage />;
    case "search":
      return <SearchPage query={route.query} />;
    case "settings":
      return <SettingsPage />;
    default:
      return <Split id={route.id} beside={route.beside} />;
  }
}

/** Before there is anything to show: starting, or why it did not work. */
function Threshold() {
  const failure = useCache((cache) => cache.failure);
  const slow = useLater(400);
  const unauthorised = failure instanceof UnauthorisedError;
  return (
    <main className="threshold" id="main">
      <Mark size={44} />
      {failure ? (
        <>
          <h1 className="display">{unauthorised ? t.shell.unauthorisedTitle : t.shell.failedTitle}</h1>
          <p role="alert">{unauthorised ? t.shell.unauthorised : sentence(failure.message)}</p>
          <Button kind="primary" onClick={() => void refresh()}>
            {t.common.retry}
          </Button>
        </>
      ) : (
        <h1 className={slow ? "threshold-wait shimmer" : "unseen"}>{t.shell.starting}</h1>
      )}
    </main>
  );
}

function useLater(ms: number): boolean {
  const [later, setLater] = useState(false);
  useEffect(() => {
    const timer = setTimeout(() => setLater(true), ms);
    return () => clearTimeout(timer);
  }, [ms]);
  return later;
}

/** Says that the program is away; not for the blink of a reconnection. */
function Connection() {
  const connected = useCache((cache) => cache.connected);
  const [shown, setShown] = useState(false);
  useEffect(() => {
    if (connected) return setShown(false);
    const timer = setTimeout(() => setShown(true), 1500);
    return () => clearTimeout(timer);
  }, [connected]);
  return (
    <div className="connection" role="status">
      {shown && <p>{t.shell.lost}</p>}
    </div>
  );
}

/** An error in one page leaves the others usable. */
class Guarded extends Component<{ children: ReactNode }, { error: Error | null }> {
  override state = { error: null as Error | null };
  static getDerivedStateFromError(error: Error) {
    return { error };
  }
  override render() {
    const { error } = this.state;
    if (!error) return this.props.children;
    return (
      <main className="threshold" id="main">
        <h1 className="display">{t.shell.crashedTitle}</h1>
        <p>{t.shell.crashed}</p>
        <pre className="crash">{error.message}</pre>
        <Button kind="primary" onClick={() => location.reload()}>
          {t.shell.reload}
        </Button>
      </main>
    );
  }
}

/** Links of other programs lead to a page of this one. */
function useOpened(): void {
  useEffect(() => api.on("go", ({ page }) => void (page.startsWith("#/") && (location.hash = page))), []);
}

function useLinks(): void {
  const face = useCache((cache) => cache.about.face);
  useEffect(() => guardLinks((url) => void attempt(url, () => api.openExternal(url, face))), [face]);
}

/** Tells when a model has come, wherever the user is by then. */
function useReadyNotices(): void {
  useEffect(
    () =>
      api.on("download", (d) => {
        if (d.state !== "done") return;
        const embeds = useCache.getState().models.find((m) => m.ref === d.model)?.embeds;
        if (embeds || !d.model) notify(t.downloads.ready(d.name));
        else notifyAction(t.downloads.ready(d.name), t.downloads.chat, () => chatWith(d.model));
      }),
    [],
  );
}

/** What happened while nobody could be told, such as work that a crash has ended; told until each is put away. */
function useNotices(): void {
  const connected = useCache((cache) => cache.connected);
  useEffect(() => {
    if (!connected) return; // after a start of the program there may be new ones
    const told: (string | number)[] = [];
    let gone = false;
    api.notices().then(
      (all) => {
        let left = all.length;
        const seen = () => {
          if (!gone && --left === 0) void api.forgetNotices().catch(() => {}); // they are told again
        };
        if (!gone) for (const n of all) told.push(notifyLasting(n.text, seen));
      },
      () => {},
    );
    return () => {
      gone = true;
      told.forEach(dismiss);
    };
  }, [connected]);
}
