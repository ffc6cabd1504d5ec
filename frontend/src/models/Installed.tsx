// The models on this machine, Freehold's own and other tools'.
import { Ellipsis } from "lucide-react";
import { DropdownMenu } from "radix-ui";
import { useId, useState } from "react";
import * as api from "../transport/api";
import { dropWork, putModels, putSettings, useCache } from "../transport/cache";
import { Button, Confirm, Progress } from "../ui/controls";
import { bytes, dateTime, parameters } from "../ui/format";
import { attempt, notify, notifyAction } from "../ui/notify";
import { t } from "../ui/strings";
import { chatWith } from "./Downloads";
import { FitChip } from "./FitChip";
import { Badge, Facts, Problem } from "./pieces";

const m_ = t.models;

async function remove(model: api.Model): Promise<void> {
  const done = await attempt(m_.removeFailed, async () => {
    await api.removeModel(model.ref);
    putModels(await api.models());
  });
  if (!done) return;
  notifyAction(m_.removed(model.name), t.common.undo, () => {
    void attempt(m_.restoreFailed, async () => {
      await api.restoreModel(model.ref);
      putModels(await api.models());
    });
  });
}

export function Installed({ model: m }: { model: api.Model }) {
  const settings = useCache((cache) => cache.settings);
  const loading = useCache((cache) => (cache.loading?.ref === m.ref ? cache.loading : null));
  const verifying = useCache((cache) => cache.work[`verify ${m.ref}`]);
  const [asking, setAsking] = useState(false);
  const [open, setOpen] = useState(false);
  const details = useId();
  const isDefault = settings.defaultModel === m.ref;
  const writes = !m.embeds && !m.problem;
  const verify = () => {
    dropWork(`verify ${m.ref}`);
    void attempt(m_.verifyFailed, () => api.verifyModel(m.ref));
  };
  return (
    <li className="row">
      <div className="row-main">
        <h3 className="row-title">
          {m.name}
          {m.loaded && <Badge good>{m_.loaded}</Badge>}
          {isDefault && <Badge>{m_.isDefault}</Badge>}
          {m.embeds && <Badge>{m_.embeds}</Badge>}
          {m.tool && <Badge>{m_.tools[m.tool as keyof typeof m_.tools] ?? m.tool}</Badge>}
          {!m.problem && <FitChip fit={m.fit as api.Fit | null} name={m.name} />}
        </h3>
        <Facts
          items={[
            m.parameters > 0 && m_.parametersOf(parameters(m.parameters)),
            m.quant,
            bytes(m.sizeBytes),
            m.contextLength > 0 && m_.context(m.contextLength),
            m.licence || m_.licenceUnknown,
          ]}
        />
        {m.problem && <Problem title={m_.problem} text={m.problem} />}
        {loading && (
          <div className="row-progress">
            <Progress done={loading.done} total={loading.total} label={`${m_.loading} ${m.name}`} />
            <Facts items={[m_.loading, m_.progress(loading.done, loading.total)]} />
          </div>
        )}
        {verifying?.state === "running" && (
          <div className="row-progress">
            <Progress done={verifying.done} total={verifying.total} label={`${m_.verifying} ${m.name}`} />
            <div className="row-work">
              <Facts items={[m_.verifying, m_.progress(verifying.done, verifying.total)]} />
              <Button kind="quiet" small onClick={() => void attempt(m_.verifyFailed, () => api.cancelVerify(m.ref))}>
                {t.common.cancel}
              </Button>
            </div>
          </div>
        )}
        {verifying?.state === "failed" && <Problem title={m_.verifyFailed} text={verifying.error} alert />}
        {open && (
          <dl className="facts row-details" id={details}>
            {(
              [
                [m_.architecture, m.architecture],
                [m_.file, m.path],
                [m_.source, m.source],
                [m_.digest, m.digest],
                [m_.added, m.addedAt > 0 ? dateTime(m.addedAt) : ""],
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
          <DropdownMenu.Trigger className="icon-button" aria-label={m_.more(m.name)}>
            <Ellipsis />
          </DropdownMenu.Trigger>
          <DropdownMenu.Portal>
            <DropdownMenu.Content className="menu" align="end" sideOffset={4} collisionPadding={8}>
              {writes && (
                <DropdownMenu.Item className="menu-item" onSelect={() => chatWith(m.ref)}>
                  {t.downloads.chat}
                </DropdownMenu.Item>
              )}
              {writes && !isDefault && (
                <DropdownMenu.Item
                  className="menu-item"
                  onSelect={() => void attempt(t.settings.failed, async () => putSettings(await api.saveSettings({ ...settings, defaultModel: m.ref })))}
                >
                  {m_.makeDefault}
                </DropdownMenu.Item>
              )}
              {!m.loaded && !m.problem && (
                <DropdownMenu.Item className="menu-item" onSelect={() => void attempt(m_.loadFailed, () => api.loadModel(m.ref))}>
                  {m_.load}
                </DropdownMenu.Item>
              )}
              <DropdownMenu.Item className="menu-item" onSelect={() => setOpen(!open)}>
                {open ? m_.hideDetails : m_.details}
              </DropdownMenu.Item>
              {verifying?.state !== "running" && (
                <DropdownMenu.Item className="menu-item" onSelect={verify}>
                  {m_.verify}
                </DropdownMenu.Item>
              )}
              <DropdownMenu.Separator className="menu-line" />
              <DropdownMenu.Item className="menu-item menu-item-danger" onSelect={() => (m.external ? void remove(m) : setAsking(true))}>
                {m.external ? m_.forget : m_.removeAsk}
              </DropdownMenu.Item>
            </DropdownMenu.Content>
          </DropdownMenu.Portal>
        </DropdownMenu.Root>
      </div>
      <Confirm
        open={asking}
        title={m_.removeTitle(m.name)}
        text={m_.removeText(bytes(m.sizeBytes))}
        action={t.common.remove}
        onClose={() => setAsking(false)}
        onConfirm={() => void remove(m)}
      />
    </li>
  );
}

/** Models that other tools have here, if they are not shown already. */
export function OtherTools() {
  const adopts = useCache((cache) => cache.settings.adoptOthers);
  const [stores, setStores] = useState<api.OtherStore[] | null>(null);
  const find = () => void attempt(m_.adoptFailed, async () => setStores(await api.storesFound()));
  const adopt = () =>
    void attempt(m_.adoptFailed, async () => {
      const n = await api.adoptModels("");
      putModels(await api.models());
      notify(m_.adopted(n));
    });
  return (
    <div className="others">
      <Button small onClick={adopts ? adopt : find}>
        {adopts ? m_.lookAgain : m_.lookForOthers}
      </Button>
      {stores && (
        <>
          <Facts items={stores.length === 0 ? [m_.noOthers] : stores.map((s) => m_.store(m_.tools[s.tool as keyof typeof m_.tools] ?? s.tool, s.models, bytes(s.bytes)))} />
          {stores.length > 0 && (
            <Button small kind="primary" onClick={adopt}>
              {m_.adopt}
            </Button>
          )}
        </>
      )}
    </div>
  );
}
