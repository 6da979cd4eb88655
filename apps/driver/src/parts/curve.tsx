import type { CurvePoint } from '../api/types.js';
import { useWords } from '../i18n/index.js';

const WIDTH = 320;
const HEIGHT = 96;

/** Power over time, as a drawing that a sentence describes. */
export function Curve({ points, timeZone }: { readonly points: readonly CurvePoint[]; readonly timeZone: string | null }) {
  const { t, formats } = useWords();
  const known = points.flatMap(({ at, powerW }) => (powerW === null ? [] : [{ at, ms: Date.parse(at), powerW }]));
  const [first, last] = [known[0], known.at(-1)];
  if (first === undefined || last === undefined || last.ms <= first.ms) return null;
  const peak = Math.max(1, ...known.map(({ powerW }) => powerW));
  const x = (ms: number): string => (((ms - first.ms) / (last.ms - first.ms)) * WIDTH).toFixed(1);
  const y = (powerW: number): string => (HEIGHT - (powerW / peak) * (HEIGHT - 4)).toFixed(1);
  const line = known.map(({ ms, powerW }) => `${x(ms)} ${y(powerW)}`).join('L');
  const label = t('receiptCurve', {
    from: formats.time(first.at, timeZone),
    to: formats.time(last.at, timeZone),
    power: formats.power(peak),
  });
  return (
    <figure className="curve">
      <svg viewBox={`0 0 ${WIDTH} ${HEIGHT}`} aria-hidden="true" preserveAspectRatio="none">
        <path className="curve-area" d={`M0 ${HEIGHT}L${line}L${WIDTH} ${HEIGHT}Z`} />
        <path className="curve-line" d={`M${line}`} vectorEffect="non-scaling-stroke" />
      </svg>
      <figcaption className="muted small">{label}</figcaption>
    </figure>
  );
}
