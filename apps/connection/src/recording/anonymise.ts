import type { Pseudonyms } from './pseudonyms.js';

/** Fields of any message that name people, stations or secrets. Sources: OCPP 1.6 §6 and Security Whitepaper, OCPP 2.1 Part 2 §2. */
const FIELDS = new Set(
  [
    // Tokens and customers
    'idTag',
    'parentIdTag',
    'idToken',
    'additionalIdToken',
    'hashIdTag',
    'emaid',
    'customerIdentifier',
    'vatNumber',
    'evccId',
    // Stations
    'chargePointSerialNumber',
    'chargeBoxSerialNumber',
    'meterSerialNumber',
    'serialNumber',
    'iccid',
    'imsi',
    'chargeBoxIdentity',
    // Keys and certificates
    'certificate',
    'certificateChain',
    'csr',
    'signingCertificate',
    'signature',
    'exiRequest',
    'exiResponse',
    'ocspResult',
    'issuerNameHash',
    'issuerKeyHash',
    'hashData',
    'signedMeterData',
    'publicKey',
    'password',
    'basicAuthPassword',
    'apn',
    'apnPassword',
    'apnUserName',
    'simPin',
    'user',
    'identity',
    'accessToken',
  ].map((name) => name.toLowerCase()),
);
/** Configuration keys and variables whose value is one of these. */
const NAMES =
  /serial|iccid|imsi|identity|identifier|macaddress|address|ssid|apn|user|password|authorizationkey|certificate|token|cponame|organization|url|uri|host|phone|email/i;
/** Stands for the action of a frame that names none: an answer does not say to what. */
const ANSWER = '';
/** What is free in these may hold anything. */
const FREE: Readonly<Record<string, readonly string[]>> = {
  [ANSWER]: ['data'],
  DataTransfer: ['data'],
  NotifyCustomerInformation: ['data'],
  GetCustomerInformation: ['data'],
};
/** Types of frames that name an action: CALL and SEND. Source: OCPP 2.1 Part 4. */
const CALLS: ReadonlySet<unknown> = new Set([2, 6]);
/** Addresses within any text. */
const ADDRESS =
  /\b[a-z][a-z0-9+.-]*:\/\/[^\s"'<>]+|\b(?:\d{1,3}\.){3}\d{1,3}\b|\b(?:[0-9a-f]{2}[:-]){5}[0-9a-f]{2}\b|\b[\w.+-]+@[\w-]+\.[\w.-]+/gi;
/** A station id this short could be a part of any word. */
const ID_LENGTH_MIN = 4;
export const STATION = 'STATION';

/** A frame as it may be kept for others to see. */
export class Anonymiser {
  constructor(
    private readonly pseudonyms: Pseudonyms,
    private readonly stationId: string,
  ) {}

  /** @returns undefined: it is not JSON, and nobody knows what is in it */
  frame(text: string): readonly unknown[] | undefined {
    let frame: unknown;
    try {
      frame = JSON.parse(text);
    } catch {
      return undefined;
    }
    if (!Array.isArray(frame)) return undefined;
    const action = CALLS.has(frame[0]) && typeof frame[2] === 'string' ? frame[2] : ANSWER;
    return frame.map((part: unknown, index) =>
      index < 3 && typeof part !== 'object' ? this.head(part, index) : this.value(part, '', action),
    );
  }

  /** Type, message id and action or error code; a message id may hold the station's id. */
  private head(part: unknown, index: number): unknown {
    return index === 1 && typeof part === 'string' ? this.text(part) : part;
  }

  private value(value: unknown, field: string, action: string): unknown {
    if (FREE[action]?.includes(field) === true) return this.allHidden(value);
    if (Array.isArray(value)) return value.map((each) => this.value(each, field, action));
    if (isObject(value)) return this.object(value, action);
    if (FIELDS.has(field.toLowerCase())) return this.allHidden(value);
    return typeof value === 'string' ? this.text(value) : value;
  }

  /** Only its shape is kept, and the names of fields. */
  private allHidden(value: unknown): unknown {
    if (typeof value === 'number') return this.pseudonyms.ofNumber(value);
    if (typeof value === 'string') return this.hidden(value);
    if (Array.isArray(value)) return value.map((each) => this.allHidden(each));
    return isObject(value) ? Object.fromEntries(Object.entries(value).map(([field, each]) => [field, this.allHidden(each)])) : value;
  }

  private object(value: Readonly<Record<string, unknown>>, action: string): Record<string, unknown> {
    const named = NAMES.test(nameIn(value));
    const signed = value['format'] === 'SignedData';
    const vpn = 'server' in value && 'key' in value;
    const entries = Object.entries(value).map(([field, each]) => {
      const secret =
        (named && (field === 'value' || field === 'attributeValue' || field === 'actualValue')) ||
        (signed && field === 'value') ||
        (vpn && (field === 'key' || field === 'server'));
      if (secret && typeof each === 'string') return [field, this.hidden(each)];
      // The values of a variable stand beside its name: OCPP 2.0.1 Part 2 ReportDataType.
      if (named && field === 'variableAttribute') return [field, this.attributes(each)];
      return [field, this.value(each, field, action)];
    });
    return Object.fromEntries(entries) as Record<string, unknown>;
  }

  private attributes(attributes: unknown): unknown {
    if (!Array.isArray(attributes)) return attributes;
    return attributes.map((each: unknown) =>
      isObject(each) && typeof each['value'] === 'string' ? { ...each, value: this.hidden(each['value']) } : each,
    );
  }

  private hidden(text: string): string {
    return text === this.stationId ? STATION : this.pseudonyms.of(text);
  }

  private text(text: string): string {
    const plain = text === this.stationId || this.stationId.length >= ID_LENGTH_MIN ? text.replaceAll(this.stationId, STATION) : text;
    return plain.replace(ADDRESS, (address) => this.address(address));
  }

  /** An address stays one, so that it passes the same schema. */
  private address(address: string): string {
    const scheme = /^[a-z][a-z0-9+.-]*:\/\//i.exec(address)?.[0];
    return scheme === undefined ? this.pseudonyms.of(address) : `${scheme}${this.pseudonyms.of(address).toLowerCase()}.invalid/`;
  }
}

/** `{key, value}` of 1.6, `{variable: {name}}` of 2.x. */
function nameIn(value: Readonly<Record<string, unknown>>): string {
  const variable = value['variable'];
  const name = isObject(variable) ? variable['name'] : value['key'];
  return typeof name === 'string' ? name : '';
}

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
