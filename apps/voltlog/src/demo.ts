import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { RequestError } from '@voltlog/kernel';
import { authorizationV1, deviceV1, sessionV1 } from '@voltlog/proto';
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
  { id: 'DEMO-AC-1', name: 'Wallbox by the door', version: '1.6', evses: 1, powerW: 11_000, connectorType: 'sType2' },
  { id: 'DEMO-AC-2', name: 'Twin charger, car park', version: '1.6', evses: 2, powerW: 22_000, connectorType: 'sType2' },
  { id: 'DEMO-DC-1', name: 'Fast charger', version: '2.0.1', evses: 2, powerW: 150_000, connectorType: 'cCCS2' },
] as const;
/** Where a visitor starts from the driver page; a car comes a few seconds later. */
export const DEMO_EVSE = 'DEMO-DC-1*2';
/** What a visitor types there. */
export const DEMO_KEY_CODE = 'DEMO2580';
const PRICE = { scope: 'site:demo', currency: 'EUR', perKwh: '0.49', perMinute: '0.00', perSession: '0.35' };
const TOKENS = ['DEMO0001', 'DEMO0002', 'DEMO0003', 'DEMO0004'];

/** Registers the demo's site, stations and tokens where they are missing, and lets the simulated cars charge. */
export async function startDemo(platform: Platform): Promise<Demo> {
  const passwords = await register(platform);
  return startSimulation({
    url: platform.ocppUrl,
    stations: STATIONS.map(({ id, version }) => ({ id, version, password: passwords[id] ?? '' })),
    tokens: TOKENS,
    // Real stations may be connected too: they are not to go down with a simulated car.
    onFailure: (stationId, error) => process.stderr.write(`the demo sends no more cars to ${stationId}: ${String(error)}\n`),
  });
}

/** Passwords are shown once, so the demo keeps its own beside the data. What an older start left out is added. */
async function register({ rpc, dataFolder }: Platform): Promise<Readonly<Record<string, string>>> {
  const file = join(dataFolder, 'demo-stations.json');
  const kept = existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as Record<string, string>) : {};
  const device = rpc.client<deviceV1.DeviceService>(deviceV1.DeviceServiceDefinition, { address: '' });
  await unlessThere(() => device.registerSite(deviceV1.RegisterSiteRequest.fromPartial(SITE)));
  const passwords: Record<string, string> = {};
  for (const station of STATIONS) passwords[station.id] = kept[station.id] ?? (await registerStation(device, station));
  await addEvses(device);
  await registerTokens(rpc);
  await setPrice(rpc);
  writeFileSync(file, `${JSON.stringify(passwords, null, 2)}\n`, { mode: 0o600 });
  return passwords;
}

const evsesOf = ({ evses, powerW, connectorType }: (typeof STATIONS)[number]) =>
  Array.from({ length: evses }, (_, index) => ({
    evseId: index + 1,
    powerWMax: powerW,
    connectors: [{ connectorId: 1, connectorType }],
  }));

async function registerStation(device: deviceV1.DeviceService, station: (typeof STATIONS)[number]): Promise<string> {
  const { id, name } = station;
  const request = { stationId: id, siteId: SITE.siteId, name, evses: evsesOf(station) };
  const made = await unlessThere(() => device.registerStation(deviceV1.RegisterStationRequest.fromPartial(request)));
  return (
    made?.password ?? (await device.setStationCredential(deviceV1.SetStationCredentialRequest.fromPartial({ stationId: id }))).password
  );
}

async function addEvses(device: deviceV1.DeviceService): Promise<void> {
  for (const wanted of STATIONS) {
    const { station } = await device.getStation({ stationId: wanted.id });
    if (station === undefined || station.evses.length >= wanted.evses) continue;
    const change = { stationId: wanted.id, evses: evsesOf(wanted), replaceEvses: true };
    await device.updateStation(deviceV1.UpdateStationRequest.fromPartial(change));
  }
}

async function registerTokens(rpc: Platform['rpc']): Promise<void> {
  const authorization = rpc.client<authorizationV1.AuthorizationService>(authorizationV1.AuthorizationServiceDefinition, { address: '' });
  const tokens = [...TOKENS.map((idToken) => ({ idToken, type: 'ISO14443' })), { idToken: DEMO_KEY_CODE, type: 'KeyCode' }];
  for (const idToken of tokens) {
    await authorization.putToken(
      authorizationV1.PutTokenRequest.fromPartial({
        idToken,
        status: authorizationV1.TokenStatus.ACTIVE,
        note: 'demo',
        idempotencyKey: `demo ${idToken.idToken}`,
      }),
    );
  }
}

/** Once: whoever changes the price of the demo keeps theirs. */
async function setPrice(rpc: Platform['rpc']): Promise<void> {
  const session = rpc.client<sessionV1.SessionService>(sessionV1.SessionServiceDefinition, { address: '' });
  const { price } = await session.getPrice({ stationId: '', scope: PRICE.scope });
  if (price !== undefined && price.version > 0) return;
  await session.putPrice(sessionV1.PutPriceRequest.fromPartial({ price: PRICE, idempotencyKey: 'demo price' }));
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
