import { Group, Loader, TextInput } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { ApiError } from '../api/client.js';
import { useWrite } from '../api/lists.js';
import { usePlatform } from '../api/platform.js';
import { Failed } from './empty.js';
import { Form, numberIn, useFields } from './form.js';
import { RowButton } from './row-button.js';

interface PriceOf {
  readonly currency: string;
  readonly perKwh: string;
  readonly perMinute: string;
  readonly perSession: string;
  readonly version: number;
}

interface Props {
  /** `default`, `site:<id>` or `station:<id>` */
  readonly scope: string;
  /** What holds while none is set here. */
  readonly without: string;
  readonly onDone?: () => void;
}

const pathOf = (scope: string): string => `/v1/prices/${encodeURIComponent(scope)}`;

/** What charging costs: at a station, at a site, or where neither says it. */
export function Price({ scope, without, onDone }: Props) {
  const { api } = usePlatform();
  // Nothing tells of a price that somebody else sets: it is read anew whenever it is looked at.
  const price = useQuery({ queryKey: ['prices', scope], queryFn: ({ signal }) => api.get<PriceOf>(pathOf(scope), signal), staleTime: 0 });
  const [saves, setSaves] = useState(0);
  if (!price.isFetchedAfterMount) return <Loader aria-label="Reading the price" />;
  const isMissing = price.error instanceof ApiError && price.error.status === 404;
  if (price.isError && !isMissing) return <Failed what="The price" error={price.error} onRetry={() => void price.refetch()} />;
  const known = isMissing ? undefined : price.data;
  return (
    <div className="fields">
      <p role="status">{known === undefined ? `No price is set here: ${without}.` : `${inWords(known)}.`}</p>
      <PriceForm key={saves} scope={scope} price={known} onDone={onDone ?? (() => setSaves(saves + 1))} />
    </div>
  );
}

function PriceForm({ scope, price, onDone }: { scope: string; price: PriceOf | undefined; onDone: () => void }) {
  const { api, me } = usePlatform();
  const [version] = useState(price?.version);
  const { values, text } = useFields({
    currency: price?.currency ?? '',
    perKwh: price?.perKwh ?? '',
    perMinute: price?.perMinute ?? '',
    perSession: price?.perSession ?? '',
  });
  const save = useWrite(
    ['prices'],
    () => {
      const { currency, perKwh, perMinute, perSession } = values;
      const body = {
        currency: currency.trim().toUpperCase(),
        perKwh: amount(perKwh),
        perMinute: amount(perMinute),
        perSession: amount(perSession),
      };
      return api.put(pathOf(scope), body, version ?? 'new');
    },
    onDone,
  );
  const remove = useWrite(['prices'], () => api.delete(pathOf(scope), version), onDone);
  return (
    <Form
      label="Price"
      submit="Set the price"
      pending={save.isPending}
      disabled={me.role === 'viewer' || values.currency.trim() === ''}
      error={save.error ?? remove.error}
      onSubmit={() => save.mutate()}
    >
      <div className="fields two">
        <TextInput label="Currency" required placeholder="EUR" maxLength={3} {...text('currency')} />
        <TextInput label="A kWh; empty: nothing" inputMode="decimal" {...text('perKwh')} />
        <TextInput label="A minute" inputMode="decimal" {...text('perMinute')} />
        <TextInput label="A session" inputMode="decimal" {...text('perSession')} />
      </div>
      <p className="muted hint">It holds for sessions that start from now on; those that run keep the one they began with.</p>
      {version !== undefined && me.role !== 'viewer' && (
        <Group>
          <RowButton words="Take the price away" asks loading={remove.isPending} onClick={() => remove.mutate()} />
        </Group>
      )}
    </Form>
  );
}

/** As it was typed: a price is no binary fraction. @throws {FormError} */
const amount = (text: string): string => (numberIn(text) === undefined ? '0' : text.trim());

/** `0.45 EUR a kWh, 0.35 EUR a session` */
function inWords({ currency, ...amounts }: PriceOf): string {
  const parts = (
    [
      ['perKwh', 'a kWh'],
      ['perMinute', 'a minute'],
      ['perSession', 'a session'],
    ] as const
  )
    .filter(([name]) => Number(amounts[name]) !== 0)
    .map(([name, per]) => `${amounts[name]} ${currency} ${per}`);
  return parts.length === 0 ? `Free, in ${currency}` : parts.join(', ');
}
