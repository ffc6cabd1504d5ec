// Diagrams that a model wrote in Mermaid's language, drawn as pictures. The
// library is large and comes when the first diagram is seen. What it draws is a
// stranger's all the same: it goes into the frame that nothing gets out of.
import type { Mermaid } from "mermaid";

const longest = 20_000; // characters
const mostEdges = 400;

let library: Promise<Mermaid> | undefined;
let last: Promise<unknown> = Promise.resolve();
let drawn = 0;

async function load(): Promise<Mermaid> {
  const { default: mermaid } = await import("mermaid");
  mermaid.initialize({
    startOnLoad: false,
    securityLevel: "strict",
    suppressErrorRendering: true,
    maxTextSize: longest,
    maxEdges: mostEdges,
    theme: "base",
    themeVariables: { primaryColor: "#e3ece6", primaryTextColor: "#1d2420", primaryBorderColor: "#1f5a45", lineColor: "#4f5f56", secondaryColor: "#f3e9d8", tertiaryColor: "#f4f6f3" },
    gantt: { useWidth: 700 },
    fontFamily: "system-ui, sans-serif",
    htmlLabels: false,
    flowchart: { htmlLabels: false },
    class: { htmlLabels: false }, // text stays text, in every place that shows the picture
    // A diagram may not set these for itself.
    secure: ["secure", "securityLevel", "startOnLoad", "suppressErrorRendering", "maxTextSize", "maxEdges", "fontFamily", "themeCSS", "htmlLabels"],
  });
  return mermaid;
}

export interface Drawing {
  svg: string;
  /** Of the picture, in CSS pixels; 0 if it does not say. */
  width: number;
  height: number;
}

/** Draws a diagram, one after the other. Fails with what the source has wrong. */
export function drawDiagram(source: string): Promise<Drawing> {
  if (source.length > longest) return Promise.reject(new Error(`${source.length} > ${longest}`));
  const next = last.then(async () => {
    library ??= load();
    const mermaid = await library.catch((e: unknown) => {
      library = undefined; // the next one asks for it again
      throw e;
    });
    const { svg } = await mermaid.render(`diagram-${++drawn}`, source);
    const [, , width = 0, height = 0] = (/viewBox="([^"]*)"/.exec(svg)?.[1] ?? "").split(/[\s,]+/).map(Number);
    return { svg, width, height };
  });
  last = next.catch(() => {});
  return next;
}
