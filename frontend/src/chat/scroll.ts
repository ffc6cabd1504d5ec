// Follows a growing page to its end, until the reader scrolls up.
import { useCallback, useEffect, useLayoutEffect, useRef, useState, type RefObject } from "react";

const near = 40; // pixels from the end that still count as the end

export interface Follow {
  /** False once the reader has scrolled away from the end. */
  atEnd: boolean;
  toEnd: (behavior?: ScrollBehavior) => void;
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

  useLayoutEffect(() => toEnd(), [key, toEnd]);

  useEffect(() => {
    const b = box.current;
    const c = content.current;
    if (!b || !c) return;
    let top = b.scrollTop;
    let height = b.scrollHeight;
    const end = () => b.scrollHeight - b.scrollTop - b.clientHeight <= near;
    const scrolled = () => {
      // A shrinking page moves the view up too: only a move up of an unshrunk page is the reader's.
      if (b.scrollTop < top - 1 && b.scrollHeight >= height && !end()) following.current = false;
      else if (end()) following.current = true;
      top = b.scrollTop;
      height = b.scrollHeight;
      setAtEnd(following.current || end());
    };
    const grown = new ResizeObserver(() => {
      if (following.current) b.scrollTop = b.scrollHeight;
      else setAtEnd(end());
      top = b.scrollTop;
      height = b.scrollHeight;
    });
    b.addEventListener("scroll", scrolled, { passive: true });
    grown.observe(c);
    grown.observe(b);
    return () => {
      b.removeEventListener("scroll", scrolled);
      grown.disconnect();
    };
  }, [box, content, key]);

  return { atEnd, toEnd };
}
