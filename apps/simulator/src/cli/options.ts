import { readFileSync } from 'node:fs';
import { InvalidArgumentError } from 'commander';
import type { OcppVersion } from '../station/protocol.js';
import type { SecurityOptions } from '../station/station-security.js';

export const DEFAULT_URL = 'ws://127.0.0.1:9220/ocpp';

/** A whole number of at least `least`. */
export const wholeNumber =
  (least: number) =>
  (text: string): number => {
    const value = Number(text);
    if (!Number.isInteger(value) || value < least) throw new InvalidArgumentError(`expected a whole number of at least ${least}`);
    return value;
  };

export const positive = (text: string): number => {
  const value = Number(text);
  if (!(value > 0) || !Number.isFinite(value)) throw new InvalidArgumentError('expected a number above 0');
  return value;
};

export const share = (text: string): number => {
  const value = Number(text);
  if (!(value >= 0 && value <= 1)) throw new InvalidArgumentError('expected a number between 0 and 1');
  return value;
};

export function version(text: string): OcppVersion {
  if (text === '1.6' || text === '2.0.1' || text === '2.1') return text;
  throw new InvalidArgumentError('expected 1.6, 2.0.1 or 2.1');
}

export function versions(text: string): [OcppVersion, ...OcppVersion[]] {
  const [first = '', ...others] = text.split(',');
  return [version(first), ...others.map(version)];
}

export function words(text: string): [string, ...string[]] {
  const [first, ...others] = text.split(',').filter((word) => word !== '');
  if (first === undefined) throw new InvalidArgumentError('expected at least one word');
  return [first, ...others];
}

/** Several addresses are separated by commas; to `http://` and `https://` 1.6 is spoken over SOAP. */
export function urls(text: string): [string, ...string[]] {
  const list = words(text);
  for (const url of list) {
    if (!/^(?:wss?|https?):\/\/[^/]/.test(url)) throw new InvalidArgumentError(`expected an address like ${DEFAULT_URL}, got ${url}`);
  }
  return list;
}

export function apiUrl(text: string): string {
  if (!/^https?:\/\/[^/]/.test(text)) throw new InvalidArgumentError(`expected an address like http://127.0.0.1:8080, got ${text}`);
  return text;
}

/** `{id}` in a password stands for the station's id. */
export const passwordOf = (template: string | undefined) =>
  template === undefined ? undefined : (stationId: string): string => template.replaceAll('{id}', stationId);

/** A JSON file of passwords by station id, as the API gave them. */
export function passwordFile(path: string): Readonly<Record<string, string>> {
  try {
    return JSON.parse(readFileSync(path, 'utf8')) as Record<string, string>;
  } catch (error) {
    throw new InvalidArgumentError(`cannot read ${path}: ${error instanceof Error ? error.message : String(error)}`);
  }
}

/** How stations are secured by options of the command line; `{id}` in a path stands for the station's id. */
export interface SecurityPaths {
  readonly tlsCa?: string;
  readonly cert?: string;
  readonly key?: string;
}

/** With a certificate profile 3, else by the scheme and whether there is a password. `undefined`: nothing was given. */
export function securityOf(paths: SecurityPaths, url: string, password: string | undefined) {
  if (paths.tlsCa === undefined && paths.cert === undefined) return undefined;
  return (stationId: string): SecurityOptions => {
    const read = (path: string): string => pemFile(path.replaceAll('{id}', stationId));
    const { tlsCa, cert, key } = paths;
    const profile = cert !== undefined ? 3 : password === undefined ? 0 : /^(?:wss|https):/.test(url) ? 2 : 1;
    return {
      profile,
      ...(tlsCa === undefined ? {} : { ca: read(tlsCa) }),
      ...(cert === undefined ? {} : { certificate: read(cert), key: read(key ?? cert) }),
    };
  };
}

function pemFile(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    throw new InvalidArgumentError(`cannot read ${path}: ${error instanceof Error ? error.message : String(error)}`);
  }
}
