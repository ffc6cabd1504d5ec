// Applies the chosen theme. The colours themselves are in theme.css, each given
// once for light and once for dark; "system" leaves the choice to the platform.
import type { Theme } from "../transport/api";

export function applyTheme(theme: Theme, root: HTMLElement = document.documentElement): void {
  if (theme === "system") delete root.dataset.theme;
  else root.dataset.theme = theme;
}
