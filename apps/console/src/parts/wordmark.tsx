/** The sign of Voltlog: three lines of a log, the middle one carrying a charge. */
export function Wordmark() {
  return (
    <>
      <svg width="28" height="28" viewBox="0 0 32 32" aria-hidden="true">
        <rect width="32" height="32" rx="8" />
        <path d="M8 9.5h16M8 22.5h16" stroke="#5b7a70" strokeWidth="2.6" strokeLinecap="round" />
        <path
          d="M8 16h5.2l3.4-4.4-1 8.8L19 16h5"
          fill="none"
          stroke="#3fe0a0"
          strokeWidth="2.8"
          strokeLinecap="round"
          strokeLinejoin="round"
        />
      </svg>
      voltlog
    </>
  );
}
