import { CAR_MODELS, Car } from '../car/car.js';
import type { CarModel } from '../car/charging-curve.js';
import { Ledger } from '../ledger.js';
import { type Random, seededRandom } from '../random.js';
import type { EvseOptions } from '../station/evse.js';
import type { OcppVersion } from '../station/protocol.js';
import { SimulatedStation } from '../station/station.js';
import type { Identity, StationEvent } from '../station/station-options.js';
import { ScaledClock } from '../time/clock.js';

export interface DemoOptions {
  /** `ws://host:port/ocpp` */
  readonly url: string;
  readonly stations: readonly { readonly id: string; readonly password?: string; readonly version: OcppVersion }[];
  /** ID tokens that the CSMS accepts; at least one. */
  readonly tokens: readonly string[];
  /**
   * How much shorter the sessions and the pauses between them are; energy, power and time stamps stay true to real time. Default 1:
   * sessions of 3 to 8 minutes.
   */
  readonly timeScale?: number;
  readonly seed?: number;
  readonly onEvent?: (event: StationEvent) => void;
  /** No car comes any more to an EVSE of this station. Absent: the process ends by it, as by any bug. */
  readonly onFailure?: (stationId: string, error: unknown) => void;
}

export interface Demo {
  readonly stations: readonly SimulatedStation[];
  readonly ledger: Ledger;
  /** Ends the running transactions, waits a moment for the answers, and switches the stations off. */
  stop(): Promise<void>;
}

/** What the three places of the demo look like; more stations repeat them. */
const SITES: readonly {
  readonly identity: Partial<Identity>;
  readonly evses: readonly EvseOptions[];
  readonly cars: readonly [CarModel, ...CarModel[]];
  /** An EVSE where no car comes by itself, but one to whatever is started from outside. */
  readonly keptFree?: number;
}[] = [
  {
    identity: { vendor: 'Nordlicht', model: 'Wallbox 11', firmwareVersion: '4.2.1' },
    evses: [{ kind: 'AC', powerWMax: 11_000, registerWh: 1_284_310 }],
    cars: [CAR_MODELS.city, CAR_MODELS.family],
  },
  {
    identity: { vendor: 'Hafenstrom', model: 'Twin 22', firmwareVersion: '2.9.0' },
    evses: [
      { kind: 'AC', powerWMax: 22_000, registerWh: 8_451_022 },
      { kind: 'AC', powerWMax: 22_000, registerWh: 7_990_417 },
    ],
    cars: [CAR_MODELS.family, CAR_MODELS.touring, CAR_MODELS.city],
  },
  {
    identity: { vendor: 'Alpenstrom', model: 'Rapid 150', firmwareVersion: '1.7.3' },
    evses: [
      { kind: 'DC', powerWMax: 150_000, registerWh: 61_205_733 },
      { kind: 'DC', powerWMax: 150_000, registerWh: 58_411_902 },
    ],
    keptFree: 2,
    cars: [CAR_MODELS.touring, CAR_MODELS.family],
  },
];

/** The demo tells its meter every 10 s, so that somebody who looks on sees it move. */
const SAMPLE_SECONDS = '10';

/** How long `stop` waits for the answers to the last messages, real ms. */
const STOP_MS = 3_000;

/** Transactions the ledger of an endless demo remembers. */
const REMEMBERED = 200;

/** Charges cars for ever at a few stations; the first one starts within seconds. The last EVSE of the third one waits for a start from outside. */
export function startDemo(options: DemoOptions): Demo {
  const [firstToken, ...otherTokens] = options.tokens;
  if (firstToken === undefined) throw new RangeError('the demo needs at least one ID token');
  const tokens: readonly [string, ...string[]] = [firstToken, ...otherTokens];
  const clock = new ScaledClock(1);
  const ledger = new Ledger(REMEMBERED);
  const random = seededRandom(options.seed ?? Date.now());
  const pace = options.timeScale ?? 1;
  const over = { now: false };
  const sleep = (seconds: number): Promise<void> => clock.pass((seconds * 1000) / pace);
  const stations = options.stations.map((station, index) => newStation(options, station, { index, clock, ledger }));
  stations.forEach((station, index) => {
    const { cars = [CAR_MODELS.family] as const, keptFree } = SITES[index % SITES.length] ?? {};
    station.evses.forEach((evse, position) => {
      const visit = evse.id === keptFree ? awaited : visits;
      const place = { evseId: evse.id, cars, tokens, random: random.fork(), sleep, over, firstSeconds: index + position * 20 };
      visit(station, place).catch((error: unknown) => {
        if (options.onFailure === undefined) throw error;
        options.onFailure(station.id, error);
      });
    });
  });
  return {
    stations,
    ledger,
    stop: async () => {
      over.now = true;
      for (const station of stations) for (const evse of station.evses) station.stopTransaction(evse.id, 'Local');
      await Promise.race([
        Promise.all(stations.map((station) => station.idle())),
        new Promise((resolve) => clock.afterWall(STOP_MS, () => resolve(undefined))),
      ]);
      await Promise.all(stations.map((station) => station.stop()));
      clock.dispose();
    },
  };
}

