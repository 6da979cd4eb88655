import { useCallback, useEffect, useState } from 'react';
import { ApiError, driverApi } from '../api/client.js';
import { forgetReservation } from '../api/kept.js';
import type { Reservation } from '../api/types.js';
import { useWords } from '../i18n/index.js';
import { Failure, Loading } from '../parts/notice.js';
import { PlaceHead } from '../parts/place-head.js';
import { PushButton } from '../parts/push-button.js';
import { HOLD_WORDS, reservationEnd } from '../reservation-words.js';
import { evsePath, go } from '../route.js';

const LOOK_MS = 10_000;

/** A held charging point: how long, start there, give it back. */
export function ReservationPage({ reservationKey }: { readonly reservationKey: string }) {
  const { t, formats } = useWords();
  const [reservation, setReservation] = useState<Reservation>();
  const [error, setError] = useState<ApiError>();
  const [said, setSaid] = useState('');
  const look = useCallback(async (): Promise<void> => {
    try {
      setReservation(await driverApi.reservation(reservationKey));
      setError(undefined);
    } catch (caught) {
      setError(caught instanceof ApiError ? caught : new ApiError(0, 'unreachable'));
    }
  }, [reservationKey]);
  useEffect(() => {
    void look();
    const timer = setInterval(() => (document.visibilityState === 'visible' ? void look() : undefined), LOOK_MS);
    return () => clearInterval(timer);
  }, [look]);
  if (reservation === undefined)
    return error === undefined ? <Loading /> : <Failure error={error} unknown="link" onRetry={() => void look()} />;
  const { state, expiresAt, stationHold } = reservation;
  const cancel = async (): Promise<void> => {
    try {
      setReservation(await driverApi.cancelReservation(reservationKey));
      forgetReservation(reservationKey);
    } catch {
      setSaid(t('reservationCancelFailed'));
    }
  };
  const minutesLeft = expiresAt === null ? 0 : Math.max(0, Math.ceil((Date.parse(expiresAt) - Date.now()) / 60_000));
  return (
    <>
      <PlaceHead place={reservation} />
      <section className="card">
        <h2>{t('reservationTitle')}</h2>
        <p className={`pill tone-${state === 'Active' ? 'good' : 'done'}`} role="status">
          {t(state === 'Active' ? 'reservationActive' : 'reservationEnded')}
        </p>
        <p>
          {state === 'Active' && expiresAt !== null
            ? t('reservationUntil', { time: formats.time(expiresAt, reservation.site?.timeZone), minutes: minutesLeft })
            : t(reservationEnd(reservation))}
        </p>
        {stationHold === null ? null : (
          <p className={stationHold === 'Blocked' ? 'problem' : 'muted small'} role="status">
            {t(HOLD_WORDS[stationHold])}
          </p>
        )}
        <p className="problem" role="alert">
          {said}
        </p>
      </section>
      <div className="actions">
        <button type="button" className="button primary" onClick={() => go(evsePath(reservation.evseUid))}>
          {t(state === 'Active' ? 'reservationStart' : 'reservationAgain')}
        </button>
        {state === 'Active' ? (
          <button type="button" className="button" onClick={() => void cancel()}>
            {t('reservationCancel')}
          </button>
        ) : null}
        {state === 'Active' ? <PushButton kind="reservation" of={reservationKey} /> : null}
      </div>
    </>
  );
}
