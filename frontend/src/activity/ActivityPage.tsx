// What goes on now, what it takes, and what has been done.
import { CircleCheck, CircleSlash, Pause, Square, TriangleAlert } from "lucide-react";
import type { ReactNode } from "react";
import { nameOf } from "../compare/models";
import { unfinished } from "../documents/SourceChips";
import { Badge, Facts, Problem, Section } from "../models/pieces";
import { outcome } from "../network/NetworkPage";
import { t } from "../strings";
import * as api from "../transport/api";
import { useCache } from "../transport/cache";
import { IconButton, Progress } from "../ui/controls";
import { bytes, dateTime, memory, rate, sentence } from "../ui/format";
import { attempt } from "../ui/notify";
import { Page } from "../ui/Page";
import { href } from "../ui/route";
import "./activity.css";
import { Chart } from "./Chart";
import { roundUp } from "./history";
import { useActivity, useHistory } from "./useActivity";

const mostRequests = 6;
const mostFinished = 40;
const mostDocuments = 5;

export function ActivityPage() {
  const { activity, failure } = useActivity();
  return (
    <Page title={t.activity.title} intro={t.activity.intro}>
      {failure && <Problem title={t.activity.failed} text={failure} alert />}
      <Now writings={activity?.writings ?? []} porting={activity?.porting ?? null} />
      {activity && (
        <>
          <Charts activity={activity} />
          <Models models={activity.models} />
          <Processes activity={activity} />
        </>
      )}
      <Requests />
      {activity && <Done finished={activity.finished} />}
    </Page>
  );
}

interface JobProps {
  title: ReactNode;
  name: string;
  facts: (string | false)[];
  done: number;
  total: number;
  children?: ReactNode;
}

function Job({ title, name, facts, done, total, children }: JobProps) {
  return (
    <li className="row job">
      <div className="row-main">
        <h3 className="row-title">{title}</h3>
        <Facts items={facts} />
        <Progress done={done} total={total} label={name} />
      </div>
      {children}
    </li>
  );
}

