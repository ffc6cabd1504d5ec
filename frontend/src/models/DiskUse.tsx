// What takes space, and what can be done about it.
import { useCallback, useEffect, useId, useState } from "react";
import * as api from "../transport/api";
import { dropWork, useCache } from "../transport/cache";
import { Button, Progress } from "../ui/controls";
import { bytes, sentence } from "../ui/format";
import { attempt, messageOf, notify } from "../ui/notify";
import { t } from "../strings";
import { Facts, Problem, Section } from "./pieces";

export function DiskUse() {
  const models = useCache((cache) => cache.models);
  const downloads = useCache((cache) => Object.values(cache.downloads).map((x) => x.state).join());
  const moved = useCache((cache) => cache.work["move"] === undefined);
  const [use, setUse] = useState<api.DiskUse | null>(null);
  const [failure, setFailure] = useState("");
  const read = useCallback(() => {
    api.diskUse().then(
      (u) => (setUse(u), setFailure("")),
      (e: unknown) => setFailure(messageOf(e)),
    );
  }, []);
  useEffect(read, [read, models, downloads, moved]);
  const clean = () =>
    void attempt(t.disk.cleanFailed, async () => {
      notify(t.disk.cleaned(bytes(await api.collectGarbage())));
      read();
    });
  if (failure) return <Section id="disk-title" title={t.disk.title} text={sentence(failure)} />;
  if (!use) return null;
  const own = use.models.reduce((sum, m) => sum + m.bytes, 0);
  const rows: [string, number][] = [
    [t.disk.models, own],
    [t.disk.unused, use.unused],
    [t.disk.unfinished, use.unfinished],
    [t.disk.snapshots, use.snapshots],
    [t.disk.free, use.free],
  ];
  return (
    <Section id="disk-title" title={t.disk.title} text={t.disk.text}>
      <dl className="facts facts-wide">
        {rows
          .filter(([, size]) => size > 0)
          .map(([name, size]) => (
            <div key={name}>
              <dt>{name}</dt>
              <dd>{bytes(size)}</dd>
            </div>
          ))}
        <div>
          <dt>{t.disk.dir}</dt>
          <dd>
            <code>{use.dir}</code>
          </dd>
        </div>
      </dl>
      {use.unused > 0 && (
        <Button small onClick={clean}>
          {t.disk.clean(bytes(use.unused))}
        </Button>
      )}
      <FolderWork work="move" label={t.disk.moveLabel} action={t.disk.move} running={t.disk.moving} failed={t.disk.moveFailed} begin={api.moveModels} />
      <FolderWork
        work="bundle"
        label={t.disk.bundleLabel}
        action={t.disk.bundle}
        running={t.disk.bundling}
        failed={t.disk.bundleFailed}
        begin={(dir) => api.writeBundle(dir, models.filter((m) => !m.problem).map((m) => m.ref))}
        second={{ action: t.disk.readBundle, begin: api.readBundle }}
      />
    </Section>
  );
}

interface FolderWorkProps {
  work: "move" | "bundle";
  label: string;
  action: string;
  running: string;
  failed: string;
  begin: (dir: string) => Promise<void>;
  second?: { action: string; begin: (dir: string) => Promise<void> };
}

/** Something long that is done with a folder: a field, a button, and how far it is. */
function FolderWork({ work, label, action, running, failed, begin, second }: FolderWorkProps) {
  const under = useCache((cache) => cache.work[work]);
  const [dir, setDir] = useState("");
  const id = useId();
  const run = (f: (dir: string) => Promise<void>) => {
    dropWork(work);
    void attempt(failed, () => f(dir.trim()));
  };
  const busy = under?.state === "running";
  return (
    <form
      className="import-path"
      onSubmit={(e) => {
        e.preventDefault();
        if (dir.trim()) run(begin);
      }}
    >
      <label className="field-label" htmlFor={id}>
        {label}
      </label>
      <div className="import-line">
        <input id={id} className="input" type="text" spellCheck={false} placeholder={t.disk.placeholder} value={dir} onChange={(e) => setDir(e.target.value)} />
        <Button type="submit" disabled={busy || dir.trim() === ""}>
          {action}
        </Button>
        {second && (
          <Button disabled={busy || dir.trim() === ""} onClick={() => run(second.begin)}>
            {second.action}
          </Button>
        )}
      </div>
      {busy && (
        <div className="row-progress">
          <Progress done={under.done} total={under.total} label={running} />
          <Facts items={[running, t.models.progress(under.done, under.total)]} />
        </div>
      )}
      {under?.state === "failed" && <Problem title={failed} text={under.error} alert />}
    </form>
  );
}