function newStation(
  options: DemoOptions,
  station: DemoOptions['stations'][number],
  shared: { readonly index: number; readonly clock: ScaledClock; readonly ledger: Ledger },
): SimulatedStation {
  const site = SITES[shared.index % SITES.length];
  return new SimulatedStation({
    ...station,
    url: options.url,
    clock: shared.clock,
    ledger: shared.ledger,
    reconnectMs: [500, 10_000],
    settings: { MeterValueSampleInterval: SAMPLE_SECONDS, 'SampledDataCtrlr.TxUpdatedInterval': SAMPLE_SECONDS },
    ...(site === undefined ? {} : { identity: site.identity, evses: site.evses }),
    ...(options.onEvent === undefined ? {} : { onEvent: options.onEvent }),
  });
}

interface Place {
  readonly evseId: number;
  readonly cars: readonly [CarModel, ...CarModel[]];
  readonly tokens: readonly [string, ...string[]];
  readonly random: Random;
  readonly sleep: (seconds: number) => Promise<void>;
  readonly over: { readonly now: boolean };
  readonly firstSeconds: number;
}

/** A token that charges nowhere now, where there is one: drivers do not charge twice at a time. */
function freeToken(ledger: Ledger, place: Place): string {
  const inUse = new Set(ledger.transactions.filter((entry) => entry.stoppedAt === undefined).map((entry) => entry.idToken));
  const [first, ...others] = place.tokens.filter((token) => !inUse.has(token));
  return place.random.pick(first === undefined ? place.tokens : [first, ...others]);
}

/** Simulated seconds after which a car comes to a start from outside, and after which it leaves when that has ended. */
const ARRIVES_SECONDS = 5;
const LEAVES_SECONDS = 12;

/** A car comes when somebody has started from outside, charges until it is stopped or full, and leaves. */
async function awaited(station: SimulatedStation, { evseId, cars, random, sleep, over }: Place): Promise<void> {
  while (!over.now) {
    await sleep(1);
    const evse = station.evse(evseId);
    if (evse === undefined || evse.pendingStart === undefined) continue;
    await sleep(ARRIVES_SECONDS);
    if (over.now || evse.car !== undefined) continue;
    station.plugIn(evseId, new Car(random.pick(cars), random.between(0.2, 0.4)));
    while (!over.now && evse.transaction !== undefined) await sleep(1);
    await sleep(LEAVES_SECONDS);
    if (!over.now) station.unplug(evseId);
  }
}

/** One car after the other at one EVSE. */
async function visits(station: SimulatedStation, place: Place): Promise<void> {
  const { evseId, random, sleep, over } = place;
  await station.connect();
  await sleep(place.firstSeconds);
  while (!over.now) {
    station.plugIn(evseId, new Car(random.pick(place.cars), random.between(0.1, 0.6)));
    await sleep(2);
    if (over.now) return;
    const token = freeToken(station.ledger, place);
    // Offline nobody can ask; the driver is let in and the station queues what happens (OCPP 1.6 §3.5).
    const status = station.line.isRegistered ? await station.authorize(token) : 'Accepted';
    if (over.now) return;
    const evse = station.evse(evseId);
    const mayStart = (status === 'Accepted' || status === undefined) && evse?.transaction === undefined && evse?.isOperative === true;
    // Where it is held for somebody else the car leaves.
    if (mayStart && station.swipe(evseId, token) !== undefined) {
      const seconds = random.between(180, 480);
      // In short waits, since somebody may stop it from outside.
      for (let waited = 0; waited < seconds && !over.now && evse.transaction !== undefined; waited += 5) await sleep(5);
      if (over.now) return;
      station.stopTransaction(evseId, 'Local', token);
      await sleep(random.between(5, 15));
    }
    if (over.now) return;
    station.unplug(evseId);
    await sleep(random.between(15, 60));
  }
}
