// Every request that has left this machine.
import { Globe, ShieldCheck } from "lucide-react";
import { useEffect, useMemo, useState } from "react";
import { Problem, Section } from "../models/pieces";
import { setNetwork } from "../models/pull";
import * as api from "../transport/api";
import { useCache } from "../transport/cache";
import { Button, CopyButton } from "../ui/controls";
import { bytes, dateTime, duration } from "../ui/format";
import { messageOf } from "../ui/notify";
import { Page } from "../ui/Page";
import { t } from "../strings";

/** The log of earlier with what has been told since, each request once, newest first. */
export function merged(kept: readonly api.NetworkRequest[], live: readonly api.NetworkRequest[]): api.NetworkRequest[] {
  const byId = new Map(kept.map((r) => [r.id, r]));
  for (const r of live) {
    const known = byId.get(r.id);
    if (!known || !known.ended || r.ended) byId.set(r.id, r);
  }
  return [...byId.values()].sort((a, b) => b.time - a.time || b.id - a.id);
}

export function NetworkPage() {
  const allowed = useCache((cache) => cache.settings.networkAllowed);
  const live = useCache((cache) => cache.requests);
  const [kept, setKept] = useState<api.NetworkRequest[] | null>(null);
  const [failure, setFailure] = useState("");
  useEffect(() => {
    api.networkLog().then(setKept, (e: unknown) => setFailure(messageOf(e)));
  }, []);
  const all = useMemo(() => merged(kept ?? [], live), [kept, live]);
  const sum = all.reduce((s, r) => ({ sent: s.sent + r.sent, received: s.received + r.received }), { sent: 0, received: 0 });
  const text = () => all.map((r) => [new Date(r.time).toISOString(), r.method, r.host + r.path, r.purpose, outcome(r), r.sent, r.received].join("\t")).join("\n");
  return (
    <Page title={t.network.title} intro={t.network.intro}>
      <div className="callout network-state">
        {allowed ? <Globe aria-hidden="true" /> : <ShieldCheck aria-hidden="true" />}
        <div>
          <strong>{allowed ? t.sidebar.online : t.sidebar.offline}</strong>
          <p>{allowed ? t.network.on : t.network.off}</p>
        </div>
        <Button small onClick={() => void setNetwork(!allowed)}>
          {allowed ? t.network.turnOff : t.models.allow}
        </Button>
      </div>
      {failure && <Problem title={t.network.failed} text={failure} alert />}
      <Section id="requests" title={t.network.requests} text={kept && all.length === 0 ? t.network.none : undefined}>
        {all.length > 0 && (
          <>
            <div className="requests-head">
              <p className="row-facts">
                <span>{t.network.count(all.length)}</span>
                <span>{t.network.sum(bytes(sum.sent), bytes(sum.received))}</span>
              </p>
              <CopyButton text={text} label={t.network.copy} />
            </div>
            <div className="requests" role="region" aria-label={t.network.table} tabIndex={0}>
              <table>
                <thead>
                  <tr>
                    <th scope="col">{t.network.when}</th>
                    <th scope="col">{t.network.host}</th>
                    <th scope="col">{t.network.purpose}</th>
                    <th scope="col">{t.network.result}</th>
                    <th scope="col">{t.network.size}</th>
                  </tr>
                </thead>
                <tbody>
                  {all.map((r) => (
                    <tr key={r.id} className={r.refused ? "request-refused" : ""}>
                      <td>{dateTime(r.time)}</td>
                      <td>
                        <span className="request-host">{r.host}</span>
                        <span className="request-path">
                          {r.method} {r.path}
                        </span>
                      </td>
                      <td>{r.purpose}</td>
                      <td>{outcome(r)}</td>
                      <td>{r.received > 0 || r.sent > 0 ? t.network.bytes(bytes(r.sent), bytes(r.received)) : ""}</td>
                    </tr>
                  ))}
                </tbody>
              </table>
            </div>
          </>
        )}
      </Section>
    </Page>
  );
}

export function outcome(r: api.NetworkRequest): string {
  if (r.refused) return t.network.refused;
  if (!r.ended) return t.network.running;
  const took = r.milliseconds > 0 ? duration(r.milliseconds) : "";
  const done = r.method === "RUN" ? t.network.ended : t.network.noAnswer; // a program answers to us, not with a status
  return [r.status > 0 ? String(r.status) : r.error || done, took].filter(Boolean).join(", ");
}
