const number = (digits: number) => new Intl.NumberFormat('en', { minimumFractionDigits: digits, maximumFractionDigits: digits });
const [whole, one, two] = [number(0), number(1), number(2)];

export interface Quantity {
  readonly value: string;
  readonly unit: string;
}

/** `11 000` -> `11.0 kW`; megawatts from a thousand kilowatts on. */
export function power(watts: number): Quantity {
  if (Math.abs(watts) >= 999_950) return { value: two.format(watts / 1e6), unit: 'MW' };
  return { value: one.format(watts / 1000), unit: 'kW' };
}

export function energy(wattHours: number): Quantity {
  if (Math.abs(wattHours) >= 999_950) return { value: two.format(wattHours / 1e6), unit: 'MWh' };
  return { value: (Math.abs(wattHours) >= 99_950 ? one : two).format(wattHours / 1000), unit: 'kWh' };
}

/** `1 536 000` -> `1.5 MB` */
export function bytes(n: number): string {
  const step = [1e9, 1e6, 1e3].find((size) => n >= size);
  return step === undefined ? `${whole.format(n)}\u00a0B` : `${one.format(n / step)}\u00a0${{ 1e9: 'GB', 1e6: 'MB', 1e3: 'kB' }[step]}`;
}

export const count = (n: number): string => whole.format(n);
export const percent = (n: number): string => `${whole.format(n)}\u00a0%`;
export const text = ({ value, unit }: Quantity): string => `${value}\u00a0${unit}`;

/** `3 725 000` -> `1 h 02 min` */
export function duration(ms: number): string {
  const minutes = Math.max(0, Math.floor(ms / 60_000));
  if (minutes < 1) return `${Math.max(0, Math.floor(ms / 1000))} s`;
  if (minutes < 60) return `${minutes} min`;
  const hours = Math.floor(minutes / 60);
  return hours < 48 ? `${hours} h ${String(minutes % 60).padStart(2, '0')} min` : `${Math.floor(hours / 24)} d ${hours % 24} h`;
}

const clock = new Intl.DateTimeFormat('en-GB', { hour: '2-digit', minute: '2-digit', second: '2-digit' });
const clockShort = new Intl.DateTimeFormat('en-GB', { hour: '2-digit', minute: '2-digit' });
const day = new Intl.DateTimeFormat('en-GB', { day: 'numeric', month: 'short' });

export const timeOfDay = (iso: string): string => clock.format(new Date(iso));

/** Time of day for today, day and time for all else. */
export function moment(iso: string, now: number): string {
  const date = new Date(iso);
  return date.toDateString() === new Date(now).toDateString() ? clockShort.format(date) : `${day.format(date)}, ${clockShort.format(date)}`;
}

const VERSIONS: Readonly<Record<string, string>> = {
  'ocpp1.6': 'OCPP\u00a01.6',
  'ocpp2.0.1': 'OCPP\u00a02.0.1',
  'ocpp2.1': 'OCPP\u00a02.1',
};
/** @param version `ocpp1.6` or, with what carries it, `1.6S` */
export const ocpp = (version: string | null | undefined): string | undefined =>
  version ? (VERSIONS[version] ?? `OCPP\u00a0${version}`) : undefined;

/** `EVDisconnected` -> `EV disconnected` */
export const words = (camel: string): string => {
  const spaced = camel.replaceAll(/([a-z\d])([A-Z])/g, '$1 $2').replaceAll(/([A-Z]+)([A-Z][a-z])/g, '$1 $2');
  return spaced
    .split(' ')
    .map((word, index) => (index === 0 || word === word.toUpperCase() ? word : word.toLowerCase()))
    .join(' ');
};

/** `SuspendedEV` -> `suspended EV`, `EVConnected` -> `EV connected`: for the middle of a sentence. */
export const inSentence = (camel: string): string => {
  const said = words(camel);
  const first = said.split(' ', 1)[0] ?? '';
  return first.length > 1 && first === first.toUpperCase() ? said : said.charAt(0).toLowerCase() + said.slice(1);
};

const ID_MAX = 14;

/** Ids that people never type are cut; the whole is one click away. */
export const shortId = (id: string): string => (id.length > ID_MAX ? `${id.slice(0, 8)}…` : id);
