// Models on this machine, and the ways to add one.
import { ArrowDownToLine, Ellipsis, ExternalLink, FileInput, TriangleAlert, WifiOff, X } from "lucide-react";
import { DropdownMenu } from "radix-ui";
import { useCallback, useEffect, useId, useState, type ReactNode } from "react";
import * as api from "../transport/api";
import { putDownload, putModels, putSettings, useCache } from "../transport/cache";
import { Button, Confirm, IconButton, Progress } from "../ui/controls";
import { bytes, dateTime, parameters, remaining, sentence } from "../ui/format";
import { attempt, messageOf, notify, notifyFailure } from "../ui/notify";
import { Page } from "../ui/Page";
import { go } from "../ui/route";
import { t } from "../ui/strings";

export const isModelFile = (path: string): boolean => /\.gguf$/i.test(path.trim());

/** Imports files, tells how it went, and asks for the list again. */
async function importFiles(paths: readonly string[]): Promise<void> {
  for (const path of paths) {
    try {
      const model = await api.importModel(path);
      putModels(await api.models());
      notify(t.models.imported(model.name));
    } catch (e) {
      notifyFailure(t.models.importFailed, e);
    }
  }
}

/** What was dropped on the window; paths is null in a browser, which knows only names. */
export function importDropped(paths: readonly string[] | null, names: readonly string[]): void {
  if (names.some((name) => !isModelFile(name))) notify(t.drop.notModel);
  if (!names.some(isModelFile)) return;
  go({ page: "models" });
  if (paths) void importFiles(paths.filter(isModelFile));
  else notify(t.drop.browser);
}

export function ModelsPage() {
  const models = useCache((cache) => cache.models);
  const hint = useCache((cache) => cache.about.hint);
  const allowed = useCache((cache) => cache.settings.networkAllowed);
  return (
    <Page title={t.models.title} intro={t.models.intro}>
      {models.length === 0 ? (
        <section className="section empty" aria-labelledby="empty-title">
          <h2 id="empty-title">{t.models.emptyTitle}</h2>
          {hint && <p>{sentence(hint)}</p>}
          <p>{t.models.empty}</p>
          <ol className="ways">
            <li>{t.models.emptyImport}</li>
            <li>{allowed ? t.models.emptyGetAllowed : t.models.emptyGet}</li>
          </ol>
        </section>
      ) : (
        <section className="section" aria-labelledby="installed-title">
          <h2 id="installed-title">{t.models.installed}</h2>
          <ul className="rows">
            {models.map((m) => (
              <Installed key={m.ref} model={m} />
            ))}
          </ul>
        </section>
      )}
      <Import />
      <Catalogue />
    </Page>
  );
}

function Facts({ items }: { items: (string | false | null | undefined)[] }) {
  return (
    <p className="row-facts">
      {items.filter(Boolean).map((item, i) => (
        <span key={i}>{item}</span>
      ))}
    </p>
  );
}

function Badge({ children, good }: { children: ReactNode; good?: boolean }) {
  return <span className={`badge ${good ? "badge-good" : ""}`}>{children}</span>;
}

