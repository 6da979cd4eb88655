import type { ReactNode } from 'react';
import { ApiError } from '../api/client.js';
import { type TextKey, type Translate, useWords } from '../i18n/index.js';

/** A page that says what is so and what to do next. */
export function Notice({ title, text, children }: { readonly title: TextKey; readonly text: TextKey; readonly children?: ReactNode }) {
  const { t } = useWords();
  return (
    <section className="card notice">
      <h1>{t(title)}</h1>
      <p>{t(text)}</p>
      {children}
    </section>
  );
}

/** What could not be read, and a way on. */
export function Failure({ error, unknown, onRetry }: { readonly error: ApiError; readonly unknown: 'evse' | 'link'; onRetry(): void }) {
  const { t } = useWords();
  const missing = error.status === 404 || error.status === 400;
  if (missing)
    return unknown === 'evse' ? (
      <Notice title="evseUnknownTitle" text="evseUnknownText" />
    ) : (
      <Notice title="linkUnknownTitle" text="linkUnknownText" />
    );
  return (
    <section className="card notice" role="alert">
      <h1>{t('unreachableTitle')}</h1>
      <p>{error.status === 0 ? t('unreachableText') : problemText(error, t)}</p>
      <button type="button" className="button primary" onClick={onRetry}>
        {t('retry')}
      </button>
    </section>
  );
}

/** Words of the API that the page has a sentence for. */
const WORDS: Readonly<Record<string, TextKey>> = {
  'key-code-refused': 'keyCodeRefused',
  'contract-refused': 'contractRefused',
  'token-refused': 'reasonToken',
  'link-unknown': 'contractRefused',
  'guest-refused': 'guestRefused',
  'evse-in-use': 'evseTaken',
  'reservation-ended': 'reservationEnded',
  'evse-reserved': 'reserveTaken',
  'evse-occupied': 'reserveOccupied',
  'token-has-reservation': 'reserveOneOnly',
  closed: 'reserveClosed',
  'evse-out-of-service': 'unavailableText',
  'station-not-in-service': 'unavailableText',
};
/** Longer waits are told in minutes, s. */
const SECONDS_TOLD_MAX = 120;

export function problemText(error: unknown, t: Translate, otherwise: TextKey = 'serverText'): string {
  if (!(error instanceof ApiError)) return t('serverText');
  if (error.status === 0) return t('unreachableText');
  if (error.status === 429) return waitText(error.retryAfterSeconds, t);
  return t(WORDS[error.word] ?? (error.status >= 500 && error.status !== 504 ? 'serverText' : otherwise));
}

const waitText = (seconds: number, t: Translate): string =>
  seconds > SECONDS_TOLD_MAX
    ? t('tooManyMinutesText', { minutes: Math.ceil(seconds / 60) })
    : t('tooManyText', { seconds: Math.max(1, seconds) });

export function Loading() {
  const { t } = useWords();
  return (
    <section className="card loading" aria-busy="true">
      <h1 className="sr">{t('loading')}</h1>
      <span className="spinner" aria-hidden="true" />
    </section>
  );
}
