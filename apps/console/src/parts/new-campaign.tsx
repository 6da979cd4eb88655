import { Button, Modal, NumberInput, Select, TextInput } from '@mantine/core';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { type Campaign, type FirmwareImage, useImages } from '../api/campaigns.js';
import { wordsOf } from '../api/client.js';
import { count } from '../api/format.js';
import { usePlatform } from '../api/platform.js';

interface Props {
  readonly opened: boolean;
  readonly onClose: () => void;
  readonly onMade: (campaign: Campaign) => void;
}
interface Preview {
  readonly stationCount: number;
  readonly connectedCount: number;
}

export function NewCampaign({ opened, onClose, onMade }: Props) {
  return (
    <Modal opened={opened} onClose={onClose} title="New firmware campaign" size="lg">
      <Form onMade={onMade} />
    </Modal>
  );
}

const labelOf = ({ vendor, model, version, fileName }: FirmwareImage): string =>
  `${vendor} ${model ?? '(any model)'} ${version}: ${fileName}`;

/** The usual choices; windows, dates and the rest go by the API and the command line. */
function Form({ onMade }: Pick<Props, 'onMade'>) {
  const { api } = usePlatform();
  const queries = useQueryClient();
  const images = useImages();
  const [name, setName] = useState('');
  const [imageId, setImageId] = useState<string | null>(null);
  const [siteId, setSiteId] = useState('');
  const [first, setFirst] = useState<number>(5);
  const [pause, setPause] = useState<number>(60);
  const [stopAt, setStopAt] = useState<number>(10);
  const [perMinute, setPerMinute] = useState<number>(0);
  const [rollBackImageId, setRollBackImageId] = useState<string | null>(null);
  const all = images.data?.data ?? [];
  const image = all.find((each) => each.imageId === imageId);
  const site = siteId === '' ? {} : { siteId };
  const preview = useMutation({
    mutationFn: ({ vendor, model }: FirmwareImage) =>
      api.post<Preview>('/v1/station-selections', { selection: { vendor, ...(model === null ? {} : { model }), ...site } }),
  });
  const make = useMutation({
    mutationFn: () =>
      api.post<Campaign>('/v1/firmware-campaigns', {
        name,
        imageId,
        selection: siteId === '' ? { all: true } : site,
        waves: first === 0 || first === 100 ? [] : [{ percent: first, pauseMinutes: pause }, {}],
        stopAtFailedPercent: stopAt,
        stationsPerMinute: perMinute,
        ...(rollBackImageId === null ? {} : { rollBackImageId }),
      }),
    onSuccess: async (campaign) => {
      await queries.invalidateQueries({ queryKey: ['campaigns'] });
      onMade(campaign);
    },
  });
  const options = all.map((each) => ({ value: each.imageId, label: labelOf(each) }));
  const problem = [images.error, preview.error, make.error].find((error) => error !== null);
  return (
    <form
      style={{ display: 'grid', gap: 14 }}
      onSubmit={(event) => {
        event.preventDefault();
        if (preview.data !== undefined) make.mutate();
        else if (image !== undefined) preview.mutate(image);
      }}
    >
      <TextInput label="Name" value={name} onChange={(event) => setName(event.currentTarget.value)} />
      <Select
        label="Image"
        description={all.length === 0 ? 'None yet: voltlog firmware add, or POST /v1/firmware-images' : undefined}
        data={options}
        value={imageId}
        onChange={(value) => {
          preview.reset();
          setImageId(value);
        }}
      />
      <p className="muted">For all stations in service of the vendor and model of the image, or only those of a site.</p>
      <TextInput
        label="Site"
        value={siteId}
        onChange={(event) => {
          preview.reset();
          setSiteId(event.currentTarget.value);
        }}
      />
      <NumberInput
        label="First wave, percent; 0: all at once"
        min={0}
        max={100}
        value={first}
        onChange={(value) => setFirst(Number(value) || 0)}
      />
      <NumberInput label="Pause behind it, minutes" min={0} value={pause} onChange={(value) => setPause(Number(value) || 0)} />
      <NumberInput
        label="Stop when so many percent have failed; 0: never"
        min={0}
        max={100}
        value={stopAt}
        onChange={(value) => setStopAt(Number(value) || 0)}
      />
      <NumberInput label="Stations a minute; 0: no pace" min={0} value={perMinute} onChange={(value) => setPerMinute(Number(value) || 0)} />
      <Select label="Image of the way back" clearable data={options} value={rollBackImageId} onChange={setRollBackImageId} />
      <p role="status">
        {preview.data !== undefined &&
          `${count(preview.data.stationCount)} stations, ${count(preview.data.connectedCount)} of them connected.`}
      </p>
      {problem !== undefined && problem !== null && <p role="alert">{wordsOf(problem)}</p>}
      <Button
        type="submit"
        loading={preview.isPending || make.isPending}
        disabled={image === undefined || preview.data?.stationCount === 0}
      >
        {preview.data === undefined ? 'Count the stations' : `Update ${count(preview.data.stationCount)} stations`}
      </Button>
    </form>
  );
}
