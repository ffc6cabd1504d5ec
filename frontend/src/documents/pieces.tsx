// Small pieces that lists, chips and panels of documents share.
import { Code2, FileImage, FileSpreadsheet, FileText, FileType, Mail, Presentation, type LucideIcon } from "lucide-react";
import type { Doc, Kind } from "../transport/api";
import { t } from "../strings";

const icons: Partial<Record<Kind, LucideIcon>> = {
  pdf: FileType, xlsx: FileSpreadsheet, ods: FileSpreadsheet, csv: FileSpreadsheet, tsv: FileSpreadsheet, pptx: Presentation, odp: Presentation, eml: Mail, msg: Mail, image: FileImage, code: Code2,
};

export function KindIcon({ kind }: { kind: Kind }) {
  const Icon = icons[kind] ?? FileText;
  return <Icon aria-hidden="true" />;
}

/** How a place in a document is called: page iv, slide 3; "" in a document of one part. */
export function pageOf(doc: Doc | undefined, label: string, page: number): string {
  const { unit = "", pages = 0, pages_total = 0 } = doc?.receipt ?? {};
  return unit === "part" && Math.max(pages, pages_total) <= 1 ? "" : t.evidence.page(unit, label, page);
}
