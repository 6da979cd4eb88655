import { useRef, useState } from 'react';
import { driverApi, onceKey, type Payer } from '../api/client.js';
import { keepCharge, keepReservation, readKept } from '../api/kept.js';
import type { Evse } from '../api/types.js';
import { useWords } from '../i18n/index.js';
import { EMPTY_LIMIT, isEmptyLimit, type LimitField, readLimit } from '../limit-form.js';
import { chargePath, go, reservationPath } from '../route.js';
import { LimitFields } from './limit-fields.js';
import { problemText } from './notice.js';
import { type PayerKind, Payers, payersFor } from './payers.js';
import { PriceList } from './price-list.js';
import { Sheet } from './sheet.js';

interface Props {
  readonly evse: Evse;
  readonly reservationKey: string | undefined;
  onClose(): void;
}

/** Who pays, with the words of what is missing. */
function usePayer(evse: Evse, reservationKey: string | undefined) {
  const { t } = useWords();
  const [{ contract }] = useState(readKept);
  const kinds = payersFor({ guest: evse.guest !== 'off', contract, reservationKey });
  const [kind, setKind] = useState<PayerKind>(kinds[0] ?? 'keyCode');
  const [keyCode, setKeyCode] = useState('');
  const [keyCodeProblem, setKeyCodeProblem] = useState<string>();
  const payer = (): Payer | undefined => {
    switch (kind) {
      case 'guest':
        return { kind };
      case 'contract':
        return contract === undefined ? undefined : { kind, contractLink: contract.key };
      case 'reservation':
        return reservationKey === undefined ? undefined : { kind, reservationKey };
      case 'keyCode':
        if (keyCode.trim() !== '') return { kind, keyCode: keyCode.trim() };
        setKeyCodeProblem(t('keyCodeMissing'));
        return undefined;
    }
  };
  const fields = (
    <Payers
      kinds={kinds}
      chosen={kind}
      contract={contract}
      keyCode={keyCode}
      keyCodeProblem={keyCodeProblem}
      onChoose={setKind}
      onKeyCode={(text) => {
        setKeyCode(text);
        setKeyCodeProblem(undefined);
      }}
    />
  );
  return { kind, payer, fields };
}

/** One press acts once: the same press sent again by the network has the same key, a changed one another. */
function useOnce() {
  const key = useRef<{ readonly body: string; readonly once: string }>(undefined);
  return (body: unknown): string => {
    const text = JSON.stringify(body);
    if (key.current?.body !== text) key.current = { body: text, once: onceKey() };
    return key.current.once;
  };
}

export function StartSheet({ evse, reservationKey, onClose }: Props) {
  const { t } = useWords();
  const { payer, fields } = usePayer(evse, reservationKey);
  const [form, setForm] = useState(EMPTY_LIMIT);
  const [wrong, setWrong] = useState<readonly LimitField[]>([]);
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState<string>();
  const once = useOnce();
  const start = async (): Promise<void> => {
    const read = readLimit(form, evse.price);
    setWrong('wrong' in read ? read.wrong : []);
    const who = payer();
    if ('wrong' in read || who === undefined || busy) return;
    setBusy(true);
    setProblem(undefined);
    const limit = isEmptyLimit(read.limit) ? null : read.limit;
    try {
      const { key } = await driverApi.start(evse.evseUid, who, limit, once({ who, limit }));
      keepCharge(key, evse.evseUid);
      go(chargePath(key));
    } catch (error) {
      setBusy(false);
      setProblem(problemText(error, t, 'startRefused'));
    }
  };
  return (
    <Sheet title={t('startTitle')} onClose={onClose}>
      <form
        noValidate
        onSubmit={(event) => {
          event.preventDefault();
          void start();
        }}
      >
        <PriceList price={evse.price} />
        {fields}
        <details open={wrong.length > 0 || undefined}>
          <summary>{t('limitAdd')}</summary>
          <p className="muted small">{t('limitIntro')}</p>
          <LimitFields form={form} price={evse.price} wrong={wrong} onChange={setForm} />
        </details>
        <p className="problem" role="alert">
          {problem}
        </p>
        <button type="submit" className="button primary" aria-disabled={busy}>
          {busy ? t('starting') : t('startNow')}
        </button>
      </form>
    </Sheet>
  );
}

/** Lengths a driver may choose, within what is allowed. */
const HOLD_MINUTES = [15, 30, 60, 120] as const;

export function ReserveSheet({ evse, onClose }: Omit<Props, 'reservationKey'>) {
  const { t } = useWords();
  const { kind, payer, fields } = usePayer(evse, undefined);
  const allowed = evse.reservation ?? { minutesDefault: 15, minutesMax: 15, guestMinutesMax: 15 };
  const max = kind === 'guest' ? allowed.guestMinutesMax : allowed.minutesMax;
  const choices = [...new Set([...HOLD_MINUTES, allowed.minutesDefault])].filter((each) => each <= max).sort((a, b) => a - b);
  const [wanted, setWanted] = useState(allowed.minutesDefault);
  const minutes = Math.min(wanted, max);
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState<string>();
  const once = useOnce();
  const reserve = async (): Promise<void> => {
    const who = payer();
    if (who === undefined || busy) return;
    setBusy(true);
    setProblem(undefined);
    try {
      const { key } = await driverApi.reserve(evse.evseUid, who, minutes, once({ who, minutes }));
      keepReservation(key, evse.evseUid);
      go(reservationPath(key));
    } catch (error) {
      setBusy(false);
      setProblem(problemText(error, t, 'reserveRefused'));
    }
  };
  return (
    <Sheet title={t('reserveTitle')} onClose={onClose}>
      <form
        noValidate
        onSubmit={(event) => {
          event.preventDefault();
          void reserve();
        }}
      >
        <fieldset className="payers">
          <legend>{t('reserveFor')}</legend>
          <div className="chips">
            {choices.map((choice) => (
              <button key={choice} type="button" className="chip" aria-pressed={choice === minutes} onClick={() => setWanted(choice)}>
                {t('minutes', { count: choice })}
              </button>
            ))}
          </div>
        </fieldset>
        {fields}
        <p className="problem" role="alert">
          {problem}
        </p>
        <button type="submit" className="button primary" aria-disabled={busy}>
          {t('reserveNow')}
        </button>
      </form>
    </Sheet>
  );
}
