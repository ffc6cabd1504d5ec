import { Download, WrapText } from "lucide-react";
import { memo, useContext, useMemo, useState } from "react";
import { useCache } from "../transport/cache";
import { CopyButton, IconButton } from "../ui/controls";
import { t } from "../strings";
import { artifactOf } from "./artifact";
import { Growing } from "./growing";
import { coloured, fileEnding, highlight, languageLabel } from "./highlight";
import { FullSize, Preview } from "./Preview";

/** A block of code with its language and what can be done with it. */
export const CodeBlock = memo(function CodeBlock({ code, language }: { code: string; language: string }) {
  const growing = useContext(Growing);
  const browser = useCache((cache) => cache.about.face === "browser");
  const [wrapped, setWrapped] = useState(false);
  const kind = growing ? null : artifactOf(code, language);
  const [wish, setShown] = useState<boolean | null>(null);
  const shown = wish ?? kind === "mermaid"; // a diagram's source says little; a page may be large and strange
  const label = language ? languageLabel(language) : t.chat.code;
  return (
    <figure className="code" dir="ltr">
      <figcaption className="code-bar">
        <span>{label}</span>
        {kind && (
          <span className="code-views" role="group" aria-label={t.rendering.view}>
            <button type="button" aria-pressed={!shown} onClick={() => setShown(false)}>
              {t.rendering.source}
            </button>
            <button type="button" aria-pressed={shown} onClick={() => setShown(true)}>
              {t.rendering.preview}
            </button>
          </span>
        )}
        <span className="code-tools">
          {kind && <FullSize code={code} kind={kind} label={label} />}
          <IconButton label={t.rendering.wrap} side="top" aria-pressed={wrapped} onClick={() => setWrapped(!wrapped)}>
            <WrapText />
          </IconButton>
          {browser && !growing && (
            <IconButton label={t.rendering.saveCode} side="top" onClick={() => save(code, language)}>
              <Download />
            </IconButton>
          )}
          <CopyButton text={code} label={t.chat.copyCode} />
        </span>
      </figcaption>
      {kind && shown ? <Preview code={code} kind={kind} label={label} /> : <Source code={code} language={language} label={label} wrapped={wrapped} growing={growing} />}
    </figure>
  );
});

function Source({ code, language, label, wrapped, growing }: { code: string; language: string; label: string; wrapped: boolean; growing: boolean }) {
  const head = growing ? code.slice(0, coloured(code)) : code;
  const html = useMemo(() => highlight(head, language.toLowerCase()), [head, language]);
  return (
    // Code may be wider than the page: the box scrolls, so it must take the keyboard.
    <pre className={`code-body ${wrapped ? "code-wrapped" : ""}`} role="group" tabIndex={0} aria-label={label}>
      {html === null ? (
        <code>{code}</code>
      ) : (
        <>
          <code dangerouslySetInnerHTML={{ __html: html }} />
          {head.length < code.length && <code>{code.slice(head.length)}</code>}
        </>
      )}
    </pre>
  );
}

/** The browser saves it where it saves everything. */
function save(code: string, language: string): void {
  const url = URL.createObjectURL(new Blob([code, "\n"], { type: "text/plain" }));
  const link = Object.assign(document.createElement("a"), { href: url, download: `code.${fileEnding(language)}` });
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}
