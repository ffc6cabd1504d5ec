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
import { direction } from "./direction";
import { Formula } from "./Formula";
import { Growing } from "./growing";
import { maskMath, placeMath, unmask } from "./math";
import { Table } from "./Table";
import "./rendering.css";

// An answer stands under its own heading of the page: all of its headings are
// one level below that, told apart by their looks.
const heading = (level: number) =>
  function Heading({ children, dir }: { children?: ReactNode; dir?: string }) {
    return (
      <h3 className={`md-h md-h${level}`} dir={dir}>
        {children}
      </h3>
    );
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
  table: ({ children }) => <Table>{children}</Table>,
  // The corner of a table is often empty, and an empty heading is no heading.
  th: ({ children, style, dir }) =>
    children ? (
      <th style={style} dir={dir}>
        {children}
      </th>
    ) : (
      <td style={style} />
    ),
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
  // Made by annotate and placeMath; no text of a model can bring one about.
  ...({ "cite-mark": Citation, "tex-formula": Formula } as Components),
};

const words = () => ({ weak: t.evidence.weakTitle, weakSpoken: t.evidence.weakSpoken, unsupported: t.evidence.unsupportedTitle, unsupportedSpoken: t.evidence.unsupportedSpoken });

/** What is known of a text's sentences and of the passages that it names. */
export interface Annotations {
  claims: readonly Claim[];
  known: ReadonlySet<number>;
}

interface BlockProps {
  text: string;
  links: string;
  start: number;
  growing: boolean;
  notes?: Annotations;
}

const Block = memo(function Block({ text, links, start, growing, notes }: BlockProps) {
  const { shown, parsed, drawn } = useMemo(() => {
    const { text: masked, formulas } = maskMath(text, growing);
    const whole = growing ? closeOpenMarks(masked) : masked;
    const shown = links && whole.includes("[") ? `${whole}\n\n${links}` : whole;
    const claims = notes ? [annotate(shown, claimsWithin(notes.claims, start, start + text.length), notes.known, words())] : [];
    return { shown, parsed: [remarkGfm, unmask(formulas)], drawn: [direction, ...claims, placeMath(formulas)] };
  }, [text, links, start, growing, notes]);
  return (
    <Growing value={growing}>
      <ReactMarkdown remarkPlugins={parsed} rehypePlugins={drawn} components={components}>
        {shown}
      </ReactMarkdown>
    </Growing>
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
        // Blocks are only ever appended, so the place is the identity.
        return <Block key={i} text={block} links={links} start={from} growing={growing && i === blocks.length - 1} notes={notes} />;
      })}
    </div>
  );
});