function Now({ writings, porting }: { writings: readonly api.Writing[]; porting: api.Porting | null }) {
  const models = useCache((cache) => cache.models);
  const downloads = useCache((cache) => cache.downloads);
  const work = useCache((cache) => cache.work);
  const documents = useCache((cache) => cache.documents);
  const progress = useCache((cache) => cache.progress);
  const coming = Object.values(downloads).filter((d) => ["queued", "running", "waiting", "verifying"].includes(d.state));
  const jobs = Object.entries(work).filter(([, e]) => e.state === "running");
  const read = Object.values(documents).filter(unfinished);
  const none = !porting && writings.length + coming.length + jobs.length + read.length === 0;
  return (
    <Section id="now" title={t.activity.now} text={none ? t.activity.nothing : undefined}>
      {!none && (
        <ul className="rows">
          {writings.map((w) => {
            const name = t.activity.answering(w.title || t.sidebar.untitled);
            const what = w.waits ? t.activity.waits : w.tokens > 0 ? t.activity.written(w.tokens, w.perSecond) : w.total > 0 ? t.activity.reading(w.done, w.total) : t.activity.beginning;
            return (
              <Job key={w.messageId} name={name} title={<a href={href({ page: "chat", id: w.chatId })}>{name}</a>} facts={[nameOf(models, w.model), what]} done={w.tokens > 0 || w.waits ? 0 : w.done} total={w.waits ? 1 : w.tokens > 0 ? 0 : w.total}>
                <IconButton label={t.activity.stop(name)} onClick={() => void attempt(t.activity.notStopped, () => api.stopAnswer(w.messageId))}>
                  <Square />
                </IconButton>
              </Job>
            );
          })}
          {coming.map((d) => {
            const name = t.activity.download(d.name);
            return (
              <Job key={d.ref} name={name} title={<a href={href({ page: "models" })}>{name}</a>} facts={[t.activity.bytes(bytes(d.done), bytes(d.total)), d.perSecond > 0 && `${bytes(d.perSecond)}/s`]} done={d.done} total={d.total}>
                <IconButton label={t.activity.pause(name)} onClick={() => void attempt(t.activity.notStopped, () => api.pausePull(d.ref))}>
                  <Pause />
                </IconButton>
                <IconButton label={t.activity.stop(name)} onClick={() => void attempt(t.activity.notStopped, () => api.cancelPull(d.ref))}>
                  <Square />
                </IconButton>
              </Job>
            );
          })}
          {jobs.map(([key, e]) => {
            const name = key.startsWith("verify ") ? t.activity.verify(nameOf(models, e.ref ?? "")) : key === "move" ? t.activity.move : t.activity.bundle;
            return (
              <Job key={key} name={name} title={name} facts={[e.total > 0 && t.activity.bytes(bytes(e.done), bytes(e.total)), e.dir ?? false]} done={e.done} total={e.total}>
                {e.ref !== undefined && key.startsWith("verify ") && (
                  <IconButton label={t.activity.stop(name)} onClick={() => void attempt(t.activity.notStopped, () => api.cancelVerify(e.ref!))}>
                    <Square />
                  </IconButton>
                )}
              </Job>
            );
          })}
          {porting && (
            <Job name={portingName(porting)} title={portingName(porting)} facts={[porting.total > 0 && t.activity.bytes(bytes(porting.done), bytes(porting.total))]} done={porting.done} total={porting.total}>
              <IconButton label={t.activity.stop(portingName(porting))} onClick={() => void attempt(t.activity.notStopped, api.cancelPorting)}>
                <Square />
              </IconButton>
            </Job>
          )}
          {read.slice(0, mostDocuments).map((d) => {
            const name = t.activity.document(d.name);
            return (
              <Job key={d.id} name={name} title={<a href={href({ page: "documents" })}>{name}</a>} facts={[t.sources.chip[d.state]]} done={progress[d.id]?.done ?? 0} total={progress[d.id]?.total ?? 0}>
                <IconButton label={t.activity.pause(name)} onClick={() => void attempt(t.activity.notStopped, () => api.pauseDocument(d.id))}>
                  <Pause />
                </IconButton>
              </Job>
            );
          })}
        </ul>
      )}
      {read.length > mostDocuments && <p className="note">{t.activity.more(read.length - mostDocuments)}</p>}
    </Section>
  );
}

/** Looking at what an import would bring is part of it. */
const portingName = (p: api.Porting): string => t.activity.kinds[p.job === "preview" ? "import" : p.job];

function Charts({ activity }: { activity: api.Activity }) {
  const samples = useHistory((h) => h.samples);
  const fastest = roundUp(samples.reduce((n, s) => Math.max(n, s.perSecond), 10));
  const largest = samples.reduce((n, s) => Math.max(n, s.memory), 0);
  return (
    <Section id="chart" title={t.activity.chart}>
      <div className="charts">
        <Chart name={t.activity.speed} samples={samples} value={(s) => s.perSecond} most={fastest} text={rate} />
        {activity.processes.length > 0 && <Chart name={t.activity.memory} samples={samples} value={(s) => s.memory} most={roundUp(largest / 2 ** 20) * 2 ** 20} text={memory} />}
      </div>
      <p className="note">{t.activity.free(memory(activity.memoryAvailable), memory(activity.memoryTotal))}</p>
    </Section>
  );
}

function Models({ models: loaded }: { models: readonly api.LoadedModel[] }) {
  const models = useCache((cache) => cache.models);
  return (
    <Section id="loaded" title={t.activity.models} text={loaded.length === 0 ? t.activity.noModels : undefined}>
      {loaded.length > 0 && (
        <ul className="rows">
          {loaded.map((m) => (
            <li className="row" key={`${m.ref} ${m.context}`}>
              <div className="row-main">
                <h3 className="row-title">
                  {nameOf(models, m.ref)} <Badge good={m.state === "used"}>{t.activity.state[m.state]}</Badge>
                </h3>
                <Facts items={[m.weights > 0 && t.activity.weights(memory(m.weights)), m.kv > 0 && !m.embeds && t.activity.kv(memory(m.kv), m.kvType, m.context), m.users > 0 && t.activity.users(m.users), m.embeds && t.activity.embeds]} />
              </div>
            </li>
          ))}
        </ul>
      )}
    </Section>
  );
}

