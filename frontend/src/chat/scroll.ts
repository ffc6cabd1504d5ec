// Follows a growing page to its end, until the reader scrolls up.
//
// A page also moves by itself: the composer shrinks, an answer is laid out
// anew, the view is clamped. Only a move up that goes with the reader's wheel,
// finger, key or held pointer ends the following.
import { useCallback, useLayoutEffect, useRef, useState, type RefObject } from "react";

const near = 40; // pixels from the end that still count as the end
const lasting = 600; // ms for which a wheel turn or key press goes on scrolling
const keysUp = ["ArrowUp", "PageUp", "Home"];

export interface Follow {
  /** False once the reader has scrolled away from the end. */
  atEnd: boolean;
  toEnd: (behavior?: ScrollBehavior) => void;
  /** Ends the following: another place is shown. */
  leave: () => void;
}

export function useFollow(box: RefObject<HTMLElement | null>, content: RefObject<HTMLElement | null>, key: string): Follow {
  const [atEnd, setAtEnd] = useState(true);
  const following = useRef(true);

  const toEnd = useCallback(
    (behavior: ScrollBehavior = "instant") => {
      following.current = true;
      setAtEnd(true);
      box.current?.scrollTo({ top: box.current.scrollHeight, behavior });
    },
    [box],
  );

  const leave = useCallback(() => {
    following.current = false;
  }, []);

  useLayoutEffect(() => toEnd(), [key, toEnd]);

  useLayoutEffect(() => {
    const b = box.current;
    const c = content.current;
    if (!b || !c) return;
    let top = b.scrollTop;
    let moved = -Infinity; // when the reader last asked to go up
    let held = false;
    const end = () => b.scrollHeight - b.scrollTop - b.clientHeight <= near;
    const scrolled = () => {
      const byReader = held || performance.now() - moved < lasting;
      if (end()) following.current = true;
      else if (byReader && b.scrollTop < top - 1) following.current = false;
      top = b.scrollTop;
      setAtEnd(following.current || end());
    };
    const asked = (e: Event) => {
      const up = e instanceof WheelEvent ? e.deltaY < 0 : e instanceof KeyboardEvent ? keysUp.includes(e.key) : true;
      if (up) moved = performance.now();
    };
    const hold = () => (held = true);
    const release = () => (held = false);
    const grown = new ResizeObserver(() => {
      if (following.current) b.scrollTop = b.scrollHeight;
      else setAtEnd(end());
      top = b.scrollTop;
    });
    const options = { passive: true };
    b.addEventListener("scroll", scrolled, options);
    for (const name of ["wheel", "touchmove", "keydown"]) b.addEventListener(name, asked, options);
    b.addEventListener("pointerdown", hold, options);
    for (const name of ["pointerup", "pointercancel"]) addEventListener(name, release, options);
    grown.observe(c);
    grown.observe(b);
    return () => {
      b.removeEventListener("scroll", scrolled);
      for (const name of ["wheel", "touchmove", "keydown"]) b.removeEventListener(name, asked);
      b.removeEventListener("pointerdown", hold);
      for (const name of ["pointerup", "pointercancel"]) removeEventListener(name, release);
      grown.disconnect();
    };
  }, [box, content, key]);

  return { atEnd, toEnd, leave };
}
