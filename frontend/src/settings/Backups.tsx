// The whole library as one file, and back.
import { Archive, ArchiveRestore } from "lucide-react";
import { Dialog } from "radix-ui";
import { useCallback, useEffect, useRef, useState } from "react";
import * as api from "../transport/api";
import { useCache } from "../transport/cache";
import { Button, Progress } from "../ui/controls";
import { bytes, dateTime } from "../ui/format";
import { attempt } from "../ui/notify";
import { href } from "../ui/route";
import { t } from "../strings";
import { ChooseFiles } from "./ChooseFiles";
import { useHanded } from "./handed";

/** What is being done with a backup, in the program's words for it. */
type Job = "backup" | "check" | "restore";

export function Backups() {
  const { job, run, end } = useJob();
  const [asking, setAsking] = useState(false);
  const [made, setMade] = useState<api.BackupDone | null>(null);
  const [chosen, setChosen] = useState<api.BackupInfo | null>(null);
  const { waits, missing, again } = useRestored();
  const look = (path: string | undefined) => {
    if (path) void run("check", t.data.backup.restoreFailed, async () => setChosen(await api.lookAtBackup(path)));
  };
  const handed = useHanded((h) => h.backup);
  useEffect(() => {
    if (handed === "" || job !== null) return;
    useHanded.setState({ backup: "" });
    look(handed);
  }, [handed, job]);
  return (
    <div className="backups">
      <h3 id="backups">{t.data.backup.title}</h3>
      <p className="field-hint">{t.data.backup.intro}</p>
      {waits && (
        <div className="backup-note" role="status">
          <p>{t.data.backup.waits}</p>
          <Button small onClick={() => void attempt(t.data.backup.restoreFailed, api.cancelRestore).then(again)}>
            {t.data.backup.doNot}
          </Button>
        </div>
      )}
      <div className="data-buttons">
        <Button onClick={() => setAsking(true)} disabled={job !== null}>
          <Archive aria-hidden="true" />
          {t.data.backup.make}
        </Button>
        <ChooseFiles title={t.data.backup.choose} failed={t.data.backup.restoreFailed} disabled={job !== null} accept=".freehold-backup" onChosen={([path]) => look(path)}>
          <ArchiveRestore aria-hidden="true" />
          {t.data.backup.restore}
        </ChooseFiles>
      </div>
      {job && <Running job={job} onEnd={end} />}
      {made && <Made backup={made} />}
      {missing.length > 0 && <Missing models={missing} />}
      {asking && (
        <Options
          onClose={() => setAsking(false)}
          onMake={(options) => {
            setAsking(false);
            setMade(null);
            void run("backup", t.data.backup.failed, async () => {
              const done = await api.writeBackup(options);
              if (done.path) setMade(done);
            });
          }}
        />
      )}
      {chosen && (
        <Restoring
          backup={chosen}
          onClose={() => setChosen(null)}
          onRestore={() => {
            setChosen(null);
            void run("restore", t.data.backup.restoreFailed, async () => {
              await api.stageRestore(chosen.path);
              await again();
            });
          }}
        />
      )}
    </div>
  );
}

/** One job at a time; one that the user has ended is no failure. */
function useJob() {
  const [job, setJob] = useState<Job | null>(null);
  const ended = useRef(false);
  const run = async (what: Job, failed: string, work: () => Promise<void>) => {
    ended.current = false;
    setJob(what);
    await attempt(failed, () => work().catch((e: unknown) => (ended.current ? undefined : Promise.reject(e))));
    setJob(null);
  };
  const end = () =>
    void attempt(t.activity.notStopped, () => {
      ended.current = true;
      return api.cancelPorting();
    });
  return { job, run, end };
}

function useRestored() {
  const [waits, setWaits] = useState(false);
  const [missing, setMissing] = useState<api.BackupModel[]>([]);
  const models = useCache((cache) => cache.models);
  const again = useCallback(async () => {
    setWaits(await api.restoreWaits());
    setMissing(await api.missingModels());
  }, []);
  useEffect(() => {
    again().catch(() => {}); // the section does without
  }, [again, models]);
  return { waits, missing, again };
}

