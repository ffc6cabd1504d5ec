// A formula of an answer. What draws it comes when the first one is seen.
import { lazy, Suspense } from "react";
import type { Formula as Written } from "./math";

const Katex = lazy(async () => ({ default: (await import("./Katex")).Katex }));

const longest = 4000; // characters; longer ones stay as they are written

export function Formula(props: Written) {
  const source = <code className="formula-source">{props.source}</code>;
  if (props.open || props.tex.length > longest) return source;
  return (
    <Suspense fallback={source}>
      <Katex {...props} />
    </Suspense>
  );
}
