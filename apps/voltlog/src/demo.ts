import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { RequestError } from '@voltlog/kernel';
import { authorizationV1, deviceV1 } from '@voltlog/proto';
import { type Demo, startDemo as startSimulation } from '@voltlog/simulator-app';
import type { Platform } from './platform.js';

/** What the first start registers, so that there is something to see. */
const SITE = {
  siteId: 'demo',
  name: 'Demo site',
  city: 'Amsterdam',
  countryCode: 'NL',
  latitude: 52.379,
  longitude: 4.9,
  timeZone: 'Europe/Amsterdam',
};
const STATIONS = [
  { id: 'DEMO-AC-1', name: 'Wallbox by the door', version: '1.6', evses: 1, powerW: 11_000 },
  { id: 'DEMO-AC-2', name: 'Twin charger, car park', version: '1.6', evses: 2, powerW: 22_000 },
  { id: 'DEMO-DC-1', name: 'Fast charger', version: '2.0.1', evses: 1, powerW: 150_000 },
] as const;
const TOKENS = ['DEMO0001', 'DEMO0002', 'DEMO0003', 'DEMO0004'];

/** Registers the demo's site, stations and tokens where they are missing, and lets the simulated cars charge. */
export async function startDemo(platform: Platform): Promise<Demo> {
  const passwords = await register(platform);
  return startSimulation({
    url: platform.ocppUrl,
    stations: STATIONS.map(({ id, version }) => ({ id, version, password: passwords[id] ?? '' })),
    tokens: TOKENS,
  });
}

/** Passwords are shown once, so the demo keeps its own beside the data. */
async function register({ rpc, dataFolder }: Platform): Promise<Readonly<Record<string, string>>> {
  const file = join(dataFolder, 'demo-stations.json');
  if (existsSync(file)) return JSON.parse(readFileSync(file, 'utf8')) as Record<string, string>;
  const device = rpc.client<deviceV1.DeviceService>(deviceV1.DeviceServiceDefinition, { address: '' });
  const authorization = rpc.client<authorizationV1.AuthorizationService>(authorizationV1.AuthorizationServiceDefinition, { address: '' });
  await unlessThere(() => device.registerSite(deviceV1.RegisterSiteRequest.fromPartial(SITE)));
  const passwords: Record<string, string> = {};
  for (const { id, name, evses, powerW } of STATIONS) {
    const evse = (index: number) => ({ evseId: index + 1, powerWMax: powerW, connectors: [{ connectorId: 1 }] });
    const request = { stationId: id, siteId: SITE.siteId, name, evses: Array.from({ length: evses }, (_, index) => evse(index)) };
    const made = await unlessThere(() => device.registerStation(deviceV1.RegisterStationRequest.fromPartial(request)));
    passwords[id] =
      made?.password ?? (await device.setStationCredential(deviceV1.SetStationCredentialRequest.fromPartial({ stationId: id }))).password;
  }
  for (const idToken of TOKENS) {
    await authorization.putToken(
      authorizationV1.PutTokenRequest.fromPartial({
        idToken: { idToken, type: 'ISO14443' },
        status: authorizationV1.TokenStatus.ACTIVE,
        note: 'demo',
      }),
    );
  }
  writeFileSync(file, `${JSON.stringify(passwords, null, 2)}\n`, { mode: 0o600 });
  return passwords;
}

/** A start that was cut off half-way left some of it. */
async function unlessThere<T>(work: () => Promise<T>): Promise<T | undefined> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof RequestError && error.code === 'ALREADY_EXISTS') return undefined;
    throw error;
  }
}
