import type { QuirkId } from '@voltlog/connection-contract';
import { utcTime } from '@voltlog/ocpp-rpc';
import { drop, pass, put, type Tolerance, type Violated } from './tolerance.js';

/** What a text of a station may have at most, however tolerant one is. */
const TEXT_CHARS_MAX = 255;
/** OCPP 2.0.1 Part 2: IdTokenType.idToken */
const ID_TOKEN_CHARS_MAX = 36;
const DECIMAL = /^[+-]?\d{1,15}(?:\.\d{1,9})?$/;

const nameOf = ({ path }: Violated): string => path.at(-1) ?? '';
const isToken = (violated: Violated): boolean => /idTag|idToken/i.test(violated.path.join('/'));
const isTime = (name: string): boolean => /timestamp|time$/i.test(name);

/** Fields that are there to be read by people, or that name the station. */
const LONG_TEXTS =
  /^(?:chargePointVendor|chargePointModel|chargePointSerialNumber|chargeBoxSerialNumber|meterSerialNumber|meterType|firmwareVersion|iccid|imsi|info|vendorErrorCode|vendorId|vendorName|model|serialNumber|techInfo)$/;

const longTexts: Tolerance = (violated) =>
  violated.keyword === 'maxLength' && LONG_TEXTS.test(nameOf(violated)) && isTextUpTo(violated.value, TEXT_CHARS_MAX)
    ? pass(violated.path, 'x')
    : undefined;

const longIdToken: Tolerance = (violated) =>
  violated.keyword === 'maxLength' && nameOf(violated) === 'idTag' && isTextUpTo(violated.value, ID_TOKEN_CHARS_MAX)
    ? pass(violated.path, 'x')
    : undefined;

const wordCase: Tolerance = ({ keyword, params, value, path }) => {
  if (keyword !== 'enum' || typeof value !== 'string') return undefined;
  const letters = bare(value);
  const found = wordsOf(params).filter((word) => bare(word) === letters);
  return found.length === 1 ? put(path, found[0]) : undefined;
};

const unknownErrorCode: Tolerance = (violated) => {
  const { action, keyword, value, path, parent } = violated;
  if (action !== 'StatusNotification' || keyword !== 'enum' || nameOf(violated) !== 'errorCode') return undefined;
  const told = typeof parent === 'object' && parent !== null && 'vendorErrorCode' in parent;
  const kept = told || typeof value !== 'string' ? [] : put(['vendorErrorCode'], value.slice(0, 50));
  return [...put(path, 'OtherError'), ...kept];
};

const unknownStopReason: Tolerance = (violated) =>
  violated.keyword === 'enum' && /^(?:reason|stoppedReason)$/.test(nameOf(violated)) && STOPS.has(violated.action)
    ? put(violated.path, 'Other')
    : undefined;
const STOPS = new Set(['StopTransaction', 'TransactionEvent']);

/** Without these two a sample still says what it measures. */
const LESSER_SAMPLE_WORDS = new Set(['context', 'location']);

const unknownSampleWords: Tolerance = (violated) => {
  const { keyword, path, version } = violated;
  const list = path.lastIndexOf('sampledValue');
  if (keyword !== 'enum' || list < 0) return undefined;
  if (LESSER_SAMPLE_WORDS.has(nameOf(violated))) return drop(path);
  const listPath = path.slice(0, list + 1);
  const samplePath = path.slice(0, list + 2);
  return [...drop(samplePath), { do: 'pass', path: listPath, standIn: [{ value: version === 'ocpp1.6' ? '0' : 0 }] }];
};

const noSamples: Tolerance = (violated) =>
  violated.keyword === 'minItems' && nameOf(violated) === 'sampledValue' && Array.isArray(violated.value)
    ? pass(violated.path, [{ value: violated.version === 'ocpp1.6' ? '0' : 0 }])
    : undefined;

const numbersAsTexts: Tolerance = ({ keyword, params, value, path }) => {
  const type = params['type'];
  if (keyword !== 'type' || (type !== 'integer' && type !== 'number') || typeof value !== 'string') return undefined;
  const text = value.trim();
  return DECIMAL.test(text) ? put(path, Number(text)) : undefined;
};

const textsAsNumbers: Tolerance = (violated) =>
  violated.keyword === 'type' && violated.params['type'] === 'string' && typeof violated.value === 'number' && !isToken(violated)
    ? put(violated.path, String(violated.value))
    : undefined;

const extraFields: Tolerance = ({ keyword, path }) => (keyword === 'additionalProperties' ? drop(path) : undefined);

const nullFields: Tolerance = ({ value, path }) => (value === null && path.length > 0 ? drop(path) : undefined);

const listNotWrapped: Tolerance = ({ keyword, params, value, path }) =>
  keyword === 'type' && params['type'] === 'array' && typeof value === 'object' && value !== null ? put(path, [value]) : undefined;

const timeForm: Tolerance = ({ keyword, params, value, path }) => {
  if (keyword !== 'format' || params['format'] !== 'date-time' || typeof value !== 'string') return undefined;
  const [, date, time, zone = ''] =
    /^(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d:\d\d(?:\.\d{1,9})?) ?(Z|[+-]\d\d(?::?\d\d)?)?$/i.exec(value.trim()) ?? [];
  if (date === undefined || time === undefined) return undefined;
  const [, hours, minutes = '00'] = /^([+-]\d\d):?(\d\d)?$/.exec(zone) ?? [];
  const told = utcTime(`${date}T${time}${hours === undefined ? 'Z' : `${hours}:${minutes}`}`);
  return told === undefined ? undefined : put(path, told);
};

const noTime: Tolerance = (violated) => {
  const { keyword, value, path, receivedAt } = violated;
  if (!isTime(nameOf(violated)) || (value !== undefined && value !== '' && value !== null)) return undefined;
  return keyword === 'required' || keyword === 'format' || keyword === 'type' ? put(path, receivedAt) : undefined;
};

const noTransactionId: Tolerance = (violated) =>
  violated.action === 'StopTransaction' && nameOf(violated) === 'transactionId' && (violated.value === undefined || violated.value === null)
    ? put(violated.path, -1)
    : undefined;

const noConnectorId: Tolerance = (violated) =>
  violated.action === 'StatusNotification' && violated.keyword === 'required' && /^(?:connectorId|evseId)$/.test(nameOf(violated))
    ? put(violated.path, 0)
    : undefined;

/** How each deviation that breaks a schema is mended. */
export const VIOLATIONS: Readonly<Partial<Record<QuirkId, Tolerance>>> = {
  'long-texts': longTexts,
  'long-id-token': longIdToken,
  'word-case': wordCase,
  'unknown-error-code': unknownErrorCode,
  'unknown-stop-reason': unknownStopReason,
  'unknown-sample-words': unknownSampleWords,
  'no-samples': noSamples,
  'numbers-as-texts': numbersAsTexts,
  'texts-as-numbers': textsAsNumbers,
  'extra-fields': extraFields,
  'null-fields': nullFields,
  'list-not-wrapped': listNotWrapped,
  'time-form': timeForm,
  'no-time': noTime,
  'no-transaction-id': noTransactionId,
  'no-connector-id': noConnectorId,
};

const isTextUpTo = (value: unknown, max: number): boolean => typeof value === 'string' && value.length <= max;
const bare = (word: string): string => word.replace(/[\s_-]/g, '').toLowerCase();

function wordsOf(params: Violated['params']): readonly string[] {
  const words = params['allowedValues'];
  return Array.isArray(words) ? words.filter((word) => typeof word === 'string') : [];
}
