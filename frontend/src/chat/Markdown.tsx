// A model's text as Markdown. Raw HTML in it is shown as text, pictures are
// never fetched, links only open outside.
import { isValidElement, memo, useMemo, type ReactElement, type ReactNode } from "react";
import ReactMarkdown, { type Components } from "react-markdown";
import remarkGfm from "remark-gfm";
import { t } from "../strings";
import { annotate, claimsWithin, type Claim } from "./annotate";
import { Citation } from "./Citation";
import { closeOpenMarks, definitions, splitBlocks } from "./blocks";
import { CodeBlock } from "./CodeBlock";

const plugins = [remarkGfm];

// An answer stands under its own heading of the page: all of its headings are
// one level below that, told apart by their looks.
const heading = (level: number) =>
  function Heading({ children }: { children?: ReactNode }) {
    return <h3 className={`md-h md-h${level}`}>{children}</h3>;
  };

const components: Components = {
  h1: heading(1),
  h2: heading(2),
  h3: heading(3),
  h4: heading(4),
  h5: heading(5),
  h6: heading(6),
  pre({ children }) {
    if (!isValidElement(children)) return <pre>{children}</pre>;
    const { className = "", children: code } = (children as ReactElement<{ className?: string; children?: ReactNode }>).props;
    return <CodeBlock code={String(code ?? "").replace(/\n$/, "")} language={/language-(\S+)/.exec(className)?.[1] ?? ""} />;
  },
  table: ({ children }) => (
    <div className="md-table" role="group" aria-label={t.chat.table} tabIndex={0}>
      <table>{children}</table>
    </div>
  ),
  // The corner of a table is often empty, and an empty heading is no heading.
  th: ({ children, style }) => (children ? <th style={style}>{children}</th> : <td style={style} />),
  a: ({ href, children }) =>
    href ? (
      <a href={href} title={href} rel="noreferrer noopener">
        {children}
      </a>
    ) : (
      <span>{children}</span>
    ),
  img: ({ alt }) => <em className="md-image">{t.chat.image(alt ?? "")}</em>,
  input: ({ checked }) => <input type="checkbox" checked={checked} disabled readOnly aria-label={t.chat.task} />,
  // Made by annotate; no text of a model can bring one about.
  ...({ "cite-mark": Citation } as Components),
};

const words = () => ({ weak: t.evidence.weakTitle, weakSpoken: t.evidence.weakSpoken, unsupported: t.evidence.unsupportedTitle, unsupportedSpoken: t.evidence.unsupportedSpoken });

/** What is known of a text's sentences and of the passages that it names. */
export interface Annotations {
  claims: readonly Claim[];
  known: ReadonlySet<number>;
}

const Block = memo(function Block({ text, start, length, notes }: { text: string; start: number; length: number; notes?: Annotations }) {
  const annotations = useMemo(() => (notes ? [annotate(text, claimsWithin(notes.claims, start, start + length), notes.known, words())] : []), [text, start, length, notes]);
  return (
    <ReactMarkdown remarkPlugins={plugins} rehypePlugins={annotations} components={components}>
      {text}
    </ReactMarkdown>
  );
});

/** notes must stay the same object as long as they say the same. */
export const Markdown = memo(function Markdown({ text, growing, notes }: { text: string; growing: boolean; notes?: Annotations }) {
  const blocks = useMemo(() => splitBlocks(text), [text]);
  const links = useMemo(() => definitions(text), [text]);
  let start = 0;
  return (
    <div className="md">
      {blocks.map((block, i) => {
        const from = start;
        start += block.length;
        const whole = growing && i === blocks.length - 1 ? closeOpenMarks(block) : block;
        // Blocks are only ever appended, so the place is the identity.
        return <Block key={i} text={links && whole.includes("[") ? `${whole}\n\n${links}` : whole} start={from} length={block.length} notes={notes} />;
      })}
    </div>
  );
});
