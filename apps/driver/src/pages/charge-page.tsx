import { useEffect, useState } from 'react';
import { driverApi } from '../api/client.js';
import { keepCharge } from '../api/kept.js';
import type { Charge } from '../api/types.js';
import { type LiveCharge, useCharge } from '../api/use-charge.js';
import { chargeWords, isOver, isRunning, isStoppable, type Tone } from '../charge-words.js';
import { type TextKey, useWords } from '../i18n/index.js';
import { isEmptyLimit } from '../limit-form.js';
import { History } from '../parts/history.js';
import { LimitSheet } from '../parts/limit-sheet.js';
import { Failure, Loading, problemText } from '../parts/notice.js';
import { PlaceHead } from '../parts/place-head.js';
import { PushButton } from '../parts/push-button.js';
import { Receipt } from '../parts/receipt.js';
import { Ring } from '../parts/ring.js';
import { Sheet } from '../parts/sheet.js';
import { evsePath, go } from '../route.js';

/** One charge, from the start request to the receipt, live. */
export function ChargePage({ chargeKey }: { readonly chargeKey: string }) {
  const live = useCharge(chargeKey);
  const { t, formats } = useWords();
  const { charge, error } = live;
  useEffect(() => {
    if (charge !== undefined && !isOver(charge.state)) keepCharge(chargeKey, charge.evseUid);
  }, [chargeKey, charge?.evseUid, charge?.state]);
  const words = charge === undefined ? undefined : chargeWords(charge);
  useEffect(() => {
    if (words !== undefined) document.title = `${t(words.title)} · Voltlog`;
  }, [words, t]);
  if (charge === undefined || words === undefined)
    return error === undefined ? <Loading /> : <Failure error={error} unknown="link" onRetry={() => location.reload()} />;
  const zone = charge.site?.timeZone ?? null;
  return (
    <>
      <PlaceHead place={charge} />
      {live.line === 'lost' || error !== undefined ? (
        <p className="banner" role="status">
          {t('offlineBanner', { time: formats.time(new Date(live.heardAt).toISOString()) })}
        </p>
      ) : null}
      {charge.stationOnline || !isRunning(charge.state) ? null : (
        <p className="banner" role="status">
          {t('stationOfflineBanner', { time: formats.time(charge.lastReadingAt ?? charge.startedAt ?? charge.asOf, zone) })}
        </p>
      )}
      <section className="card live">
        <div role="status">
          <h2 className={`headline tone-${words.tone}`}>{t(words.title)}</h2>
          <p>{t(words.text)}</p>
        </div>
        {isRunning(charge.state) ? <Dial charge={charge} tone={words.tone} /> : null}
        {words.tone === 'waiting' && !isRunning(charge.state) ? <span className="spinner" aria-hidden="true" /> : null}
        {charge.startedAt === null ? null : <Figures charge={charge} heardAt={live.heardAt} />}
        {charge.idleSeconds === null || charge.idleSeconds < 60 ? null : (
          <p className="muted small">{t('idle', { time: formats.duration(charge.idleSeconds) })}</p>
        )}
      </section>
      {charge.state === 'Ended' || charge.state === 'Unplugged' ? <Receipt chargeKey={chargeKey} /> : null}
      <Actions chargeKey={chargeKey} charge={charge} take={live.take} />
      <History milestones={charge.milestones} timeZone={zone} />
    </>
  );
}

/** The battery where the car tells it, else the power. */
function Dial({ charge, tone }: { readonly charge: Charge; readonly tone: Tone }) {
  const { t, formats } = useWords();
  const { stateOfChargePercent: soc, powerW, powerWMax } = charge;
  if (soc !== null)
    return <Ring share={soc / 100} tone={tone} big={formats.percent(soc)} small={powerW === null ? t('battery') : formats.power(powerW)} />;
  return (
    <Ring
      share={(powerW ?? 0) / (powerWMax ?? Math.max(powerW ?? 0, 11_000))}
      tone={tone}
      big={powerW === null ? '–' : formats.power(powerW)}
      small={t('power')}
    />
  );
}

function Figures({ charge, heardAt }: { readonly charge: Charge; readonly heardAt: number }) {
  const { t, formats } = useWords();
  const goesOn = isRunning(charge.state);
  const now = useNow(goesOn);
  const seconds = charge.durationSeconds + (goesOn ? Math.max(0, (now - heardAt) / 1_000) : 0);
  const soc = charge.stateOfChargePercent;
  // What the ring shows is there for those who do not see it.
  const inRing = !goesOn ? undefined : soc === null ? 'power' : 'battery';
  const figures: readonly (readonly [TextKey, string | undefined])[] = [
    ['energy', formats.energy(charge.energyWh)],
    [goesOn ? 'cost' : 'costTotal', charge.cost === null ? undefined : formats.money(charge.cost)],
    ['time', formats.duration(seconds)],
    ['power', goesOn && charge.powerW !== null ? formats.power(charge.powerW) : undefined],
    ['battery', soc === null ? undefined : formats.percent(soc)],
  ];
  return (
    <dl className="figures">
      {figures.map(([name, value]) =>
        value === undefined ? null : (
          <div key={name} className={name === inRing ? 'sr' : undefined}>
            <dt>{t(name)}</dt>
            <dd>{value}</dd>
          </div>
        ),
      )}
    </dl>
  );
}