function Processes({ activity: { processes } }: { activity: api.Activity }) {
  const sum = (of: (p: api.Process) => number) => processes.reduce((n, p) => n + of(p), 0);
  return (
    <Section id="processes" title={t.activity.processes} text={processes.length > 0 ? t.activity.processesText : t.activity.noProcesses}>
      {processes.length > 0 && (
        <div className="requests" role="region" aria-label={`${t.activity.processes}: ${t.activity.size}`} tabIndex={0}>
          <table className="figures">
            <thead>
              <tr>
                <th scope="col">{t.activity.process}</th>
                <th scope="col">{t.activity.files}</th>
                <th scope="col">{t.activity.size}</th>
              </tr>
            </thead>
            <tbody>
              {processes.map((p) => (
                <tr key={p.pid}>
                  <td>{p.own ? t.activity.own : p.name}</td>
                  <td>{memory(p.files)}</td>
                  <td>{memory(p.bytes)}</td>
                </tr>
              ))}
            </tbody>
            <tfoot>
              <tr>
                <th scope="row">{t.activity.sum}</th>
                <td>{memory(sum((p) => p.files))}</td>
                <td>{memory(sum((p) => p.bytes))}</td>
              </tr>
            </tfoot>
          </table>
        </div>
      )}
    </Section>
  );
}

function Requests() {
  const requests = useCache((cache) => cache.requests);
  return (
    <Section id="dialled" title={t.activity.network} text={requests.length === 0 ? t.activity.noRequests : undefined}>
      {requests.length > 0 && (
        <ul className="rows">
          {requests.slice(0, mostRequests).map((r) => (
            <li className="row" key={r.id}>
              <div className="row-main">
                <h3 className="row-title">{r.host}</h3>
                <Facts items={[r.purpose, outcome(r), r.received > 0 && bytes(r.received), dateTime(r.time)]} />
              </div>
            </li>
          ))}
        </ul>
      )}
      <a className="button button-small" href={href({ page: "network" })}>
        {t.activity.allRequests}
      </a>
    </Section>
  );
}

const icons = { done: CircleCheck, failed: TriangleAlert, cancelled: CircleSlash };

function Done({ finished }: { finished: readonly api.Finished[] }) {
  const models = useCache((cache) => cache.models);
  const chats = useCache((cache) => cache.chats);
  const titleOf = (id: string) => chats.find((c) => c.id === id)?.title;
  return (
    <Section id="finished" title={t.activity.finished} text={finished.length === 0 ? t.activity.noneFinished : undefined}>
      {finished.length > 0 && (
        <ul className="rows">
          {finished.slice(0, mostFinished).map((f) => {
            const Icon = icons[f.state];
            const title = f.kind === "answer" ? titleOf(f.chat) : undefined;
            return (
              <li className="row finished" key={f.id}>
                <Icon className={`finished-${f.state}`} aria-hidden="true" />
                <div className="row-main">
                  <h3 className="row-title">
                    {t.activity.kinds[f.kind]}
                    {(title ?? f.name) && ": "}
                    {title ? <a href={href({ page: "chat", id: f.chat })}>{title}</a> : f.kind === "answer" || f.kind === "verify" ? nameOf(models, f.name) : f.name}
                  </h3>
                  <Facts items={[t.activity.states[f.state], t.activity.took(f.ended - f.began), title !== undefined && nameOf(models, f.name), dateTime(f.ended)]} />
                  {f.error && <p className="row-text">{sentence(f.error)}</p>}
                </div>
              </li>
            );
          })}
        </ul>
      )}
    </Section>
  );
}
