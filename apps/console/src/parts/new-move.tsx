import { Checkbox, Fieldset, Modal, NumberInput, Select, Textarea, TextInput } from '@mantine/core';
import { useMutation } from '@tanstack/react-query';
import { useState } from 'react';
import { count } from '../api/format.js';
import { useWrite } from '../api/lists.js';
import type { Move, PreviewedStation } from '../api/moves.js';
import { usePlatform } from '../api/platform.js';
import { Form, FormError, useFields } from './form.js';
import { SelectionFields, toSelection, useSelection } from './selection.js';
import { Table } from './table.js';
import { toWaves, type Wave, Waves } from './waves.js';

/** Rows of a plan that are shown; a page with thousands is slow. */
const SHOWN_MAX = 200;

interface Props {
  readonly opened: boolean;
  readonly onClose: () => void;
  readonly onMade: (move: Move) => void;
}

export function NewMove({ opened, onClose, onMade }: Props) {
  return (
    <Modal opened={opened} onClose={onClose} title="New move" size="xl">
      <NewMoveForm onMade={onMade} />
    </Modal>
  );
}

/** The plan is looked at first, station by station; only then is it begun. */
function NewMoveForm({ onMade }: Pick<Props, 'onMade'>) {
  const { api } = usePlatform();
  const preview = useMutation({
    mutationFn: () => api.post<{ readonly data: readonly PreviewedStation[] }>('/v1/moves/preview', plan()),
  });
  const make = useWrite(['moves'], () => api.post<Move>('/v1/moves', plan()), onMade);
  const stale = (): void => {
    preview.reset();
    make.reset();
  };
  const { values, text, number, choice, check } = useFields(
    {
      name: '',
      direction: 'Out',
      csmsUrl: '',
      securityProfile: '2',
      slot: 2,
      keys: '',
      healthUrl: '',
      atOnceMax: 10,
      healthMinutes: 10,
      confirm: true,
      stopAtFailedPercent: 20,
      stopAtFailedMin: 2,
    },
    stale,
  );
  const selection = useSelection(stale);
  const [waves, setWaves] = useState<readonly Wave[]>([{ id: 1, size: 2, of: 'stations', pauseMinutes: 60 }]);
  const out = values.direction === 'Out';
  function plan() {
    const { name, direction, csmsUrl, securityProfile, slot, keys, healthUrl, confirm, ...bounds } = values;
    const target = {
      csmsUrl: csmsUrl.trim(),
      securityProfile: Number(securityProfile),
      slot,
      keys: keysOf(keys),
      healthUrl: healthUrl.trim(),
    };
    return {
      name,
      direction,
      selection: toSelection(selection.given),
      ...(out ? { target, confirm } : {}),
      waves: toWaves(waves),
      ...bounds,
    };
  }
  const stations = preview.data?.data;
  const able = stations?.filter(({ problem }) => problem === null) ?? [];
  // What somebody has to see to comes first.
  const shown = [...(stations?.filter(({ problem }) => problem !== null) ?? []), ...able].slice(0, SHOWN_MAX);
  return (
    <Form
      submit={stations === undefined ? 'Look at what it would do' : `Move ${count(stations.length)} stations`}
      pending={preview.isPending || make.isPending}
      disabled={stations?.length === 0}
      error={preview.error ?? make.error}
      onSubmit={() => (stations === undefined ? preview.mutate() : make.mutate())}
    >
      <TextInput label="Name" maxLength={100} {...text('name')} />
      <Select
        label="Where"
        data={[
          { value: 'Out', label: 'To another provider' },
          { value: 'In', label: 'To here: they are sent from elsewhere, and waited for' },
        ]}
        {...choice('direction')}
      />
      {out && (
        <Fieldset legend="The other provider" className="fields two">
          <TextInput
            label="Address for stations, without the station's id"
            placeholder="wss://new-provider.example/ocpp"
            required
            {...text('csmsUrl')}
          />
          <Select label="Security profile" data={['0', '1', '2', '3']} {...choice('securityProfile')} />
          <NumberInput label="Slot of OCPP 2.x that is free" {...number('slot')} min={1} max={100} />
          <Textarea
            label="Keys of OCPP 1.6 stations, a line each"
            description="[Vendor] before the keys of one vendor. Of a vendor that is not named: those that are known of it."
            placeholder={'[ACME]\nCentralSystemURL = wss://new-provider.example/ocpp'}
            autosize
            minRows={2}
            {...text('keys')}
          />
          <TextInput
            label="Where to ask whether a station has arrived"
            description="By GET, with its id for {stationId}; empty: nobody is asked."
            placeholder="https://new-provider.example/arrived/{stationId}"
            maxLength={500}
            {...text('healthUrl')}
          />
        </Fieldset>
      )}
      <SelectionFields selection={selection} />
      <Waves
        waves={waves}
        onChange={(changed) => {
          stale();
          setWaves(changed);
        }}
      />
      <Fieldset legend="When a station is well, and when to stop" className="fields two">
        <NumberInput
          label={out ? 'Minutes it is to be away' : 'Minutes within which it is to be here'}
          {...number('healthMinutes')}
          min={1}
        />
        <NumberInput label="Stations under way at once" {...number('atOnceMax')} min={1} max={200} />
        <NumberInput label="Stop when so many % fail; 0: never" {...number('stopAtFailedPercent')} max={100} />
        <NumberInput label="And so many stations at least" {...number('stopAtFailedMin')} />
        {out && <Checkbox label="Somebody is to confirm each station within those minutes; else it has failed" {...check('confirm')} />}
      </Fieldset>
      {out && (
        <p className="muted hint">
          What each station is set to now is read and kept first. One that comes back is set to it again, for 30 days. Passwords do not
          move: set new ones before.
        </p>
      )}
      {stations !== undefined && (
        <>
          <p role="status">
            {count(stations.length)} stations; {count(able.length)} can be moved as it stands.
          </p>
          <Table
            name="What it would do"
            columns={['Station', 'Wave', 'Speaks', 'Now', 'Problem']}
            query={{ ...preview, refetch: () => undefined }}
            empty={{ title: 'No station is meant', words: 'None in service meets what is filled in.' }}
          >
            {shown.map(({ stationId, wave, ocppVersion, connected, problem }) => (
              <tr key={stationId}>
                <td>{stationId}</td>
                <td>{wave}</td>
                <td>{ocppVersion ?? 'not known'}</td>
                <td>{connected ? 'Connected' : 'Offline'}</td>
                <td className="breakable">{problem ?? ''}</td>
              </tr>
            ))}
          </Table>
          {stations.length > shown.length && <p className="muted hint">And {count(stations.length - shown.length)} more.</p>}
        </>
      )}
    </Form>
  );
}

/** `[Vendor]`, then `Key = value` lines; those before the first vendor are for any. */
function keysOf(text: string): readonly object[] {
  const groups: { vendor: string; keys: { key: string; value: string }[] }[] = [];
  for (const line of text.split('\n').map((each) => each.trim())) {
    if (line === '') continue;
    const vendor = /^\[(.*)\]$/.exec(line)?.[1];
    if (vendor !== undefined) {
      groups.push({ vendor: vendor.trim(), keys: [] });
      continue;
    }
    const [, key, value] = /^([^=]+?)\s*=\s*(.*)$/.exec(line) ?? [];
    if (key === undefined || value === undefined) throw new FormError(`“${line}” is no key: write Key = value, or [Vendor].`);
    if (groups.length === 0) groups.push({ vendor: '', keys: [] });
    groups.at(-1)?.keys.push({ key, value });
  }
  return groups.filter(({ keys }) => keys.length > 0);
}