function useNow(ticks: boolean): number {
  const [now, setNow] = useState(Date.now);
  useEffect(() => {
    if (!ticks) return undefined;
    const timer = setInterval(() => setNow(Date.now()), 1_000);
    return () => clearInterval(timer);
  }, [ticks]);
  return now;
}

interface ActionsProps {
  readonly chargeKey: string;
  readonly charge: Charge;
  readonly take: LiveCharge['take'];
}

function Actions({ chargeKey, charge, take }: ActionsProps) {
  const { t, formats } = useWords();
  const [sheet, setSheet] = useState<'limit' | 'stop'>();
  const [said, setSaid] = useState('');
  const { state, limit } = charge;
  const limited = limit !== null && !isEmptyLimit(limit);
  const again = state === 'Refused' || state === 'Lapsed' || state === 'Cancelled';
  const stopping = charge.stopRequested && !charge.stopFailed;
  return (
    <div className="actions">
      {limited && isStoppable(state) ? <p className="pill tone-waiting">{t('untilLimit', { limit: formats.limit(limit) })}</p> : null}
      {isRunning(state) ? (
        <>
          <button type="button" className="button danger" aria-disabled={stopping} onClick={() => setSheet('stop')}>
            {t(stopping ? 'stopping' : charge.stopFailed ? 'stopAgain' : 'stop')}
          </button>
          <button type="button" className="button" onClick={() => setSheet('limit')}>
            {t(limited ? 'limitChange' : 'limitAdd')}
          </button>
        </>
      ) : null}
      {isStoppable(state) && !isRunning(state) && !stopping ? <CancelButton chargeKey={chargeKey} take={take} /> : null}
      {again ? (
        <button type="button" className="button primary" onClick={() => go(evsePath(charge.evseUid))}>
          {t('startAgain')}
        </button>
      ) : null}
      {isOver(state) ? null : <PushButton kind="charge" of={chargeKey} />}
      {again ? null : <ShareButton over={isOver(state)} />}
      <p className="small muted" role="status">
        {said}
      </p>
      {sheet === 'limit' ? (
        <LimitSheet
          chargeKey={chargeKey}
          charge={charge}
          onSaved={(told, saved) => {
            take(told);
            setSaid(t(isEmptyLimit(saved) ? 'limitCleared' : 'limitSaved'));
            setSheet(undefined);
          }}
          onClose={() => setSheet(undefined)}
        />
      ) : null}
      {sheet === 'stop' ? <StopSheet chargeKey={chargeKey} take={take} onClose={() => setSheet(undefined)} /> : null}
    </div>
  );
}

/** Takes a start back; nothing is lost by it, so it is not asked twice. */
function CancelButton({ chargeKey, take }: Pick<ActionsProps, 'chargeKey' | 'take'>) {
  const { t } = useWords();
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState<string>();
  const cancel = async (): Promise<void> => {
    if (busy) return;
    setBusy(true);
    setProblem(undefined);
    try {
      take(await driverApi.stop(chargeKey));
    } catch (error) {
      setProblem(problemText(error, t, 'stopFailed'));
    }
    setBusy(false);
  };
  return (
    <>
      <button type="button" className="button" aria-disabled={busy} onClick={() => void cancel()}>
        {t('cancelStart')}
      </button>
      <p className="problem" role="alert">
        {problem}
      </p>
    </>
  );
}

function StopSheet({ chargeKey, take, onClose }: Pick<ActionsProps, 'chargeKey' | 'take'> & { onClose(): void }) {
  const { t } = useWords();
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState<string>();
  const stop = async (): Promise<void> => {
    if (busy) return;
    setBusy(true);
    setProblem(undefined);
    try {
      take(await driverApi.stop(chargeKey));
      onClose();
    } catch (error) {
      setBusy(false);
      setProblem(problemText(error, t, 'stopFailed'));
    }
  };
  return (
    <Sheet title={t('stopTitle')} onClose={onClose}>
      <p>{t('stopText')}</p>
      <p className="problem" role="alert">
        {problem}
      </p>
      <button type="button" className="button danger" aria-disabled={busy} onClick={() => void stop()}>
        {t(busy ? 'stopping' : 'stopNow')}
      </button>
      <button type="button" className="button" onClick={onClose}>
        {t('keepCharging')}
      </button>
    </Sheet>
  );
}

/** The link in the address bar is the key to this charge; that is said before it is given away. */
function ShareButton({ over }: { readonly over: boolean }) {
  const { t } = useWords();
  const [copied, setCopied] = useState(false);
  if (!('share' in navigator) && !('clipboard' in navigator)) return null;
  const share = async (): Promise<void> => {
    try {
      if ('share' in navigator) await navigator.share({ url: location.href });
      else {
        await (navigator as Navigator).clipboard.writeText(location.href);
        setCopied(true);
      }
    } catch {
      // The driver closed the sheet of the system.
    }
  };
  return (
    <>
      <button type="button" className="button quiet" onClick={() => void share()}>
        {t('share')}
      </button>
      <p className="muted small" role="status">
        {t(copied ? 'shareCopied' : over ? 'shareHintOver' : 'shareHint')}
      </p>
    </>
  );
}
