import { useId } from 'react';
import type { Payer } from '../api/client.js';
import type { Kept } from '../api/kept.js';
import { useWords } from '../i18n/index.js';

export type PayerKind = Payer['kind'];

/** How a driver may pay here; the first is what is chosen at first. */
export function payersFor(place: {
  readonly guest: boolean;
  readonly contract: Kept['contract'];
  readonly reservationKey: string | undefined;
}): readonly PayerKind[] {
  return [
    ...(place.reservationKey === undefined ? [] : (['reservation'] as const)),
    ...(place.contract === undefined ? [] : (['contract'] as const)),
    ...(place.guest ? (['guest'] as const) : []),
    'keyCode',
  ];
}

interface Props {
  readonly kinds: readonly PayerKind[];
  readonly chosen: PayerKind;
  readonly contract: Kept['contract'];
  readonly keyCode: string;
  readonly keyCodeProblem: string | undefined;
  onChoose(kind: PayerKind): void;
  onKeyCode(keyCode: string): void;
}

/** Who pays, as radio buttons; the key code is typed right below its own. */
export function Payers({ kinds, chosen, contract, keyCode, keyCodeProblem, onChoose, onKeyCode }: Props) {
  const { t } = useWords();
  const id = useId();
  const labels: Readonly<Record<PayerKind, string>> = {
    guest: t('payGuest'),
    keyCode: t('payKeyCode'),
    contract: contract?.label ? t('payContract', { label: contract.label }) : t('payContractPlain'),
    reservation: t('payReservation'),
  };
  const hints: Readonly<Partial<Record<PayerKind, string>>> = { guest: t('payGuestFree'), keyCode: t('payKeyCodeHint') };
  return (
    <fieldset className="payers">
      <legend>{t('payTitle')}</legend>
      {kinds.length === 1 && kinds[0] === 'keyCode' ? <p className="muted small">{t('payNone')}</p> : null}
      {kinds.map((kind) => (
        <label key={kind} className="payer">
          <input type="radio" name={id} checked={chosen === kind} onChange={() => onChoose(kind)} />
          <span>
            {labels[kind]}
            {hints[kind] === undefined ? null : <span className="muted small">{hints[kind]}</span>}
          </span>
        </label>
      ))}
      {chosen !== 'keyCode' ? null : (
        <div className="key-code">
          <label htmlFor={`${id}-code`}>{t('keyCode')}</label>
          <input
            id={`${id}-code`}
            autoComplete="off"
            autoCapitalize="characters"
            spellCheck={false}
            maxLength={36}
            value={keyCode}
            aria-invalid={keyCodeProblem !== undefined}
            {...(keyCodeProblem === undefined ? {} : { 'aria-describedby': `${id}-problem` })}
            onChange={({ target }) => onKeyCode(target.value)}
          />
          {keyCodeProblem === undefined ? null : (
            <p id={`${id}-problem`} className="problem small">
              {keyCodeProblem}
            </p>
          )}
        </div>
      )}
    </fieldset>
  );
}
