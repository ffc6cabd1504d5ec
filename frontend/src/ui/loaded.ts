import { useEffect, useState } from "react";
import { messageOf } from "./notify";

export interface Loaded<T> {
  value: T | null;
  failure: string;
}

/** What load gives for the key, which says all that load depends on; "" loads nothing. What was there before goes as soon as the key changes. */
export function useLoaded<T>(key: string, load: () => Promise<T>): Loaded<T> {
  const [got, setGot] = useState<Loaded<T> & { key: string }>({ key: "", value: null, failure: "" });
  useEffect(() => {
    if (key === "") return;
    let stale = false;
    load().then(
      (value) => !stale && setGot({ key, value, failure: "" }),
      (e: unknown) => !stale && setGot({ key, value: null, failure: messageOf(e) }),
    );
    return () => {
      stale = true;
    };
  }, [key]);
  return got.key === key ? got : { value: null, failure: "" };
}
