// A model's text as Markdown. Raw HTML in it is shown as text, pictures are
// never fetched, links only open outside.
import { isValidElement, memo, useMemo, type ReactElement, type ReactNode } from "react";
import ReactMarkdown, { type Components } from "react-markdown";
import remarkGfm from "remark-gfm";
import { t } from "../ui/strings";
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
};

const Block = memo(function Block({ text }: { text: string }) {
  return (
    <ReactMarkdown remarkPlugins={plugins} components={components}>
      {text}
    </ReactMarkdown>
  );
});

export const Markdown = memo(function Markdown({ text, growing }: { text: string; growing: boolean }) {
  const blocks = useMemo(() => splitBlocks(text), [text]);
  const links = useMemo(() => definitions(text), [text]);
  return (
    <div className="md">
      {blocks.map((block, i) => {
        const whole = growing && i === blocks.length - 1 ? closeOpenMarks(block) : block;
        // Blocks are only ever appended, so the place is the identity.
        return <Block key={i} text={links && whole.includes("[") ? `${whole}\n\n${links}` : whole} />;
      })}
    </div>
  );
});