function Installed({ model: m }: { model: api.Model }) {
  const settings = useCache((cache) => cache.settings);
  const loading = useCache((cache) => (cache.loading?.ref === m.ref ? cache.loading : null));
  const [asking, setAsking] = useState(false);
  const [open, setOpen] = useState(false);
  const details = useId();
  const isDefault = settings.defaultModel === m.ref;
  return (
    <li className="row">
      <div className="row-main">
        <h3 className="row-title">
          {m.name}
          {m.loaded && <Badge good>{t.models.loaded}</Badge>}
          {isDefault && <Badge>{t.models.isDefault}</Badge>}
          {m.starter && <Badge>{t.models.starter}</Badge>}
        </h3>
        <Facts
          items={[
            m.parameters > 0 && t.models.parametersOf(parameters(m.parameters)),
            m.quant,
            bytes(m.sizeBytes),
            m.contextLength > 0 && t.models.context(m.contextLength),
            m.licence || t.models.licenceUnknown,
          ]}
        />
        {m.problem && (
          <p className="row-problem">
            <TriangleAlert aria-hidden="true" />
            <span>
              <strong>{t.models.problem}.</strong> {sentence(m.problem)}
            </span>
          </p>
        )}
        {loading && (
          <div className="row-progress">
            <Progress done={loading.done} total={loading.total} label={`${t.models.loading} ${m.name}`} />
            <p className="row-facts">
              <span>{t.models.loading}</span>
              <span>{t.models.progress(loading.done, loading.total)}</span>
            </p>
          </div>
        )}
        {open && (
          <dl className="facts row-details" id={details}>
            {(
              [
                [t.models.architecture, m.architecture],
                [t.models.file, m.path],
                [t.models.source, m.source],
                [t.models.added, m.addedAt > 0 ? dateTime(m.addedAt) : ""],
              ] as const
            )
              .filter(([, value]) => value !== "")
              .map(([name, value]) => (
                <div key={name}>
                  <dt>{name}</dt>
                  <dd>{value}</dd>
                </div>
              ))}
          </dl>
        )}
      </div>
      <div className="row-actions">
        <DropdownMenu.Root modal={false}>
          <DropdownMenu.Trigger className="icon-button" aria-label={t.models.more(m.name)}>
            <Ellipsis />
          </DropdownMenu.Trigger>
          <DropdownMenu.Portal>
            <DropdownMenu.Content className="menu" align="end" sideOffset={4} collisionPadding={8}>
              <DropdownMenu.Item className="menu-item" onSelect={() => setOpen(!open)}>
                {open ? t.models.hideDetails : t.models.details}
              </DropdownMenu.Item>
              {!m.loaded && !m.problem && (
                <DropdownMenu.Item className="menu-item" onSelect={() => void attempt(t.models.loadFailed, () => api.loadModel(m.ref))}>
                  {t.models.load}
                </DropdownMenu.Item>
              )}
              {!isDefault && !m.problem && (
                <DropdownMenu.Item
                  className="menu-item"
                  onSelect={() => void attempt(t.settings.failed, async () => putSettings(await api.saveSettings({ ...settings, defaultModel: m.ref })))}
                >
                  {t.models.makeDefault}
                </DropdownMenu.Item>
              )}
              <DropdownMenu.Separator className="menu-line" />
              <DropdownMenu.Item className="menu-item menu-item-danger" onSelect={() => setAsking(true)}>
                {t.models.removeAsk}
              </DropdownMenu.Item>
            </DropdownMenu.Content>
          </DropdownMenu.Portal>
        </DropdownMenu.Root>
      </div>
      <Confirm
        open={asking}
        title={t.models.removeTitle(m.name)}
        text={t.models.removeText(bytes(m.sizeBytes))}
        action={t.common.remove}
        onClose={() => setAsking(false)}
        onConfirm={() =>
          void attempt(t.models.removeFailed, async () => {
            await api.removeModel(m.ref);
            putModels(await api.models());
            notify(t.models.removed(m.name));
          })
        }
      />
    </li>
  );
}

function Import() {
  const desktop = useCache((cache) => cache.about.face === "desktop");
  const [busy, setBusy] = useState(false);
  const run = async (paths: readonly string[]) => {
    setBusy(true);
    await importFiles(paths);
    setBusy(false);
  };
  const choose = () =>
    void attempt(t.models.importFailed, async () => {
      const paths = await api.chooseFiles(t.models.importDialog);
      if (paths.length > 0) await run(paths);
    });
  return (
    <section className="section" aria-labelledby="import-title">
      <h2 id="import-title">{t.models.importTitle}</h2>
      <p className="section-text">
        {t.models.importText} {desktop && t.models.importDrop}
      </p>
      {desktop ? (
        <Button onClick={choose} disabled={busy}>
          <FileInput aria-hidden="true" />
          {busy ? t.models.importing : t.models.importChoose}
        </Button>
      ) : (
        <ImportPath busy={busy} onImport={run} />
      )}
    </section>
  );
}

function ImportPath({ busy, onImport }: { busy: boolean; onImport: (paths: string[]) => Promise<void> }) {
  const [path, setPath] = useState("");
  const [problem, setProblem] = useState("");
  const id = useId();
  const submit = async () => {
    if (path.trim() === "") return;
    if (!isModelFile(path)) return setProblem(t.models.notGguf);
    await onImport([path.trim()]);
    setPath("");
  };
  return (
    <form
      className="import-path"
      onSubmit={(e) => {
        e.preventDefault();
        void submit();
      }}
    >
      <label className="field-label" htmlFor={id}>
        {t.models.importPath}
      </label>
      <div className="import-line">
        <input
          id={id}
          className="input"
          type="text"
          spellCheck={false}
          autoComplete="off"
          placeholder={t.models.importPathPlaceholder}
          value={path}
          aria-invalid={problem !== ""}
          aria-describedby={problem ? `${id}-problem` : undefined}
          onChange={(e) => {
            setPath(e.target.value);
            setProblem("");
          }}
        />
        <Button type="submit" disabled={busy || path.trim() === ""}>
          {busy ? t.models.importing : t.models.importButton}
        </Button>
      </div>
      {problem && (
        <p className="field-problem" id={`${id}-problem`} role="alert">
          {problem}
        </p>
      )}
    </form>
  );
}

