// Downloads under way, and those that have just ended.
import { ArrowUpToLine, MessageSquare, Pause, Play, RotateCw, X } from "lucide-react";
import { useState } from "react";
import * as api from "../transport/api";
import { dropDownload, putDownload, useCache } from "../transport/cache";
import { Button, Confirm, IconButton, Progress } from "../ui/controls";
import { bytes, remaining, sentence } from "../ui/format";
import { attempt } from "../ui/notify";
import { go } from "../ui/route";
import { t } from "../strings";
import { setPending } from "../ui/view";
import { Facts, Problem, Section } from "./pieces";

export function Downloads() {
  const downloads = useCache((cache) => cache.downloads);
  const all = Object.values(downloads);
  if (all.length === 0) return null;
  return (
    <Section id="downloads-title" title={t.downloads.title}>
      <ul className="rows">
        {all.map((d) => (
          <DownloadRow key={d.ref} download={d} first={all.findIndex((o) => o.state === "queued") === all.indexOf(d)} />
        ))}
      </ul>
    </Section>
  );
}

/** Begins a chat with the model. */
export function chatWith(ref: string): void {
  setPending({ model: ref });
  go({ page: "chat", id: "" });
}

function DownloadRow({ download: d }: { download: api.Download; first: boolean }) {
  const [asking, setAsking] = useState(false);
  const cancel = () => (d.done > 0 ? setAsking(true) : void attempt(t.downloads.failed, () => api.cancelPull(d.ref)));
  const toFront = async () => {
    await api.prioritisePull(d.ref);
    const queue = await api.downloads();
    useCache.setState({ downloads: {} });
    queue.forEach(putDownload);
  };
  return (
    <li className="row">
      <div className="row-main">
        <h3 className="row-title">{d.name || d.ref}</h3>
        <DownloadState download={d} />
      </div>
      <div className="row-actions">
        {d.state === "done" && (
          <DoneActions download={d} />
        )}
        {d.state === "queued" && (
          <IconButton label={t.downloads.first(d.name)} side="left" onClick={() => void attempt(t.downloads.failed, toFront)}>
            <ArrowUpToLine />
          </IconButton>
        )}
        {["queued", "running", "waiting", "verifying"].includes(d.state) && (
          <IconButton label={t.downloads.pause(d.name)} side="left" onClick={() => void attempt(t.downloads.failed, () => api.pausePull(d.ref))}>
            <Pause />
          </IconButton>
        )}
        {(d.state === "paused" || d.state === "failed") && (
          <IconButton
            label={d.state === "paused" ? t.downloads.resume(d.name) : t.downloads.retry(d.name)}
            side="left"
            onClick={() => void attempt(t.downloads.failed, () => api.resumePull(d.ref))}
          >
            {d.state === "paused" ? <Play /> : <RotateCw />}
          </IconButton>
        )}
        {d.state !== "done" && (
          <IconButton label={t.downloads.cancel(d.name)} side="left" onClick={cancel}>
            <X />
          </IconButton>
        )}
      </div>
      <Confirm
        open={asking}
        title={t.downloads.cancelTitle(d.name)}
        text={t.downloads.cancelText(bytes(d.done))}
        action={t.downloads.cancelAction}
        onClose={() => setAsking(false)}
        onConfirm={() => void attempt(t.downloads.failed, () => api.cancelPull(d.ref))}
      />
    </li>
  );
}

function DoneActions({ download: d }: { download: api.Download }) {
  const model = useCache((cache) => cache.models.find((m) => m.ref === d.model));
  return (
    <>
      {model && !model.embeds && (
        <Button kind="primary" small onClick={() => chatWith(model.ref)}>
          <MessageSquare aria-hidden="true" />
          {t.downloads.chat}
          <span className="unseen">{d.name}</span>
        </Button>
      )}
      <IconButton label={t.downloads.putAway(d.name)} side="left" onClick={() => dropDownload(d.ref)}>
        <X />
      </IconButton>
    </>
  );
}

export function DownloadState({ download: d }: { download: api.Download }) {
  if (d.state === "failed")
    return (
      <Problem title={t.downloads.states.failed} text={d.error} alert>
        {d.done > 0 && t.downloads.kept}
      </Problem>
    );
  const label = t.downloads.states[d.state];
  if (d.state === "done") return <Facts items={[label, bytes(d.total)]} />;
  return (
    <div className="row-progress">
      <Progress done={d.done} total={d.total} label={`${label}: ${d.name}`} />
      <Facts
        items={[
          label,
          d.done > 0 && t.models.progress(d.done, d.total),
          d.state === "running" && d.perSecond > 0 && t.models.speed(d.perSecond),
          d.state === "running" && d.perSecond > 0 && d.total > 0 && remaining((d.total - d.done) / d.perSecond),
          d.note && sentence(d.note),
        ]}
      />
    </div>
  );
}
