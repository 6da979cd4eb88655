import { Modal, NumberInput, Select, TextInput } from '@mantine/core';
import { useDebouncedValue } from '@mantine/hooks';
import { IconCalendarTime } from '@tabler/icons-react';
import { useState } from 'react';
import { moment, words } from '../api/format.js';
import { useList, useWrite } from '../api/lists.js';
import { usePlatform } from '../api/platform.js';
import { Form, instant, Problem, useFields } from './form.js';
import { RowButton } from './row-button.js';
import { ListPage, Table } from './table.js';
import { useNow } from './use-now.js';

interface Reservation {
  readonly reservationId: string;
  readonly state: 'Active' | 'Used' | 'Cancelled' | 'Expired';
  readonly stationId: string;
  readonly evseId: number;
  readonly idToken: string | null;
  readonly groupId: string | null;
  readonly startsAt: string | null;
  readonly expiresAt: string | null;
  readonly stationHold: string;
  readonly endReason: string | null;
}

const STATES = ['Active', 'Used', 'Cancelled', 'Expired'];
const TONES = { Active: 'reserved', Used: 'charging', Cancelled: 'off', Expired: 'waiting' } as const;
const TYPING_MS = 300;

/** EVSEs that are held for somebody. */
export function ReservationsPage() {
  const { api, me } = usePlatform();
  const now = useNow(10_000);
  const [making, setMaking] = useState(false);
  const mayAct = me.role !== 'viewer';
  const { values, text, choice } = useFields({ stationId: '', siteId: '', idToken: '', groupId: '', state: 'Active' });
  const [typed] = useDebouncedValue(values, TYPING_MS);
  const query = new URLSearchParams(Object.entries(typed).filter(([, value]) => value.trim() !== ''));
  const reservations = useList<Reservation>('reservations', `/v1/reservations?limit=50&${query}`);
  const cancel = useWrite(['reservations'], ({ reservationId }: Reservation) =>
    api.post(`/v1/reservations/${encodeURIComponent(reservationId)}/cancel`, { reason: 'ByOperator' }),
  );
  return (
    <ListPage title="Reservations" add={mayAct ? { label: 'New reservation', onAdd: () => setMaking(true) } : undefined}>
      <search className="toolbar" style={{ alignItems: 'end' }}>
        <TextInput label="Station" {...text('stationId')} />
        <TextInput label="Site" {...text('siteId')} />
        <TextInput label="Token" {...text('idToken')} />
        <TextInput label="Group" {...text('groupId')} />
        <Select label="State" data={[{ value: '', label: 'All' }, ...STATES]} {...choice('state')} />
      </search>
      <Problem error={cancel.error} />
      <Table
        name="Reservations"
        columns={['EVSE', 'For', 'State', 'From', 'Until', 'At the station', ...(mayAct ? ['Change'] : [])]}
        query={reservations}
        empty={{ icon: <IconCalendarTime size={32} aria-hidden />, title: 'No reservation', words: 'None is like what you look for.' }}
      >
        {reservations.rows.map((each) => (
          <tr key={each.reservationId}>
            <td>
              <b>{each.stationId}</b> <span className="muted">· {each.evseId}</span>
            </td>
            <td>{reserverOf(each)}</td>
            <td>
              <span className="status" data-tone={TONES[each.state]}>
                {each.state}
              </span>
              {each.endReason !== null && each.endReason !== each.state && <p className="muted">{words(each.endReason)}</p>}
            </td>
            <td>{each.startsAt === null ? '' : moment(each.startsAt, now)}</td>
            <td>{each.expiresAt === null ? '' : moment(each.expiresAt, now)}</td>
            <td>{words(each.stationHold)}</td>
            {mayAct && (
              <td>
                {each.state === 'Active' && (
                  <RowButton
                    words="Cancel"
                    about={`the reservation of ${each.stationId} for ${reserverOf(each)}`}
                    asks
                    onClick={() => cancel.mutate(each)}
                  />
                )}
              </td>
            )}
          </tr>
        ))}
      </Table>
      <Modal opened={making} onClose={() => setMaking(false)} title="New reservation" size="lg">
        {making && <NewReservation onDone={() => setMaking(false)} />}
      </Modal>
    </ListPage>
  );
}

/** In words. */
function reserverOf({ idToken, groupId }: Reservation): string {
  if (groupId === null) return idToken ?? '';
  return idToken === null ? `group ${groupId}` : `${idToken}, group ${groupId}`;
}

function NewReservation({ onDone }: { onDone: () => void }) {
  const { api } = usePlatform();
  const { values, text, number } = useFields({
    stationId: '',
    siteId: '',
    evseId: 0,
    idToken: '',
    groupId: '',
    startsAt: '',
    expiresAt: '',
  });
  const make = useWrite(
    ['reservations', 'stations'],
    () => {
      const { startsAt, expiresAt, idToken, ...plain } = values;
      const token = idToken.trim() === '' ? {} : { idToken };
      return api.post('/v1/reservations', { ...plain, ...token, startsAt: instant(startsAt), expiresAt: instant(expiresAt) });
    },
    onDone,
  );
  return (
    <Form
      submit="Hold it"
      pending={make.isPending}
      disabled={
        (values.idToken.trim() === '' && values.groupId.trim() === '') || (values.stationId.trim() === '' && values.siteId.trim() === '')
      }
      error={make.error}
      onSubmit={() => make.mutate()}
    >
      <div className="fields two">
        <TextInput label="Station" maxLength={48} data-autofocus {...text('stationId')} />
        <TextInput label="Or any station of the site" maxLength={64} {...text('siteId')} />
        <NumberInput label="EVSE; 0: any" {...number('evseId')} max={1_000} />
        <TextInput label="For the token" maxLength={255} {...text('idToken')} />
        <TextInput label="And, or, for every token of the group" maxLength={255} {...text('groupId')} />
        <span />
        <TextInput type="datetime-local" label="From (empty: now)" {...text('startsAt')} />
        <TextInput type="datetime-local" label="Until (empty: as the site allows)" {...text('expiresAt')} />
      </div>
    </Form>
  );
}
