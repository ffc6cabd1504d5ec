// Pages, pictures and diagrams that a model wrote as code: what is shown of them, and how
// they are shut in.

export type Artifact = "html" | "svg" | "mermaid";

/** What a block of code shows, if it is a page or a picture. */
export function artifactOf(code: string, language: string): Artifact | null {
  const name = language.toLowerCase();
  if (name === "html" || name === "svg" || name === "mermaid") return name;
  return name === "xml" && /^\s*(?:<\?xml[^>]*>\s*)?(?:<!--[\s\S]*?-->\s*)?<svg[\s>]/i.test(code) ? "svg" : null;
}

// Stands before anything of the model's, so that it holds for all of it. The
// frame's sandbox lets no script run; this keeps styles and pictures from
// fetching, beside the policy of the page itself.
const policy = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; font-src data:; form-action 'none'; base-uri 'none'";

/** The document of the frame. */
export function shutIn(code: string, kind: "html" | "svg"): string {
  const looks =
    kind === "svg"
      ? "html,body{height:100%;margin:0}body{display:grid;place-items:center;background:#fff}svg{max-width:100%;max-height:100vh}"
      : ":root{color-scheme:light}body{background:#fff;font-family:system-ui,sans-serif}";
  const picture = kind === "svg" ? code.replace(/^\s*<\?xml[^>]*>/, "") : code;
  return `<!doctype html><meta charset="utf-8"><meta http-equiv="Content-Security-Policy" content="${policy}"><style>${looks}</style>${picture}`;
}