function Catalogue() {
  const settings = useCache((cache) => cache.settings);
  const models = useCache((cache) => cache.models);
  const [entries, setEntries] = useState<api.CatalogEntry[] | null>(null);
  const [failure, setFailure] = useState("");
  const read = useCallback(() => {
    setFailure("");
    api.catalog().then(setEntries, (e: unknown) => setFailure(messageOf(e)));
  }, []);
  // What is installed is part of an entry, so a change of models asks again.
  useEffect(read, [read, models]);
  return (
    <section className="section" aria-labelledby="catalogue-title">
      <h2 id="catalogue-title">{t.models.catalogue}</h2>
      <p className="section-text">{t.models.catalogueText}</p>
      {!settings.networkAllowed && (
        <div className="callout">
          <WifiOff aria-hidden="true" />
          <div>
            <strong>{t.models.offlineTitle}</strong>
            <p>{t.models.offline}</p>
          </div>
          <Button
            small
            onClick={() => void attempt(t.settings.failed, async () => putSettings(await api.saveSettings({ ...settings, networkAllowed: true })))}
          >
            {t.models.allow}
          </Button>
        </div>
      )}
      {failure ? (
        <div className="callout" role="alert">
          <TriangleAlert aria-hidden="true" />
          <div>
            <strong>{t.models.catalogueFailed}</strong>
            <p>{sentence(failure)}</p>
          </div>
          <Button small onClick={read}>
            {t.common.retry}
          </Button>
        </div>
      ) : entries === null ? null : entries.length === 0 ? (
        <p className="section-text">{t.models.catalogueEmpty}</p>
      ) : (
        <ul className="rows">
          {entries.map((entry) => (
            <Entry key={entry.ref} entry={entry} allowed={settings.networkAllowed} />
          ))}
        </ul>
      )}
    </section>
  );
}

function Entry({ entry, allowed }: { entry: api.CatalogEntry; allowed: boolean }) {
  const download = useCache((cache) => cache.downloads[entry.ref]);
  const active = download && ["queued", "running", "verifying"].includes(download.state);
  const get = () =>
    void attempt(t.models.getFailed, async () => {
      const queued = await api.pull(entry.ref);
      // Its events may have come before this answer, and are newer.
      const known = useCache.getState().downloads[entry.ref];
      if (!known || known === download) putDownload(queued);
    });
  return (
    <li className="row">
      <div className="row-main">
        <h3 className="row-title">{entry.name}</h3>
        {entry.summary && <p className="row-text">{entry.summary}</p>}
        <Facts
          items={[
            entry.parameters > 0 && t.models.parametersOf(parameters(entry.parameters)),
            entry.quant,
            entry.contextLength > 0 && t.models.context(entry.contextLength),
            entry.licence,
          ]}
        />
        {entry.homepage && (
          <p className="row-facts">
            <a href={entry.homepage} title={entry.homepage}>
              {t.models.homepage}
              <ExternalLink aria-hidden="true" />
            </a>
          </p>
        )}
        {download && <DownloadState download={download} />}
      </div>
      <div className="row-actions">
        {entry.installed ? (
          <Badge good>{t.models.have}</Badge>
        ) : active ? (
          <IconButton label={t.models.cancelLabel(entry.name)} side="left" onClick={() => void attempt(t.models.getFailed, () => api.cancelPull(entry.ref))}>
            <X />
          </IconButton>
        ) : (
          <Button disabled={!allowed} onClick={get}>
            <ArrowDownToLine aria-hidden="true" />
            {download?.state === "failed" ? t.common.retry : t.models.get}
            <span className="unseen">{entry.name}</span>
            <small>{bytes(entry.sizeBytes)}</small>
          </Button>
        )}
      </div>
    </li>
  );
}

function DownloadState({ download: d }: { download: api.Download }) {
  if (d.state === "failed")
    return (
      <p className="row-problem" role="alert">
        <TriangleAlert aria-hidden="true" />
        <span>
          <strong>{t.models.states.failed}.</strong> {sentence(d.error)} {d.done > 0 && t.models.downloadKept}
        </span>
      </p>
    );
  const label = t.models.states[d.state];
  return (
    <div className="row-progress">
      <Progress done={d.done} total={d.total} label={`${label}: ${d.name}`} />
      <p className="row-facts">
        <span>{label}</span>
        {d.done > 0 && <span>{t.models.progress(d.done, d.total)}</span>}
        {d.state === "running" && d.perSecond > 0 && <span>{t.models.speed(d.perSecond)}</span>}
        {d.state === "running" && d.perSecond > 0 && d.total > 0 && <span>{remaining((d.total - d.done) / d.perSecond)}</span>}
      </p>
    </div>
  );
}
