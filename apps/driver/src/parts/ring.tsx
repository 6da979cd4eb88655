import type { Tone } from '../charge-words.js';

const RADIUS = 88;
const CIRCUMFERENCE = 2 * Math.PI * RADIUS;

/** A share of a whole as a ring, with what it means in the middle. For the eye only: the figures stand below as text. */
export function Ring({
  share,
  tone,
  big,
  small,
}: {
  readonly share: number;
  readonly tone: Tone;
  readonly big: string;
  readonly small: string;
}) {
  const filled = Math.min(1, Math.max(0, share)) * CIRCUMFERENCE;
  return (
    <div className={`ring ring-${tone}`} aria-hidden="true">
      <svg viewBox="0 0 200 200">
        <circle cx="100" cy="100" r={RADIUS} className="ring-track" />
        <circle
          cx="100"
          cy="100"
          r={RADIUS}
          className="ring-value"
          strokeDasharray={`${filled} ${CIRCUMFERENCE}`}
          transform="rotate(-90 100 100)"
        />
      </svg>
      <div className="ring-text">
        <span className="ring-big">{big}</span>
        <span className="ring-small">{small}</span>
      </div>
    </div>
  );
}
