import { PanelLeft } from "lucide-react";
import type { ReactNode } from "react";
import { IconButton } from "./controls";
import { shownKeys } from "./shortcuts";
import { t } from "../strings";
import { setSidebar, useView } from "./view";

/** A page that is read from top to bottom: a title, a line about it, sections. */
export function Page({ title, intro, children }: { title: string; intro: string; children: ReactNode }) {
  const sidebar = useView((view) => view.sidebar);
  return (
    <main className="page page-scroll" id="main" tabIndex={-1}>
      <header className="topbar">
        {!sidebar && (
          <IconButton label={t.sidebar.expand} keys={shownKeys("sidebar")} onClick={() => setSidebar(true)}>
            <PanelLeft />
          </IconButton>
        )}
      </header>
      <div className="sheet-of-paper">
        <h1 className="display">{title}</h1>
        <p className="intro">{intro}</p>
        {children}
      </div>
    </main>
  );
}
