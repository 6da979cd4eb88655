import { Fieldset, TextInput } from '@mantine/core';
import { useMutation } from '@tanstack/react-query';
import { count } from '../api/format.js';
import { usePlatform } from '../api/platform.js';
import { useFields } from './form.js';

const FIELDS = {
  stationIds: 'Stations, with spaces between',
  siteId: 'Site',
  tags: 'Tags, all of them',
  vendor: 'Vendor',
  model: 'Model',
  firmwareVersion: 'Firmware',
} as const;
type Field = keyof typeof FIELDS;
const LISTS: readonly string[] = ['stationIds', 'tags'];

type Selection = Readonly<Record<string, unknown>>;

/** Which stations are meant. @param onChange what was counted before no longer holds */
export function useSelection(onChange: () => void, initial: Partial<Record<Field, string>> = {}) {
  const { text, values } = useFields<Record<Field, string>>(
    { stationIds: '', siteId: '', tags: '', vendor: '', model: '', firmwareVersion: '', ...initial },
    onChange,
  );
  const given: Selection = Object.fromEntries(
    Object.entries(values)
      .filter(([, typed]) => typed.trim() !== '')
      .map(([name, typed]) => [name, LISTS.includes(name) ? typed.trim().split(/[\s,]+/) : typed.trim()]),
  );
  return { text, given };
}

/** As the API takes it: without any condition all stations are meant. */
export const toSelection = (given: Selection): Selection => (Object.keys(given).length === 0 ? { all: true } : given);

interface Props {
  readonly selection: ReturnType<typeof useSelection>;
  /** Undefined: all. */
  readonly only?: readonly Field[];
}

export const SelectionFields = ({ selection, only = Object.keys(FIELDS) as Field[] }: Props) => (
  <Fieldset legend="All stations in service that meet what is filled in here; nothing: all" className="fields two">
    {only.map((name) => (
      <TextInput key={name} label={FIELDS[name]} {...selection.text(name)} />
    ))}
  </Fieldset>
);

interface Preview {
  readonly stationCount: number;
  readonly connectedCount: number;
}

/** How many stations a selection means now. */
export function usePreview() {
  const { api } = usePlatform();
  const preview = useMutation({
    mutationFn: (given: Selection) => api.post<Preview>('/v1/station-selections', { selection: toSelection(given) }),
  });
  const { data } = preview;
  const sentence = data === undefined ? '' : `${count(data.stationCount)} stations, ${count(data.connectedCount)} of them connected.`;
  return { ...preview, sentence };
}
