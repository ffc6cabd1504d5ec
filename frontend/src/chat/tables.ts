// A table of an answer as text for other programs.

/** The words of its cells, row by row. */
export const cellsOf = (table: HTMLTableElement): string[][] => [...table.rows].map((row) => [...row.cells].map((cell) => said(cell).replace(/\s+/g, " ").trim()));

/** A formula stands there twice, drawn and for screen readers: its source is what is meant. */
function said(cell: HTMLElement): string {
  const copy = cell.cloneNode(true) as HTMLElement;
  for (const formula of copy.querySelectorAll("[data-tex]")) formula.replaceWith(formula.getAttribute("data-tex") ?? "");
  for (const unseen of copy.querySelectorAll(".unseen")) unseen.remove();
  return copy.textContent ?? "";
}

/** As RFC 4180 has it. */
export const csv = (rows: readonly string[][]): string => rows.map((row) => row.map((c) => (/[",\r\n]/.test(c) ? `"${c.replaceAll('"', '""')}"` : c)).join(",")).join("\r\n");

export function markdown([head = [], ...rest]: readonly string[][]): string {
  const line = (row: readonly string[]) => `| ${row.map((c) => c.replaceAll("\\", "\\\\").replaceAll("|", "\\|")).join(" | ")} |`;
  return [line(head), line(head.map(() => "---")), ...rest.map(line)].join("\n");
}
