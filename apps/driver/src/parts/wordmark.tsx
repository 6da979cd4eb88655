export const Wordmark = () => (
  <span className="wordmark">
    <svg viewBox="0 0 32 32" width="28" height="28" aria-hidden="true">
      <rect width="32" height="32" rx="8" />
      <path d="M8 9.5h16M8 22.5h16" className="wordmark-lines" />
      <path d="M8 16h5.2l3.4-4.4-1 8.8L19 16h5" className="wordmark-wave" />
    </svg>
    <span>Voltlog</span>
  </span>
);
