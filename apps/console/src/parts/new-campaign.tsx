import { Checkbox, Fieldset, Modal, NumberInput, Select, TextInput } from '@mantine/core';
import { useState } from 'react';
import { type Campaign, DAYS, type FirmwareImage, useImages } from '../api/campaigns.js';
import { count } from '../api/format.js';
import { useWrite } from '../api/lists.js';
import { usePlatform } from '../api/platform.js';
import { type Controller, Controllers, toControllers } from './controllers.js';
import { Form, FormError, instant, useFields } from './form.js';
import { SelectionFields, toSelection, usePreview, useSelection } from './selection.js';
import { toWaves, type Wave, Waves } from './waves.js';

interface Props {
  readonly opened: boolean;
  readonly onClose: () => void;
  readonly onMade: (campaign: Campaign) => void;
}

export function NewCampaign({ opened, onClose, onMade }: Props) {
  return (
    <Modal opened={opened} onClose={onClose} title="New firmware campaign" size="xl">
      <NewCampaignForm onMade={onMade} />
    </Modal>
  );
}

const labelOf = ({ vendor, model, version, fileName }: FirmwareImage): string =>
  `${vendor} ${model ?? '(any model)'} ${version}: ${fileName}`;

function NewCampaignForm({ onMade }: Pick<Props, 'onMade'>) {
  const { api } = usePlatform();
  const images = useImages();
  const preview = usePreview();
  const selection = useSelection(preview.reset);
  const [waves, setWaves] = useState<readonly Wave[]>([{ id: 1, size: 5, of: 'percent', pauseMinutes: 60 }]);
  const [controllers, setControllers] = useState<readonly Controller[]>([]);
  const [days, setDays] = useState<readonly number[]>([]);
  const { values, text, number, choice, check } = useFields(
    {
      name: '',
      imageId: '',
      rollBackImageId: '',
      rollsBack: false,
      from: '',
      until: '',
      timeZone: Intl.DateTimeFormat().resolvedOptions().timeZone,
      retrieveAt: '',
      installAt: '',
      expiresAt: '',
      stopAtFailedPercent: 10,
      stationsPerMinute: 0,
      attemptsMax: 1,
    },
    () => {
      preview.reset();
      make.reset();
    },
  );
  const all = images.data?.data ?? [];
  const image = all.find(({ imageId }) => imageId === values.imageId);
  const make = useWrite(
    ['campaigns'],
    () => {
      const { rollBackImageId, rollsBack, from, until, timeZone, retrieveAt, installAt, expiresAt, ...plain } = values;
      if ((from === '') !== (until === '')) throw new FormError('A window has both a beginning and an end.');
      return api.post<Campaign>('/v1/firmware-campaigns', {
        ...plain,
        selection: toSelection(selection.given),
        waves: toWaves(waves),
        localControllers: toControllers(controllers),
        ...(from === '' ? {} : { windows: [{ from, until, days }], timeZone }),
        retrieveAt: instant(retrieveAt),
        installAt: instant(installAt),
        expiresAt: instant(expiresAt),
        ...(rollBackImageId === '' ? {} : { rollBackImageId, rollBack: rollsBack ? 'Automatic' : 'Manual' }),
      });
    },
    onMade,
  );
  const options = all.map((each) => ({ value: each.imageId, label: labelOf(each) }));
  const counted = preview.data?.stationCount;
  const look = (): void => {
    if (image === undefined) return;
    const { vendor, model } = image;
    preview.mutate({ ...selection.given, vendor, ...(model === null ? {} : { model }) });
  };
  return (
    <Form
      submit={counted === undefined ? 'Count the stations' : `Update ${count(counted)} stations`}
      pending={preview.isPending || make.isPending}
      disabled={image === undefined || counted === 0}
      error={images.error ?? preview.error ?? make.error}
      onSubmit={() => (counted === undefined ? look() : make.mutate())}
    >
      <TextInput label="Name" maxLength={255} {...text('name')} />
      <Select
        label="Image"
        description={all.length === 0 ? 'None yet: bring one first' : undefined}
        data={options}
        {...choice('imageId')}
      />
      <p className="muted hint">Only stations of the vendor and model of the image are meant.</p>
      <SelectionFields selection={selection} only={['siteId', 'tags', 'stationIds', 'firmwareVersion']} />
      <Waves
        waves={waves}
        onChange={(changed) => {
          make.reset();
          setWaves(changed);
        }}
      />
      <Controllers
        controllers={controllers}
        onChange={(changed) => {
          make.reset();
          setControllers(changed);
        }}
      />
      <Fieldset legend="When: empty is at any time, at once" className="fields two">
        <TextInput type="time" label="Window from" {...text('from')} />
        <TextInput type="time" label="Window until; may be past midnight" {...text('until')} />
        <div className="toolbar" role="group" aria-label="Days on which it begins; none: every day">
          {DAYS.map((day, index) => (
            <Checkbox
              key={day}
              label={day}
              checked={days.includes(index + 1)}
              onChange={({ currentTarget: { checked } }) =>
                setDays(checked ? [...days, index + 1].toSorted() : days.filter((each) => each !== index + 1))
              }
            />
          ))}
        </div>
        <TextInput label="Time zone of stations whose site has none" maxLength={64} {...text('timeZone')} />
        <TextInput type="datetime-local" label="Fetch it from" {...text('retrieveAt')} />
        <TextInput type="datetime-local" label="Install it from" {...text('installAt')} />
        <TextInput type="datetime-local" label="Until (empty: 7 days)" {...text('expiresAt')} />
        <NumberInput label="Stations a minute; 0: no pace" {...number('stationsPerMinute')} />
      </Fieldset>
      <Fieldset legend="When it fails" className="fields two">
        <NumberInput label="Stop when so many % have failed; 0: never" {...number('stopAtFailedPercent')} max={100} />
        <NumberInput label="Tries a station" {...number('attemptsMax')} min={1} max={10} />
        <Select label="Image of the way back" data={[{ value: '', label: 'None' }, ...options]} {...choice('rollBackImageId')} />
        {values.rollBackImageId !== '' && <Checkbox label="Once it stops, bring back by itself what it updated" {...check('rollsBack')} />}
      </Fieldset>
      <p role="status">{preview.sentence}</p>
    </Form>
  );
}
