// The figures of the last minutes, as far as the page of activity was shown.
import type { Activity } from "../transport/api";

export interface Sample {
  at: number; // ms since 1970
  perSecond: number; // tokens, of all answers together
  memory: number; // bytes, of all processes
}

export const span = 5 * 60_000; // ms that are shown
export const every = 2000; // ms between two looks

export const sampleOf = (a: Activity): Sample => ({
  at: a.at,
  perSecond: a.writings.reduce((n, w) => n + w.perSecond, 0),
  memory: a.processes.reduce((n, p) => n + p.bytes, 0),
});

/** The samples of the span before the newest one, in order. */
export function withSample(samples: readonly Sample[], next: Sample): Sample[] {
  const last = samples.at(-1);
  const kept = last && next.at <= last.at ? [] : samples; // the clock was set back
  return [...kept.filter((s) => s.at > next.at - span), next];
}

/** The smallest round number that is not below n: 1, 2 or 5 and zeros. */
export function roundUp(n: number): number {
  if (!(n > 0) || !Number.isFinite(n)) return 1;
  const unit = 10 ** Math.floor(Math.log10(n));
  return [1, 2, 5, 10].map((k) => k * unit).find((k) => k >= n)!;
}

/** Lines from sample to sample in a box; where looks were missed the line ends, and begins anew. */
export function lineOf(samples: readonly Sample[], value: (s: Sample) => number, most: number, width: number, height: number): string {
  const now = samples.at(-1)?.at ?? 0;
  let path = "";
  let before: Sample | null = null;
  for (const s of samples) {
    const x = width - ((now - s.at) / span) * width;
    const y = height - (Math.min(most, Math.max(0, value(s))) / most) * height;
    path += `${before && s.at - before.at < 3 * every ? "L" : "M"}${x.toFixed(1)} ${y.toFixed(1)}`;
    before = s;
  }
  return path;
}
