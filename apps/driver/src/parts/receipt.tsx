import { useEffect, useState } from 'react';
import { ApiError, driverApi } from '../api/client.js';
import type { Money, Receipt as ReceiptOf } from '../api/types.js';
import { endReason } from '../charge-words.js';
import { type TextKey, useWords } from '../i18n/index.js';
import { Curve } from './curve.js';
import { problemText } from './notice.js';

const LOOK_MS = 4_000;

/** What was delivered and what it cost, as a table that prints. Read again until it is final. */
export function Receipt({ chargeKey }: { readonly chargeKey: string }) {
  const { t, formats } = useWords();
  const [receipt, setReceipt] = useState<ReceiptOf>();
  const [error, setError] = useState<ApiError>();
  useEffect(() => {
    let timer: number | undefined;
    let gone = false;
    const look = async (): Promise<void> => {
      let final = false;
      try {
        const told = await driverApi.receipt(chargeKey);
        if (gone) return;
        setReceipt(told);
        setError(undefined);
        final = told.final;
      } catch (caught) {
        if (!gone) setError(caught instanceof ApiError ? caught : new ApiError(0, 'unreachable'));
      }
      if (!final && !gone) timer = window.setTimeout(() => void look(), LOOK_MS);
    };
    void look();
    return () => {
      gone = true;
      clearTimeout(timer);
    };
  }, [chargeKey]);
  if (receipt === undefined) return error === undefined ? null : <p className="problem">{problemText(error, t)}</p>;
  const zone = receipt.site?.timeZone ?? null;
  const place = [receipt.stationName, t('evse', { number: receipt.evseId }), receipt.site?.name, receipt.site?.address, receipt.site?.city];
  const ended = endReason(receipt.endCause);
  const facts: readonly (readonly [string, string | undefined])[] = [
    [t('receiptNumber'), receipt.number],
    [t('receiptPlace'), place.filter((part) => part !== null && part !== undefined && part !== '').join(', ')],
    [t('receiptFrom'), receipt.startedAt === null ? undefined : formats.moment(receipt.startedAt, zone)],
    [t('receiptTo'), receipt.endedAt === null ? undefined : formats.moment(receipt.endedAt, zone)],
    [t('receiptDuration'), formats.duration(receipt.durationSeconds)],
    [t('energy'), formats.exactEnergy(receipt.energyWh)],
    [
      t('receiptMeter'),
      receipt.meterStartWh === null || receipt.meterStopWh === null
        ? undefined
        : `${formats.exactEnergy(receipt.meterStartWh)} – ${formats.exactEnergy(receipt.meterStopWh)}`,
    ],
    [t('receiptToken'), receipt.idToken ?? undefined],
    [t('receiptEnded'), ended === undefined ? undefined : t(ended)],
    [t('receiptStoppedBy'), receipt.stoppedBy ?? undefined],
  ];
  return (
    <section className="card receipt" aria-labelledby="receipt">
      <h2 id="receipt">{t('receiptTitle')}</h2>
      {receipt.final ? null : <p className="muted small">{t('receiptPending')}</p>}
      <dl className="facts">
        {facts.map(([name, value]) =>
          value === undefined ? null : (
            <div key={name}>
              <dt>{name}</dt>
              <dd>{value}</dd>
            </div>
          ),
        )}
      </dl>
      <Costs receipt={receipt} />
      <Curve points={receipt.curve} timeZone={zone} />
      <button type="button" className="button no-print" onClick={() => window.print()}>
        {t('print')}
      </button>
    </section>
  );
}

function Costs({ receipt }: { readonly receipt: ReceiptOf }) {
  const { t, formats } = useWords();
  const { price } = receipt;
  const each = (amount: string | undefined, unit: TextKey): string | undefined =>
    price === null || amount === undefined ? undefined : `${formats.price(amount, price.currency)} ${t(unit)}`;
  const rows: readonly (readonly [name: string, sum: Money | null, price: string, each?: string | undefined])[] = [
    [t('receiptEnergyCost'), receipt.energyCost, price?.perKwh ?? '0', each(price?.perKwh, 'perKwh')],
    [t('receiptTimeCost'), receipt.timeCost, price?.perMinute ?? '0', each(price?.perMinute, 'perMinute')],
    [t('receiptSessionCost'), receipt.sessionCost, price?.perSession ?? '0'],
  ];
  if (receipt.total === null) return <p className="price-free">{t('priceFree')}</p>;
  return (
    <>
      <dl className="facts costs">
        {rows.map(([name, money, amount, unitPrice]) =>
          money === null || Number(amount) === 0 ? null : (
            <div key={name}>
              <dt>{unitPrice === undefined ? name : `${name}, ${unitPrice}`}</dt>
              <dd>{formats.money(money)}</dd>
            </div>
          ),
        )}
        <div className="total">
          <dt>{t('receiptTotal')}</dt>
          <dd>{formats.money(receipt.total)}</dd>
        </div>
      </dl>
      <p className="muted small">{t('receiptNoPayment')}</p>
    </>
  );
}
