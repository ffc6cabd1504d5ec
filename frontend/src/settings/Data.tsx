// The user's own: chats that come from other programs, and go out of this one.
import { Dialog, DropdownMenu } from "radix-ui";
import { Download, FileInput } from "lucide-react";
import { useCallback, useEffect, useState } from "react";
import { exportChats, exportFormats } from "../chat/export";
import * as api from "../transport/api";
import { refresh, useCache } from "../transport/cache";
import { Button } from "../ui/controls";
import { dateTime } from "../ui/format";
import { attempt, notify } from "../ui/notify";
import { t } from "../strings";
import { Backups } from "./Backups";
import { ChooseFiles } from "./ChooseFiles";
import { useHanded } from "./handed";

const shown = 200; // entries of a preview

export function Data() {
  const { receipts, again } = useImports();
  const [preview, setPreview] = useState<{ paths: string[]; receipt: api.ImportReceipt } | null>(null);
  const [busy, setBusy] = useState(false);
  const look = async (paths: readonly string[]) => {
    if (paths.length === 0) return;
    setBusy(true);
    await attempt(t.data.importFailed, async () => setPreview({ paths: [...paths], receipt: await api.previewImport([...paths]) }));
    setBusy(false);
  };
  const handed = useHanded((h) => h.chats);
  useEffect(() => {
    if (handed.length === 0) return;
    useHanded.setState({ chats: [] });
    void look(handed);
  }, [handed]);
  return (
    <section className="section" aria-labelledby="data">
      <h2 id="data">{t.data.title}</h2>
      <p className="field-hint">{t.data.intro}</p>
      <div className="data-buttons">
        <ChooseFiles title={t.data.choose} failed={t.data.importFailed} disabled={busy} busy={busy} multiple onChosen={(paths) => void look(paths)}>
          <FileInput aria-hidden="true" />
          {busy ? t.data.importing : t.data.import}
        </ChooseFiles>
        {busy && (
          <Button kind="quiet" onClick={() => void attempt(t.data.importFailed, api.cancelPorting)}>
            {t.common.cancel}
          </Button>
        )}
        <ExportAll />
      </div>
      <Receipts receipts={receipts} onUndone={again} />
      <Backups />
      {preview && (
        <Preview
          receipt={preview.receipt}
          onClose={() => setPreview(null)}
          onImport={() => {
            const { paths } = preview;
            setPreview(null);
            setBusy(true);
            void attempt(t.data.importFailed, async () => {
              const r = await api.importChats(paths);
              notify(t.data.imported(r.counts.new + r.counts.grown + r.counts.deleted));
              await Promise.all([refresh(), again()]);
            }).then(() => setBusy(false));
          }}
        />
      )}
    </section>
  );
}

function useImports(): { receipts: api.ImportReceipt[]; again: () => Promise<void> } {
  const [receipts, setReceipts] = useState<api.ImportReceipt[]>([]);
  const again = useCallback(async () => setReceipts(await api.imports()), []);
  useEffect(() => {
    again().catch(() => {}); // the section does without
  }, [again]);
  return { receipts, again };
}

function ExportAll() {
  const none = useCache((cache) => cache.chats.length === 0);
  return (
    <DropdownMenu.Root modal={false}>
      <DropdownMenu.Trigger className="button button-plain" disabled={none}>
        <Download aria-hidden="true" />
        {t.data.exportAll}
      </DropdownMenu.Trigger>
      <DropdownMenu.Portal>
        <DropdownMenu.Content className="menu" align="start" sideOffset={4} collisionPadding={8}>
          {exportFormats.map((format) => (
            <DropdownMenu.Item key={format} className="menu-item" onSelect={() => void exportChats([], format)}>
              {t.data.formats[format]}
            </DropdownMenu.Item>
          ))}
        </DropdownMenu.Content>
      </DropdownMenu.Portal>
    </DropdownMenu.Root>
  );
}

/** What an import would do, before it is done. */
function Preview({ receipt: r, onClose, onImport }: { receipt: api.ImportReceipt; onClose: () => void; onImport: () => void }) {
  const coming = r.counts.new + r.counts.grown + r.counts.deleted;
  return (
    <Dialog.Root open onOpenChange={(open) => !open && onClose()}>
      <Dialog.Portal>
        <Dialog.Overlay className="veil" />
        <Dialog.Content className="dialog dialog-wide">
          <Dialog.Title className="dialog-title">{t.data.previewTitle(coming)}</Dialog.Title>
          <Dialog.Description className="dialog-text">{t.data.counts(r.counts.messages, r.counts.known, r.counts.empty + r.counts.failed)}</Dialog.Description>
          <div className="data-entries" tabIndex={0} role="region" aria-label={t.data.entries}>
            <Problems problems={r.problems} skipped={r.skipped} />
            <ul>
              {r.entries.slice(0, shown).map((e, i) => (
                <li key={`${e.place} ${i}`}>
                  <span className="data-name">{e.title || t.sidebar.untitled}</span>
                  <span className="data-facts">
                    {[t.data.sources[e.source as keyof typeof t.data.sources] ?? e.source, t.data.states[e.state], t.data.messages(e.messages), dateTime(e.updatedAt)].join(" · ")}
                  </span>
                  {e.notes.length > 0 && <span className="data-notes">{e.notes.map((n) => n.text).join("; ")}</span>}
                </li>
              ))}
            </ul>
            {r.entries.length > shown && <p className="field-hint">{t.data.more(r.entries.length - shown)}</p>}
          </div>
          <div className="dialog-actions">
            <Button onClick={onClose}>{t.common.cancel}</Button>
            <Button kind="primary" disabled={coming === 0} onClick={onImport}>
              {t.data.importThese(coming)}
            </Button>
          </div>
        </Dialog.Content>
      </Dialog.Portal>
    </Dialog.Root>
  );
}

function Problems({ problems, skipped }: { problems: api.ImportReceipt["problems"]; skipped: readonly string[] }) {
  if (problems.length + skipped.length === 0) return null;
  return (
    <ul className="data-problems">
      {problems.map((p) => (
        <li key={`${p.place} ${p.text}`}>
          {p.place}: {p.text}
        </li>
      ))}
      {skipped.map((name) => (
        <li key={name}>{t.data.skipped(name)}</li>
      ))}
    </ul>
  );
}

/** What came, when, and the way back. */
function Receipts({ receipts, onUndone }: { receipts: readonly api.ImportReceipt[]; onUndone: () => Promise<void> }) {
  if (receipts.length === 0) return null;
  const undo = (id: string) =>
    void attempt(t.data.undoFailed, async () => {
      const u = await api.undoImport(id);
      notify(t.data.undone(u.removed, u.stayed.length));
      await Promise.all([refresh(), onUndone()]);
    });
  return (
    <ul className="data-receipts" aria-label={t.data.receipts}>
      {receipts.map((r) => (
        <li key={r.id}>
          <span>
            <span className="data-name">{r.files.join(", ")}</span>
            <span className="data-facts">{[dateTime(r.at), t.data.came(r.counts.new + r.counts.grown + r.counts.deleted), r.undone ? t.data.takenBack : ""].filter(Boolean).join(" · ")}</span>
          </span>
          {!r.undone && (
            <Button small onClick={() => undo(r.id)}>
              {t.data.undo}
            </Button>
          )}
        </li>
      ))}
    </ul>
  );
}
