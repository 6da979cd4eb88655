import { useCallback, useEffect, useState } from 'react';
import { ApiError, driverApi } from '../api/client.js';
import { readKept } from '../api/kept.js';
import type { Availability, Evse } from '../api/types.js';
import { isOver } from '../charge-words.js';
import { connectorName } from '../connector-names.js';
import { type TextKey, useWords } from '../i18n/index.js';
import { Failure, Loading } from '../parts/notice.js';
import { PlaceHead } from '../parts/place-head.js';
import { PriceList } from '../parts/price-list.js';
import { ReserveSheet, StartSheet } from '../parts/start-sheet.js';
import { chargePath, go, reservationPath } from '../route.js';

/** Milliseconds between two looks while the page is shown. */
const LOOK_MS = 5_000;

const WORDS: Readonly<Record<Availability, readonly [title: TextKey, text: TextKey, tone: string]>> = {
  Available: ['available', 'availableText', 'good'],
  PluggedIn: ['pluggedIn', 'pluggedInText', 'good'],
  InUse: ['inUse', 'inUseText', 'waiting'],
  Reserved: ['reserved', 'reservedText', 'waiting'],
  Faulted: ['faulted', 'faultedText', 'bad'],
  Unavailable: ['unavailable', 'unavailableText', 'bad'],
  Offline: ['offline', 'offlineText', 'bad'],
  Unknown: ['unknown', 'unknownText', 'waiting'],
};

/** What one sees who scanned the code: how it is, what it costs, and the button. */
export function EvsePage({ evseUid }: { readonly evseUid: string }) {
  const { t, formats } = useWords();
  const [evse, setEvse] = useState<Evse>();
  const [error, setError] = useState<ApiError>();
  const [sheet, setSheet] = useState<'start' | 'reserve'>();
  const kept = readKept();
  const reservationKey = kept.reservations.find((each) => each.evseUid === evseUid)?.key;
  // What an operator reserved for the contract, or its group, is found by that.
  const key = reservationKey ?? kept.contract?.key;
  const myCharge = useMyCharge(evseUid);
  const look = useCallback(async (): Promise<void> => {
    try {
      setEvse(await driverApi.evse(evseUid, key));
      setError(undefined);
    } catch (caught) {
      setError(caught instanceof ApiError ? caught : new ApiError(0, 'unreachable'));
    }
  }, [evseUid, key]);
  useEffect(() => {
    void look();
    const timer = setInterval(() => (document.visibilityState === 'visible' ? void look() : undefined), LOOK_MS);
    return () => clearInterval(timer);
  }, [look]);
  useEffect(() => {
    if (evse !== undefined) document.title = `${evse.stationName} · Voltlog`;
  }, [evse]);
  if (evse === undefined) return error === undefined ? <Loading /> : <Failure error={error} unknown="evse" onRetry={() => void look()} />;
  const { mine } = evse;
  const [title, text, tone] = mine === null ? WORDS[evse.availability] : (['reservedMine', 'reservedMineText', 'good'] as const);
  const until = mine === null ? '' : formats.time(mine.expiresAt, evse.site?.timeZone);
  return (
    <>
      <PlaceHead place={evse} />
      {error === undefined ? null : (
        <p className="banner" role="status">
          {t('reconnecting')}
        </p>
      )}
      {myCharge === undefined ? null : (
        <section className="card mine">
          <h2>{t('myCharge')}</h2>
          <button type="button" className="button primary" onClick={() => go(chargePath(myCharge))}>
            {t('openCharge')}
          </button>
        </section>
      )}
      <section className="card">
        <p className={`pill tone-${tone}`} role="status">
          {t(title)}
        </p>
        <p>{t(text, { time: until })}</p>
        {evse.freeUntil === null ? null : (
          <p>
            <strong>{t('freeUntil', { time: formats.time(evse.freeUntil, evse.site?.timeZone) })}</strong>
          </p>
        )}
        <ul className="connectors" aria-label={t('connectors')}>
          {evse.connectors.map(({ connectorId, type }) => (
            <li key={connectorId}>
              <svg viewBox="0 0 24 24" width="24" height="24" aria-hidden="true">
                <path d="M9 3v5M15 3v5M6 8h12v3a6 6 0 0 1-12 0zM12 17v4" />
              </svg>
              <span>{connectorName(type)}</span>
              {evse.powerWMax === null ? null : <span className="muted">{t('upTo', { power: formats.power(evse.powerWMax) })}</span>}
            </li>
          ))}
        </ul>
      </section>
      <section className="card">
        <h2>{t('price')}</h2>
        <PriceList price={evse.price} />
      </section>
      <div className="actions">
        {evse.mayStart ? (
          <button type="button" className="button primary" onClick={() => setSheet('start')}>
            {t('start')}
          </button>
        ) : null}
        {mine !== null && reservationKey !== undefined ? (
          <button type="button" className="button" onClick={() => go(reservationPath(reservationKey))}>
            {t('openReservation')}
          </button>
        ) : evse.reservation === null ? null : (
          <button type="button" className="button" onClick={() => setSheet('reserve')}>
            {t('reserve')}
          </button>
        )}
      </div>
      {sheet === 'start' ? (
        <StartSheet evse={evse} reservationKey={mine === null ? undefined : reservationKey} onClose={() => setSheet(undefined)} />
      ) : null}
      {sheet === 'reserve' ? <ReserveSheet evse={evse} onClose={() => setSheet(undefined)} /> : null}
    </>
  );
}

/** The key of a charge that this phone began here and that is not over. */
function useMyCharge(evseUid: string): string | undefined {
  const [mine, setMine] = useState<string>();
  useEffect(() => {
    const last = readKept().charges.find((each) => each.evseUid === evseUid);
    if (last === undefined) return;
    driverApi.charge(last.key).then(
      (charge) => (isOver(charge.state) ? undefined : setMine(last.key)),
      () => undefined,
    );
  }, [evseUid]);
  return mine;
}
