// Pieces that the lists of models share.
import { TriangleAlert } from "lucide-react";
import type { ReactNode } from "react";
import { sentence } from "../ui/format";

/** Facts on one line, with dots between them. */
export function Facts({ items }: { items: (ReactNode | false | null | undefined)[] }) {
  return (
    <p className="row-facts">
      {items.filter(Boolean).map((item, i) => (
        <span key={i}>{item}</span>
      ))}
    </p>
  );
}

export function Badge({ children, good }: { children: ReactNode; good?: boolean }) {
  return <span className={`badge ${good ? "badge-good" : ""}`}>{children}</span>;
}

/** What is wrong, in a sentence of its own. */
export function Problem({ title, text, alert, children }: { title: string; text: string; alert?: boolean; children?: ReactNode }) {
  return (
    <p className="row-problem" role={alert ? "alert" : undefined}>
      <TriangleAlert aria-hidden="true" />
      <span>
        <strong>{sentence(title)}</strong> {sentence(text)} {children}
      </span>
    </p>
  );
}

export function Section({ id, title, text, children }: { id: string; title: string; text?: ReactNode; children?: ReactNode }) {
  return (
    <section className="section" aria-labelledby={id}>
      <h2 id={id}>{title}</h2>
      {text && <p className="section-text">{text}</p>}
      {children}
    </section>
  );
}
