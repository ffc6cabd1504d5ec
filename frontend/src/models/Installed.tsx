// The models on this machine, Freehold's own and other tools'.
import { Ellipsis } from "lucide-react";
import { DropdownMenu } from "radix-ui";
import { useId, useState } from "react";
import * as api from "../transport/api";
import { dropWork, putModels, putSettings, useCache } from "../transport/cache";
import { Button, Confirm, Progress } from "../ui/controls";
import { bytes, dateTime, parameters } from "../ui/format";
import { attempt, notify, notifyAction } from "../ui/notify";
import { t } from "../strings";
import { chatWith } from "./Downloads";
import { FitChip } from "./FitChip";
import { Badge, Facts, Problem } from "./pieces";

async function remove(model: api.Model): Promise<void> {
  const done = await attempt(t.models.removeFailed, async () => {
    await api.removeModel(model.ref);
    putModels(await api.models());
  });
  if (!done) return;
  notifyAction(t.models.removed(model.name), t.common.undo, () => {
    void attempt(t.models.restoreFailed, async () => {
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
    void attempt(t.models.verifyFailed, () => api.verifyModel(m.ref));
  };
  return (
    <li className="row">
      <div className="row-main">
        <h3 className="row-title">
          {m.name}
          {m.loaded && <Badge good>{t.models.loaded}</Badge>}
          {isDefault && <Badge>{t.models.isDefault}</Badge>}
          {m.embeds && <Badge>{t.models.embeds}</Badge>}
          {m.tool && <Badge>{t.models.tools[m.tool as keyof typeof t.models.tools] ?? m.tool}</Badge>}
          {!m.problem && <FitChip fit={m.fit as api.Fit | null} name={m.name} />}
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
        {m.problem && <Problem title={t.models.problem} text={m.problem} />}
        {loading && (
          <div className="row-progress">
            <Progress done={loading.done} total={loading.total} label={t.models.loadingOf(m.name)} />
            <Facts items={[t.models.loading, t.models.progress(loading.done, loading.total)]} />
          </div>
        )}
        {verifying?.state === "running" && (
          <div className="row-progress">
            <Progress done={verifying.done} total={verifying.total} label={t.models.verifyingOf(m.name)} />
            <div className="row-work">
              <Facts items={[t.models.verifying, t.models.progress(verifying.done, verifying.total)]} />
              <Button kind="quiet" small onClick={() => void attempt(t.models.verifyFailed, () => api.cancelVerify(m.ref))}>
                {t.common.cancel}
              </Button>
            </div>
          </div>
        )}
        {verifying?.state === "failed" && <Problem title={t.models.verifyFailed} text={verifying.error} alert />}
        {open && (
          <dl className="facts row-details" id={details}>
            {(
              [
                [t.models.architecture, m.architecture],
                [t.models.file, m.path],
                [t.models.source, m.source],
                [t.models.digest, m.digest],
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
                  {t.models.makeDefault}
                </DropdownMenu.Item>
              )}
              {!m.loaded && !m.problem && (
                <DropdownMenu.Item className="menu-item" onSelect={() => void attempt(t.models.loadFailed, () => api.loadModel(m.ref))}>
                  {t.models.load}
                </DropdownMenu.Item>
              )}
              <DropdownMenu.Item className="menu-item" onSelect={() => setOpen(!open)}>
                {open ? t.models.hideDetails : t.models.details}
              </DropdownMenu.Item>
              {verifying?.state !== "running" && (
                <DropdownMenu.Item className="menu-item" onSelect={verify}>
                  {t.models.verify}
                </DropdownMenu.Item>
              )}
              <DropdownMenu.Separator className="menu-line" />
              <DropdownMenu.Item className="menu-item menu-item-danger" onSelect={() => (m.external ? void remove(m) : setAsking(true))}>
                {m.external ? t.models.forget : t.models.removeAsk}
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
        onConfirm={() => void remove(m)}
      />
    </li>
  );
}

/** Models that other tools have here, if they are not shown already. */
export function OtherTools() {
  const adopts = useCache((cache) => cache.settings.adoptOthers);
  const [stores, setStores] = useState<api.OtherStore[] | null>(null);
  const find = () => void attempt(t.models.adoptFailed, async () => setStores(await api.storesFound()));
  const adopt = () =>
    void attempt(t.models.adoptFailed, async () => {
      const n = await api.adoptModels("");
      putModels(await api.models());
      notify(t.models.adopted(n));
    });
  return (
    <div className="others">
      <Button small onClick={adopts ? adopt : find}>
        {adopts ? t.models.lookAgain : t.models.lookForOthers}
      </Button>
      {stores && (
        <>
          <Facts items={stores.length === 0 ? [t.models.noOthers] : stores.map((s) => t.models.store(t.models.tools[s.tool as keyof typeof t.models.tools] ?? s.tool, s.models, bytes(s.bytes)))} />
          {stores.length > 0 && (
            <Button small kind="primary" onClick={adopt}>
              {t.models.adopt}
            </Button>
          )}
        </>
      )}
    </div>
  );
}
