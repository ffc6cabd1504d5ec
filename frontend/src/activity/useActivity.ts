import { useEffect, useState } from "react";
import { create } from "zustand";
import * as api from "../transport/api";
import { messageOf } from "../ui/notify";
import { every, sampleOf, withSample, type Sample } from "./history";

/** Outlives the page, so that coming back shows what was before. */
export const useHistory = create<{ samples: readonly Sample[] }>(() => ({ samples: [] }));

/** Looks every two seconds, as long as the page is shown and can be seen. */
export function useActivity(): { activity: api.Activity | null; failure: string } {
  const [activity, setActivity] = useState<api.Activity | null>(null);
  const [failure, setFailure] = useState("");
  useEffect(() => {
    let ended = false;
    let timer: ReturnType<typeof setTimeout> | undefined;
    const look = async () => {
      clearTimeout(timer);
      if (document.hidden) return; // becoming visible looks again
      try {
        const now = await api.activity();
        if (ended) return;
        setActivity(now);
        setFailure("");
        useHistory.setState(({ samples }) => ({ samples: withSample(samples, sampleOf(now)) }));
      } catch (e) {
        if (!ended) setFailure(messageOf(e));
      }
      if (!ended) timer = setTimeout(look, every);
    };
    const seen = () => void look();
    document.addEventListener("visibilitychange", seen);
    void look();
    return () => {
      ended = true;
      clearTimeout(timer);
      document.removeEventListener("visibilitychange", seen);
    };
  }, []);
  return { activity, failure };
}