function Running({ job, onEnd }: { job: Job; onEnd: () => void }) {
  const [at, setAt] = useState({ done: 0, total: 0 });
  useEffect(() => api.on("porting", (e) => e.job === job && e.state === "running" && setAt({ done: e.done, total: e.total })), [job]);
  const label = { backup: t.data.backup.making, check: t.data.backup.checking, restore: t.data.backup.staging }[job];
  return (
    <div className="backup-running">
      <span role="status">{label}</span>
      <Progress done={at.done} total={at.total} label={label} />
      <Button small kind="quiet" onClick={onEnd}>
        {t.common.cancel}
      </Button>
    </div>
  );
}

function Made({ backup }: { backup: api.BackupDone }) {
  return (
    <div className="backup-note" role="status">
      <p>
        <strong>{t.data.backup.made}</strong>
        <span className="data-name">{backup.path}</span>
        <span className="data-facts">{[t.data.backup.facts(backup.chats, backup.messages, backup.documents), bytes(backup.bytes)].join(" · ")}</span>
      </p>
      {backup.fetch && (
        <a className="button button-plain button-small" href={`/download/${backup.fetch}`} download>
          {t.data.backup.fetch}
        </a>
      )}
    </div>
  );
}

function Missing({ models }: { models: readonly api.BackupModel[] }) {
  return (
    <div className="backup-note">
      <p>
        <strong>{t.data.backup.missing}</strong>
        <span>{models.map((m) => m.name || m.ref).join(", ")}</span>
        <a href={href({ page: "models" })}>{t.data.backup.missingHint}</a>
      </p>
    </div>
  );
}

/** What goes into the file beside the user's own. */
function Options({ onClose, onMake }: { onClose: () => void; onMake: (options: api.BackupOptions) => void }) {
  const [options, setOptions] = useState<api.BackupOptions>({ weights: false, tokens: false });
  const choice = (key: keyof api.BackupOptions, label: string, hint: string) => (
    <div className="backup-choice">
      <label className="check">
        <input type="checkbox" checked={options[key]} aria-describedby={`backup-${key}`} onChange={(e) => setOptions({ ...options, [key]: e.target.checked })} />
        {label}
      </label>
      <p id={`backup-${key}`} className="field-hint">
        {hint}
      </p>
    </div>
  );
  return (
    <Dialog.Root open onOpenChange={(open) => !open && onClose()}>
      <Dialog.Portal>
        <Dialog.Overlay className="veil" />
        <Dialog.Content className="dialog">
          <Dialog.Title className="dialog-title">{t.data.backup.make}</Dialog.Title>
          <Dialog.Description className="dialog-text">{t.data.backup.intro}</Dialog.Description>
          {choice("weights", t.data.backup.weights, t.data.backup.weightsHint)}
          {choice("tokens", t.data.backup.tokens, t.data.backup.tokensHint)}
          <div className="dialog-actions">
            <Button onClick={onClose}>{t.common.cancel}</Button>
            <Button kind="primary" onClick={() => onMake(options)}>
              {t.data.backup.make}
            </Button>
          </div>
        </Dialog.Content>
      </Dialog.Portal>
    </Dialog.Root>
  );
}

/** What a backup holds, which has been read from beginning to end by now. */
function Restoring({ backup: b, onClose, onRestore }: { backup: api.BackupInfo; onClose: () => void; onRestore: () => void }) {
  const lacks = b.models.filter((m) => !m.included);
  return (
    <Dialog.Root open onOpenChange={(open) => !open && onClose()}>
      <Dialog.Portal>
        <Dialog.Overlay className="veil" />
        <Dialog.Content className="dialog">
          <Dialog.Title className="dialog-title">{t.data.backup.restoreTitle}</Dialog.Title>
          <Dialog.Description className="dialog-text">
            {t.data.backup.of(dateTime(b.createdAt), b.program)} {t.data.backup.facts(b.chats, b.messages, b.documents)} · {bytes(b.bytes)}
          </Dialog.Description>
          <p className="dialog-text backup-aside">{t.data.backup.aside}</p>
          {lacks.length > 0 && (
            <p className="dialog-text backup-aside">
              {t.data.backup.lacks} {lacks.map((m) => m.name || m.ref).join(", ")}
            </p>
          )}
          <div className="dialog-actions">
            <Button onClick={onClose}>{t.common.cancel}</Button>
            <Button kind="primary" onClick={onRestore}>
              {t.data.backup.restoreThis}
            </Button>
          </div>
        </Dialog.Content>
      </Dialog.Portal>
    </Dialog.Root>
  );
}
