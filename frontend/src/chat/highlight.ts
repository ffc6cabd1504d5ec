// Colours code. A fixed set of languages keeps this small; others stay plain.
import hljs from "highlight.js/lib/core";
import bash from "highlight.js/lib/languages/bash";
import c from "highlight.js/lib/languages/c";
import cpp from "highlight.js/lib/languages/cpp";
import csharp from "highlight.js/lib/languages/csharp";
import css from "highlight.js/lib/languages/css";
import diff from "highlight.js/lib/languages/diff";
import go from "highlight.js/lib/languages/go";
import ini from "highlight.js/lib/languages/ini";
import java from "highlight.js/lib/languages/java";
import javascript from "highlight.js/lib/languages/javascript";
import json from "highlight.js/lib/languages/json";
import markdown from "highlight.js/lib/languages/markdown";
import python from "highlight.js/lib/languages/python";
import r from "highlight.js/lib/languages/r";
import rust from "highlight.js/lib/languages/rust";
import sql from "highlight.js/lib/languages/sql";
import typescript from "highlight.js/lib/languages/typescript";
import xml from "highlight.js/lib/languages/xml";
import yaml from "highlight.js/lib/languages/yaml";

const languages = {
  bash, c, cpp, csharp, css, diff, go, ini, java, javascript, json, markdown, python, r, rust, sql, typescript, xml, yaml,
};
for (const [name, language] of Object.entries(languages)) hljs.registerLanguage(name, language);

const names: Record<string, string> = {
  bash: "Shell", sh: "Shell", zsh: "Shell", shell: "Shell", c: "C", cpp: "C++", "c++": "C++", cs: "C#", csharp: "C#", css: "CSS",
  diff: "Diff", go: "Go", golang: "Go", html: "HTML", ini: "INI", toml: "TOML", java: "Java", javascript: "JavaScript", js: "JavaScript",
  jsx: "JSX", json: "JSON", markdown: "Markdown", md: "Markdown", mermaid: "Mermaid", python: "Python", py: "Python", r: "R", rust: "Rust", rs: "Rust",
  sql: "SQL", svg: "SVG", tsx: "TSX", ts: "TypeScript", typescript: "TypeScript", xml: "XML", yaml: "YAML", yml: "YAML",
};

/** How the language is called on the screen. */
export const languageLabel = (language: string): string => (Object.hasOwn(names, language.toLowerCase()) ? names[language.toLowerCase()]! : language);

const longest = 40_000; // characters; beyond that colours are not worth the wait

/** The code as HTML with its text escaped, or null if it stays plain. */
export function highlight(code: string, language: string): string | null {
  if (code.length > longest || !hljs.getLanguage(language)) return null;
  return hljs.highlight(code, { language, ignoreIllegals: true }).value;
}

const stride = 2000; // characters by which the coloured part of growing code grows

/** How much of code that is still written is coloured: whole lines, so that most of it is looked at rarely. */
export function coloured(code: string): number {
  if (code.length < stride) return code.length;
  return code.lastIndexOf("\n", code.length - (code.length % stride)) + 1;
}

const endings: Record<string, string> = {
  bash: "sh", shell: "sh", zsh: "sh", csharp: "cs", golang: "go", javascript: "js", markdown: "md", python: "py", rust: "rs", typescript: "ts", "c++": "cpp",
};

/** What the name of a file in this language ends with. */
export function fileEnding(language: string): string {
  const name = language.toLowerCase();
  if (Object.hasOwn(endings, name)) return endings[name]!;
  return Object.hasOwn(names, name) ? name : "txt";
}
