// A model that is not in the catalogue: a file, a folder, an address, a name.
import { ArrowDownToLine, FileInput } from "lucide-react";
import { useId, useState } from "react";
import * as api from "../transport/api";
import { putModels, useCache } from "../transport/cache";
import { Button } from "../ui/controls";
import { bytes, sentence } from "../ui/format";
import { attempt, messageOf, notify, notifyFailure } from "../ui/notify";
import { t } from "../strings";
import { FitChip, FitNumbers } from "./FitChip";
import { Badge, Facts, Section } from "./pieces";
import { pull } from "./pull";
import { Terms, type TermsOf } from "./Terms";

export const isModelFile = (path: string): boolean => /\.gguf$/i.test(path.trim());
const isPath = (text: string): boolean => /^(\/|~|[A-Za-z]:[\\/]|\\\\|\.{1,2}[\\/])/.test(text);

/** Imports files, tells how it went, and asks for the list again. */
export async function importFiles(paths: readonly string[]): Promise<void> {
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

export function AddModel() {
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
    <Section id="add-title" title={t.add.title} text={<>{t.add.text} {desktop && t.models.importDrop}</>}>
      {desktop && (
        <Button onClick={choose} disabled={busy}>
          <FileInput aria-hidden="true" />
          {busy ? t.models.importing : t.models.importChoose}
        </Button>
      )}
      <Reference busy={busy} onImport={run} />
    </Section>
  );
}

function Reference({ busy, onImport }: { busy: boolean; onImport: (paths: string[]) => Promise<void> }) {
  const [text, setText] = useState("");
  const [problem, setProblem] = useState("");
  const [looking, setLooking] = useState(false);
  const [plan, setPlan] = useState<api.Plan | null>(null);
  const [terms, setTerms] = useState<TermsOf | null>(null);
  const id = useId();
  const submit = async () => {
    const ref = text.trim();
    if (ref === "") return;
    setPlan(null);
    if (isPath(ref)) {
      if (!isModelFile(ref)) return setProblem(t.models.notGguf);
      await onImport([ref]);
      return setText("");
    }
    setLooking(true);
    try {
      setPlan(await api.preview(ref));
    } catch (e) {
      setProblem(sentence(messageOf(e)));
    }
    setLooking(false);
  };
  const get = (p: api.Plan) => {
    if (p.terms && !p.accepted)
      return setTerms({ ref: p.ref, name: p.name, licence: p.licence, licenceName: p.licence, licenceUrl: p.licenceUrl, restrictions: p.terms });
    void pull(text.trim()).then((ok) => ok && (setPlan(null), setText("")));
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
        {t.add.label}
      </label>
      <div className="import-line">
        <input
          id={id}
          className="input"
          type="text"
          spellCheck={false}
          autoComplete="off"
          placeholder={t.add.placeholder}
          value={text}
          aria-invalid={problem !== ""}
          aria-describedby={`${id}-hint ${problem ? `${id}-problem` : ""}`}
          onChange={(e) => {
            setText(e.target.value);
            setProblem("");
            setPlan(null);
          }}
        />
        <Button type="submit" disabled={busy || looking || text.trim() === ""}>
          {busy ? t.models.importing : looking ? t.add.looking : isPath(text.trim()) ? t.models.importButton : t.add.look}
        </Button>
      </div>
      <p className="field-hint" id={`${id}-hint`}>
        {t.add.hint}
      </p>
      {problem && (
        <p className="field-problem" id={`${id}-problem`} role="alert">
          {problem}
        </p>
      )}
      {plan && <PlanCard plan={plan} onGet={() => get(plan)} />}
      <Terms of={terms} onClose={() => setTerms(null)} onPulled={() => (setPlan(null), setText(""))} />
    </form>
  );
}

/** What would be downloaded, before it is. */
function PlanCard({ plan: p, onGet }: { plan: api.Plan; onGet: () => void }) {
  const parts = p.files.filter((f) => f.role === "weights").length;
  return (
    <div className="plan">
      <div className="row-main">
        <p className="row-title">
          <strong>{p.name}</strong>
          <FitChip fit={p.fit} name={p.name} />
        </p>
        <Facts items={[p.architecture, p.quant, p.sizeBytes > 0 && bytes(p.sizeBytes), parts > 1 && t.add.parts(parts), p.licence || t.models.licenceUnknown, p.gated && t.add.gated]} />
        <FitNumbers fit={p.fit} />
      </div>
      {p.installed ? (
        <Badge good>{t.models.have}</Badge>
      ) : (
        <Button kind="primary" onClick={onGet}>
          <ArrowDownToLine aria-hidden="true" />
          {t.models.get}
          {p.sizeBytes > 0 && <small>{bytes(p.sizeBytes)}</small>}
        </Button>
      )}
    </div>
  );
}
