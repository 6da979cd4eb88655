import { useId } from 'react';

const WIDTH = 200;
const HEIGHT = 48;
const PAD = 3;

/** A small curve of the latest values; the numbers beside it say what it shows. */
export function Trend({ values }: { values: readonly number[] }) {
  const fill = useId();
  if (values.length < 2 || values.every((value) => value <= 0))
    return <svg viewBox={`0 0 ${WIDTH} ${HEIGHT}`} preserveAspectRatio="none" aria-hidden="true" />;
  const top = Math.max(...values, 1) * 1.25;
  const points = values.map((value, index) => {
    const x = (index / (values.length - 1)) * WIDTH;
    const y = HEIGHT - PAD - (Math.max(value, 0) / top) * (HEIGHT - 2 * PAD);
    return `${x.toFixed(1)},${y.toFixed(1)}`;
  });
  return (
    <svg viewBox={`0 0 ${WIDTH} ${HEIGHT}`} preserveAspectRatio="none" aria-hidden="true">
      <defs>
        <linearGradient id={fill} x1="0" x2="0" y1="0" y2="1">
          <stop offset="0" stopColor="currentColor" stopOpacity="0.28" />
          <stop offset="1" stopColor="currentColor" stopOpacity="0" />
        </linearGradient>
      </defs>
      <path d={`M0,${HEIGHT} L${points.join(' L')} L${WIDTH},${HEIGHT} Z`} fill={`url(#${fill})`} />
      <path
        d={`M${points.join(' L')}`}
        fill="none"
        stroke="currentColor"
        strokeWidth="2"
        strokeLinejoin="round"
        vectorEffect="non-scaling-stroke"
      />
    </svg>
  );
}
