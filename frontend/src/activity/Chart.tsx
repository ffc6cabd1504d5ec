import { t } from "../strings";
import { lineOf, type Sample } from "./history";

interface Props {
  name: string;
  samples: readonly Sample[];
  value: (s: Sample) => number;
  /** The top of the scale. */
  most: number;
  text: (n: number) => string;
}

const width = 320;
const height = 72;

/** One figure over the last minutes. */
export function Chart({ name, samples, value, most, text }: Props) {
  const now = samples.length > 0 ? value(samples.at(-1)!) : 0;
  const peak = samples.reduce((n, s) => Math.max(n, value(s)), 0);
  const line = lineOf(samples, value, most, width, height);
  return (
    <figure className="chart">
      <figcaption>
        <span>{name}</span>
        <strong>{text(now)}</strong>
      </figcaption>
      <div className="chart-box">
        <svg viewBox={`0 0 ${width} ${height}`} preserveAspectRatio="none" role="img" aria-label={t.activity.chartLabel(name, text(now), text(peak))}>
          <path className="chart-grid" d={`M0 ${height / 2}H${width}M0 0.5H${width}M0 ${height - 0.5}H${width}`} />
          {samples.length > 1 && <path className="chart-line" d={line} />}
        </svg>
        <span className="chart-most">{text(most)}</span>
      </div>
      <p className="chart-foot" aria-hidden="true">
        <span>{t.activity.ago}</span>
        <span>{t.activity.nowTick}</span>
      </p>
    </figure>
  );
}
