import katex from "katex";
import "katex/dist/katex.min.css";
import { useMemo } from "react";
import { t } from "../strings";
import type { Formula } from "./math";

/** Drawn for the eye, and as MathML for screen readers; one that cannot be read is shown as it is written. */
export function Katex({ tex, display, source }: Formula) {
  const html = useMemo(() => {
    try {
      return katex.renderToString(tex, { displayMode: display, output: "htmlAndMathml", trust: false, strict: "ignore", maxExpand: 300, maxSize: 40 });
    } catch {
      return null;
    }
  }, [tex, display]);
  if (html === null)
    return (
      <code className="formula-source" title={t.rendering.formulaFailed}>
        {source}
      </code>
    );
  const drawn = { "data-tex": source, dir: "ltr", dangerouslySetInnerHTML: { __html: html } };
  // One that is wider than the page scrolls, so it must take the keyboard.
  return display ? <span className="formula-display" role="group" aria-label={t.rendering.formula} tabIndex={0} {...drawn} /> : <span {...drawn} />;
}
