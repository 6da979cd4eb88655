import { TextInput } from '@mantine/core';
import { useWrite } from '../api/lists.js';
import { usePlatform } from '../api/platform.js';
import { Form, jsonIn, useFields } from './form.js';

type Question = Readonly<Record<'messageId' | 'data' | 'stationId', string>>;

interface Tried {
  readonly status: string;
  readonly data: unknown;
  readonly answeredBy: keyof typeof BY;
}

const BY = {
  Registration: 'as it is said above',
  Handler: 'by the webhook',
  RegistrationInstead: 'as it is said above, since the webhook gave no answer',
} as const;

/** Asks what a station would be answered, by what is saved. @param path of the vendor in the API */
export function TryVendor({ path }: { path: string }) {
  const { api } = usePlatform();
  const ask = useWrite<Question, Tried>([], async ({ data, ...plain }) =>
    api.post(`${path}/try`, { ...plain, ...(data.trim() === '' ? {} : { data: jsonIn(data, 'The data') }) }),
  );
  const { values, text } = useFields<Question>({ messageId: '', data: '', stationId: '' }, ask.reset);
  return (
    <section className="fields" aria-labelledby="try-vendor-title">
      <h3 id="try-vendor-title">Try it</h3>
      <Form submit="Try what is saved" pending={ask.isPending} error={ask.error} onSubmit={() => ask.mutate(values)}>
        <div className="fields two">
          <TextInput label="Message tried; empty: without an id" maxLength={50} {...text('messageId')} />
          <TextInput label="Station that the webhook is told" maxLength={255} {...text('stationId')} />
          <TextInput label="Data sent, JSON; empty: none" {...text('data')} />
        </div>
      </Form>
      {ask.data !== undefined && (
        <p role="status">
          {ask.data.status}
          {ask.data.data === null ? '' : ` ${JSON.stringify(ask.data.data)}`}, {BY[ask.data.answeredBy]}
        </p>
      )}
    </section>
  );
}
