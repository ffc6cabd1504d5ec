import { Check, Route } from "lucide-react";
import { DropdownMenu } from "radix-ui";
import { hasSources, type RouteName } from "../transport/api";
import { t } from "../strings";
import { setSources, useSources } from "./actions";

const offered: RouteName[] = ["", "search", "whole", "map", "sql"];
const auto = "auto"; // a radio group takes no empty value

/** How the chat answers from its documents; the question decides unless the user does. */
export function RouteMenu({ chatId }: { chatId: string }) {
  const sources = useSources(chatId);
  if (!hasSources(sources)) return null;
  const s = t.sources;
  return (
    <DropdownMenu.Root modal={false}>
      <DropdownMenu.Trigger className="picker route-picker" aria-label={s.routeLabel(s.routes[sources.route])}>
        <Route aria-hidden="true" />
        <span className="picker-name">{s.routes[sources.route]}</span>
      </DropdownMenu.Trigger>
      <DropdownMenu.Portal>
        <DropdownMenu.Content className="menu picker-menu" side="top" align="start" sideOffset={8} collisionPadding={12}>
          <DropdownMenu.Label className="menu-label">{s.routeTitle}</DropdownMenu.Label>
          <DropdownMenu.RadioGroup value={sources.route || auto} onValueChange={(route) => void setSources(chatId, { ...sources, route: route === auto ? "" : (route as RouteName) })}>
            {offered.map((route) => (
              <DropdownMenu.RadioItem key={route} value={route || auto} className="menu-item picker-item">
                <span className="menu-check">
                  <DropdownMenu.ItemIndicator>
                    <Check />
                  </DropdownMenu.ItemIndicator>
                </span>
                <span className="picker-text">
                  <span>{s.routes[route]}</span>
                  <small>{s.routeHints[route]}</small>
                </span>
              </DropdownMenu.RadioItem>
            ))}
          </DropdownMenu.RadioGroup>
        </DropdownMenu.Content>
      </DropdownMenu.Portal>
    </DropdownMenu.Root>
  );
}
