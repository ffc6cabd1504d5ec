// The way to the map of a chat, which is loaded when it is first opened.
import { Waypoints } from "lucide-react";
import { Popover } from "radix-ui";
import { lazy, Suspense, useState } from "react";
import { t } from "../strings";
import { IconButton, Progress } from "../ui/controls";

const BranchMap = lazy(() => import("./BranchMap"));

export function MapButton({ chatId }: { chatId: string }) {
  const [open, setOpen] = useState(false);
  return (
    <Popover.Root open={open} onOpenChange={setOpen}>
      <Popover.Trigger asChild>
        <IconButton label={t.map.open} side="left" data-slot="map">
          <Waypoints />
        </IconButton>
      </Popover.Trigger>
      <Popover.Portal>
        <Popover.Content className="popover map-popover" align="end" sideOffset={6} collisionPadding={12} aria-label={t.map.title} onInteractOutside={(e) => (e.detail.originalEvent.target as Element | null)?.closest("[data-sonner-toaster]") && e.preventDefault()}>
          <Suspense fallback={<Progress done={0} total={0} label={t.common.loading} />}>
            <BranchMap chatId={chatId} onLeave={() => setOpen(false)} />
          </Suspense>
        </Popover.Content>
      </Popover.Portal>
    </Popover.Root>
  );
}
