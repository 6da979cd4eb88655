import { Button, Fieldset, Select, TextInput } from '@mantine/core';
import { useState } from 'react';
import { useWrite } from '../api/lists.js';
import { usePlatform } from '../api/platform.js';
import { Code } from './empty.js';
import { bound, Form, jsonIn, Problem, useFields } from './form.js';
import { FormRows, type Row } from './form-rows.js';
import { RowButton } from './row-button.js';
import { TryVendor } from './try-vendor.js';

export interface Vendor {
  readonly vendorId: string;
  readonly messages: readonly {
    readonly messageId: string;
    readonly status: string;
    readonly data: unknown;
    readonly handlerUrl: string | null;
  }[];
  readonly otherwise: string;
  readonly handlerUrl: string | null;
  readonly updatedAt: string | null;
  readonly version: number;
}

export const ofVendor = (vendorId: string): string => `/v1/data-transfer-vendors/${encodeURIComponent(vendorId)}`;

const OTHERWISE = ['UnknownMessageId', 'Accepted', 'Rejected'];

interface Message extends Row {
  readonly messageId: string;
  readonly status: string;
  /** JSON as it is typed; empty: none. */
  readonly data: string;
  readonly handlerUrl: string;
}

interface VendorFormProps {
  /** Absent: a new one. */
  readonly vendor: Vendor | undefined;
  readonly onDone: () => void;
}

/** What DataTransfer messages of a vendor are answered. A secret that was made is shown this once. */
export function VendorForm({ vendor, onDone }: VendorFormProps) {
  const { api, me } = usePlatform();
  const { values, text, choice } = useFields({
    vendorId: vendor?.vendorId ?? '',
    otherwise: vendor?.otherwise ?? 'UnknownMessageId',
    handlerUrl: vendor?.handlerUrl ?? '',
  });
  const [messages, setMessages] = useState<readonly Message[]>(
    (vendor?.messages ?? []).map(({ data, handlerUrl, ...message }, id) => ({
      id,
      ...message,
      data: data === undefined || data === null ? '' : JSON.stringify(data),
      handlerUrl: handlerUrl ?? '',
    })),
  );
  const [version, setVersion] = useState(vendor?.version);
  const save = useWrite(
    ['vendors'],
    () => {
      const { vendorId, ...otherwise } = values;
      const body = { ...otherwise, messages: messages.map(toMessage) };
      return api.put<{ readonly secret: string | null }>(ofVendor(vendorId.trim()), body, version ?? 'new');
    },
    ({ secret }) => secret === null && onDone(),
  );
  const rotate = useWrite(
    ['vendors'],
    () => api.post<{ readonly secret: string; readonly version: number }>(`${ofVendor(values.vendorId)}/rotate-secret`, {}),
    // This is a change as well. Where there was another one meanwhile, a save is refused as before.
    (rotated) => setVersion((read) => (rotated.version === (read ?? 0) + 1 ? rotated.version : read)),
  );
  const secret = rotate.data?.secret ?? save.data?.secret ?? null;
  if (secret !== null)
    return (
      <div className="fields">
        <p>This is the only time the secret is shown. By it handlers know that it is Voltlog who asks.</p>
        <Code label="the secret">{secret}</Code>
        {/* What was changed in the form and not saved is still there. */}
        <Button onClick={rotate.data === undefined ? onDone : rotate.reset}>Done</Button>
      </div>
    );
  const isAsked = vendor !== undefined && (vendor.handlerUrl !== null || vendor.messages.some(({ handlerUrl }) => handlerUrl !== null));
  const mayAct = me.role !== 'viewer';
  return (
    <div className="fields">
      <Form
        submit={vendor === undefined ? 'Know this vendor' : 'Save'}
        pending={save.isPending}
        disabled={!mayAct || values.vendorId.trim() === ''}
        error={save.error}
        onSubmit={() => save.mutate()}
      >
        <TextInput
          label="Vendor, as its stations write it"
          required
          maxLength={255}
          readOnly={vendor !== undefined}
          {...text('vendorId')}
        />
        <Messages messages={messages} onChange={setMessages} />
        <Fieldset legend="All other messages of the vendor" className="fields two">
          <Select label="Answer" data={OTHERWISE} {...choice('otherwise')} />
          <TextInput label="Webhook asked first; empty: none" maxLength={2_000} {...text('handlerUrl')} />
        </Fieldset>
        <p className="muted hint">The answer given here counts when a webhook fails or takes too long.</p>
        {isAsked && mayAct && (
          <div className="toolbar">
            <RowButton words="Make a new secret" asks size="sm" loading={rotate.isPending} onClick={() => rotate.mutate()} />
            <Problem error={rotate.error} />
          </div>
        )}
      </Form>
      {vendor !== undefined && mayAct && <TryVendor path={ofVendor(vendor.vendorId)} />}
    </div>
  );
}

interface MessagesProps {
  readonly messages: readonly Message[];
  readonly onChange: (messages: readonly Message[]) => void;
}

const BLANK: Omit<Message, 'id'> = { messageId: '', status: 'Accepted', data: '', handlerUrl: '' };

const Messages = ({ messages, onChange }: MessagesProps) => (
  <FormRows rows={messages} onChange={onChange} noun="message" add="Add a message" blank={BLANK}>
    {(message, { number, change, remove }) => {
      const { text, choice } = bound(message, change);
      return (
        <Fieldset key={message.id} legend={`Message ${number}`} className="fields two">
          <TextInput label="Message id; empty: those without" maxLength={50} {...text('messageId')} />
          <Select label="Answer" data={['Accepted', 'Rejected']} {...choice('status')} />
          <TextInput label="Data of the answer, JSON; empty: none" {...text('data')} />
          <TextInput label="Webhook asked first; empty: none" maxLength={2_000} {...text('handlerUrl')} />
          {remove}
        </Fieldset>
      );
    }}
  </FormRows>
);

/** @throws {FormError} */
function toMessage({ messageId, status, data, handlerUrl }: Message): object {
  const common = { messageId: messageId.trim(), status, handlerUrl: handlerUrl.trim() };
  return data.trim() === '' ? common : { ...common, data: jsonIn(data, `The data of the answer to “${messageId}”`) };
}
