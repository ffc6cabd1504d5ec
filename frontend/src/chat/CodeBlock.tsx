import { memo, useMemo } from "react";
import { CopyButton } from "../ui/controls";
import { t } from "../strings";
import { highlight, languageLabel } from "./highlight";

/** A block of code with its language and a copy button. */
export const CodeBlock = memo(function CodeBlock({ code, language }: { code: string; language: string }) {
  const html = useMemo(() => highlight(code, language.toLowerCase()), [code, language]);
  const label = language ? languageLabel(language) : t.chat.code;
  return (
    <figure className="code">
      <figcaption className="code-bar">
        <span>{label}</span>
        <CopyButton text={code} label={t.chat.copyCode} />
      </figcaption>
      {/* Code may be wider than the page: the box scrolls, so it must take the keyboard. */}
      <pre className="code-body" tabIndex={0} aria-label={label}>
        {html === null ? <code>{code}</code> : <code dangerouslySetInnerHTML={{ __html: html }} />}
      </pre>
    </figure>
  );
});
