import type { Price } from '../api/types.js';
import { useWords } from '../i18n/index.js';

/** What it costs, before anything is started (AFIR Article 5(4)): per kWh first, then per minute, then the rest. */
export function PriceList({ price }: { readonly price: Price | null }) {
  const { t, formats } = useWords();
  const parts =
    price === null
      ? []
      : (
          [
            [price.perKwh, 'perKwh'],
            [price.perMinute, 'perMinute'],
            [price.perSession, 'perSession'],
          ] as const
        ).filter(([amount]) => Number(amount) !== 0);
  if (price === null || parts.length === 0) return <p className="price-free">{t('priceFree')}</p>;
  return (
    <>
      <dl className="prices">
        {parts.map(([amount, word]) => (
          <div key={word}>
            <dt>{t(word)}</dt>
            <dd>{formats.price(amount, price.currency)}</dd>
          </div>
        ))}
      </dl>
      <p className="muted small">{t('priceNote')}</p>
    </>
  );
}
