// Search of Hugging Face for GGUF files, when the network is allowed.
import { ArrowDownToLine } from "lucide-react";
import { useState } from "react";
import * as api from "../transport/api";
import { useCache } from "../transport/cache";
import { Button } from "../ui/controls";
import { bytes, count, parameters, sentence } from "../ui/format";
import { messageOf } from "../ui/notify";
import { t } from "../strings";
import { DownloadState } from "./Downloads";
import { FitChip } from "./FitChip";
import { Badge, Facts, Section } from "./pieces";
import { active, downloadOf, pull } from "./pull";
import { Terms, type TermsOf } from "./Terms";

export function SearchHub() {
  const allowed = useCache((cache) => cache.settings.networkAllowed);
  const [query, setQuery] = useState("");
  const [found, setFound] = useState<api.FoundModels | null>(null);
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState("");
  const search = async (cursor: string) => {
    setBusy(true);
    setProblem("");
    try {
      const page = await api.searchModels(query.trim(), cursor);
      setFound((before) => (cursor && before ? { models: [...before.models, ...page.models], next: page.next } : page));
    } catch (e) {
      setProblem(sentence(messageOf(e)));
    }
    setBusy(false);
  };
  return (
    <Section id="search-title" title={t.search.title} text={allowed ? t.search.text : t.search.offline}>
      <form
        className="import-line"
        role="search"
        aria-label={t.search.title}
        onSubmit={(e) => {
          e.preventDefault();
          if (query.trim()) void search("");
        }}
      >
        <input
          className="input"
          type="text"
          aria-label={t.search.label}
          placeholder={t.search.placeholder}
          spellCheck={false}
          disabled={!allowed}
          value={query}
          onChange={(e) => setQuery(e.target.value)}
        />
        <Button type="submit" disabled={!allowed || busy || query.trim() === ""}>
          {busy ? t.search.busy : t.search.search}
        </Button>
      </form>
      {problem && (
        <p className="field-problem" role="alert">
          {problem}
        </p>
      )}
      <p className="unseen" role="status">
        {found ? t.catalogue.found(found.models.length) : ""}
      </p>
      {found &&
        (found.models.length === 0 ? (
          <p className="section-text">{t.search.none}</p>
        ) : (
          <ul className="rows">
            {found.models.map((m) => (
              <Found key={m.repo} model={m} />
            ))}
          </ul>
        ))}
      {found?.next && (
        <Button disabled={busy} onClick={() => void search(found.next)}>
          {t.search.more}
        </Button>
      )}
    </Section>
  );
}

const shownAtFirst = 3;

function Found({ model: m }: { model: api.FoundModel }) {
  const [all, setAll] = useState(false);
  const files = all ? m.files : preferred(m.files).slice(0, shownAtFirst);
  return (
    <li className="row">
      <div className="row-main">
        <h3 className="row-title">
          {m.name}
          {m.gated && <Badge>{t.search.gated}</Badge>}
        </h3>
        <Facts
          items={[
            m.author,
            m.parameters > 0 && t.models.parametersOf(parameters(m.parameters)),
            m.contextLength > 0 && t.models.context(m.contextLength),
            t.search.downloads(count(m.downloads)),
            m.licence,
          ]}
        />
        <ul className="quants">
          {files.map((f) => (
            <FoundQuant key={f.ref} file={f} name={m.name} />
          ))}
        </ul>
        {!all && m.files.length > files.length && (
          <Button kind="quiet" small onClick={() => setAll(true)}>
            {t.search.allFiles(m.files.length)}
          </Button>
        )}
      </div>
    </li>
  );
}

/** The quantizations that most people want come first. */
export function preferred(files: readonly api.FoundFile[]): api.FoundFile[] {
  const order = ["Q4_K_M", "Q5_K_M", "Q8_0", "Q4_0", "Q6_K"];
  const place = (f: api.FoundFile) => (order.indexOf(f.quant) + order.length + 1) % (order.length + 1);
  return [...files].sort((x, y) => place(x) - place(y));
}

function FoundQuant({ file: f, name }: { file: api.FoundFile; name: string }) {
  const downloads = useCache((cache) => cache.downloads);
  const [fit, setFit] = useState(f.fit);
  const [terms, setTerms] = useState<TermsOf | null>(null);
  const [looking, setLooking] = useState(false);
  const [looked, setLooked] = useState(false);
  const download = downloadOf(downloads, [f.ref]);
  // A look at the file's head tells how it will run, and what its licence asks.
  const get = async () => {
    setLooking(true);
    const plan = await api.preview(f.ref).catch(() => null);
    setLooking(false);
    if (plan) setFit(plan.fit);
    if (plan?.terms && !plan.accepted)
      return setTerms({ ref: f.ref, name, licence: plan.licence, licenceName: plan.licence, licenceUrl: plan.licenceUrl, restrictions: plan.terms });
    // What will run well is fetched at once, anything else after a second look.
    if (looked || !plan || ["well", "unknown"].includes(plan.fit.verdict)) void pull(f.ref);
    else setLooked(true);
  };
  return (
    <li className="quant">
      <span className="quant-name">{f.quant || f.ref}</span>
      <span className="quant-size">
        {f.sizeBytes > 0 ? bytes(f.sizeBytes) : ""}
        {f.parts > 1 && ` ${t.add.parts(f.parts)}`}
      </span>
      <FitChip fit={fit} name={`${name} ${f.quant}`} />
      {f.installed ? (
        <Badge good>{t.models.have}</Badge>
      ) : active(download) ? null : (
        <Button small disabled={looking} onClick={() => void get()}>
          <ArrowDownToLine aria-hidden="true" />
          {looking ? t.add.looking : looked ? t.search.anyway : t.models.get}
          <span className="unseen">
            {name} {f.quant}
          </span>
        </Button>
      )}
      {download && <DownloadState download={download} />}
      <Terms of={terms} onClose={() => setTerms(null)} />
    </li>
  );
}
