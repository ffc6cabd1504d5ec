// The machine as the engine sees it, and how fast it was measured to be.
import { Gauge } from "lucide-react";
import { useCallback, useEffect, useState } from "react";
import { Facts, Problem, Section } from "../models/pieces";
import * as api from "../transport/api";
import { Button } from "../ui/controls";
import { bytes, dateTime, memory, sentence } from "../ui/format";
import { attempt, messageOf } from "../ui/notify";
import { Page } from "../ui/Page";
import { t } from "../strings";

export function MachinePage() {
  const [hardware, setHardware] = useState<api.Hardware | null>(null);
  const [failure, setFailure] = useState("");
  const read = useCallback(() => {
    api.hardware().then(setHardware, (e: unknown) => setFailure(messageOf(e)));
  }, []);
  useEffect(read, [read]);
  useEffect(() => api.on("profile", read), [read]); // measured while the page is open
  return (
    <Page title={t.machine.title} intro={t.machine.intro}>
      {failure && <Problem title={t.machine.failed} text={failure} alert />}
      {hardware && <Found hardware={hardware} onMeasured={read} />}
    </Page>
  );
}

function Found({ hardware: h, onMeasured }: { hardware: api.Hardware; onMeasured: () => void }) {
  const used = h.memoryTotal - h.memoryAvailable;
  return (
    <>
      <Section id="memory" title={t.machine.memory}>
        <div className="meter" role="img" aria-label={t.machine.memoryValue(memory(h.memoryAvailable), memory(h.memoryTotal))}>
          <span className="meter-used" style={{ width: `${(100 * used) / Math.max(1, h.memoryTotal)}%` }} />
        </div>
        <Facts items={[t.machine.memoryValue(memory(h.memoryAvailable), memory(h.memoryTotal)), h.memoryLimit, t.machine.diskValue(bytes(h.diskFree))]} />
      </Section>
      <Section id="processor" title={t.machine.processor}>
        <dl className="facts facts-wide">
          <Fact name={t.machine.cpu} value={h.cpu} />
          <Fact name={t.machine.cores} value={t.machine.coresValue(h.physicalCores, h.performanceCores, h.logicalCores)} />
          <Fact name={t.machine.isa} value={h.isa} more={h.features.filter((f) => f !== h.isa).join(", ")} />
          <Fact name={t.machine.caches} value={h.caches.map((c) => t.machine.cache(c.level, memory(c.bytes), c.shared)).join(", ")} />
          <Fact name={t.machine.backend} value={h.backend} />
          <Fact name={t.machine.system} value={`${h.os} ${h.arch}`} />
        </dl>
      </Section>
      <Section id="graphics" title={t.machine.graphics} text={h.gpus.length === 0 ? t.machine.noGraphics : undefined}>
        {h.gpus.length > 0 && (
          <ul className="rows">
            {h.gpus.map((g) => (
              <li className="row" key={g.name}>
                <div className="row-main">
                  <h3 className="row-title">{g.name}</h3>
                  <Facts
                    items={[
                      g.vendor,
                      g.memoryBytes > 0 && (g.freeBytes > 0 ? t.machine.gpuMemory(memory(g.freeBytes), memory(g.memoryBytes)) : memory(g.memoryBytes)),
                      g.api,
                      g.driver,
                      g.usable ? t.machine.usable : t.machine.notUsed,
                    ]}
                  />
                  {g.note && <p className="row-text">{sentence(g.note)}</p>}
                </div>
              </li>
            ))}
          </ul>
        )}
      </Section>
      <Speed profile={(h.profile as api.Profile | undefined) ?? null} onMeasured={onMeasured} />
    </>
  );
}

function Fact({ name, value, more }: { name: string; value: string; more?: string }) {
  if (!value) return null;
  return (
    <div>
      <dt>{name}</dt>
      <dd>
        <span>{value}</span>
        {more && <span className="field-hint">{more}</span>}
      </dd>
    </div>
  );
}

function Speed({ profile, onMeasured }: { profile: api.Profile | null; onMeasured: () => void }) {
  const [busy, setBusy] = useState(false);
  const measure = async () => {
    setBusy(true);
    if (await attempt(t.machine.measureFailed, api.measureProfile)) onMeasured();
    setBusy(false);
  };
  return (
    <Section id="speed" title={t.machine.speed} text={t.machine.speedText}>
      {profile && (
        <dl className="facts facts-wide">
          <Fact name={t.machine.read} value={`${bytes(profile.readBytesPerSecond)}/s`} />
          <Fact name={t.machine.compute} value={t.machine.ops(profile.int8OpsPerSecond / 1e9, profile.threads)} />
          <Fact name={t.machine.measured} value={dateTime(profile.measuredAt)} />
        </dl>
      )}
      <Button disabled={busy} onClick={() => void measure()}>
        <Gauge aria-hidden="true" />
        {busy ? t.machine.measuring : profile ? t.machine.again : t.machine.measure}
      </Button>
    </Section>
  );
}
