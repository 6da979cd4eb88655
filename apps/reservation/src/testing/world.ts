import type { StationFacts } from '@voltlog/connection-contract';
import { createRpc, type Rpc } from '@voltlog/grpc';
import { isoTime, OperatingError, RequestError } from '@voltlog/kernel';
import { authorizationV1, connectionV1, deviceOperationV1, deviceV1, sessionV1 } from '@voltlog/proto';
import { RESERVATION_TOPIC, type ReservationEvent } from '@voltlog/reservation-contract';
import { openTestContext, type TestContext, until } from '@voltlog/testing';
import { reservationConfig } from '../config.js';
import { createReservation, type ReservationApp } from '../reservation.js';

const { CommandStatus } = connectionV1;
const STATION_TOPIC = 'connection.station.v1';
const DEVICE_TOPIC = 'device.station.v1';
const MODEL_TOPIC = 'device.model.v1';

type Command = NonNullable<connectionV1.SendCommandRequest['command']>;

/** A station as the other services know it, and how it answers. */
export class FakeStation {
  connected = true;
  siteId = '';
  lifecycle = deviceV1.StationLifecycle.ACTIVE;
  /** Of each EVSE; one connector each. */
  statuses: string[];
  connectorTypes: readonly string[] = [];
  /** Of each EVSE, when its status was reported; undefined: not known. */
  readonly statusAts: (string | undefined)[] = [];
  /** What its operator wants out of service: by EVSE (0: all of it), from and until. */
  outages: readonly (readonly [evseId: number, from: string, until: string])[] = [];
  inoperative: readonly number[] = [];
  /** What it was asked, in order. */
  readonly asked: Command[] = [];
  answer: (command: Command) => Partial<connectionV1.SendCommandResponse> | Error = () => ({
    status: CommandStatus.ACCEPTED,
    stationStatus: 'Accepted',
  });

  constructor(evses: number) {
    this.statuses = new Array<string>(evses).fill('Available');
  }

  commands(kind: Command['$case']): readonly Command[] {
    return this.asked.filter(({ $case }) => $case === kind);
  }
}

/** The service on parts in memory, with stations behind it that do what a test says. */
export class World {
  readonly stations = new Map<string, FakeStation>();
  readonly sites = new Map<string, string>();
  readonly events: ReservationEvent[] = [];
  /** Sessions that run. */
  readonly sessions: sessionV1.Session[] = [];
  sessionsAway = false;
  /** Questions that were asked in vain. */
  sessionsMissed = 0;
  /** What was asked about tokens, and why one is refused at a station; undefined: it may charge there. */
  readonly judged: connectionV1.AuthorizeTokenRequest[] = [];
  unwanted: (idToken: string, stationId: string) => string | undefined = () => undefined;
  tokensAway = false;
  /** The active tokens of groups, as authorization knows them. */
  readonly members = new Map<string, readonly string[]>();
  /** Sessions that were asked to stop. */
  readonly stopped: string[] = [];
  /** When, ms: the first time of each. */
  readonly stoppedAt = new Map<string, number>();
  /** What the device service waits for before it lists stations. */
  listing: Promise<void> | undefined;
  listed = 0;
  private readonly rpc: Rpc = createRpc({});
  private readonly apps: ReservationApp[] = [];

  private constructor(readonly context: TestContext) {}

  static async open(environment: Readonly<Record<string, string>> = {}): Promise<World> {
    const world = new World(await openTestContext('reservation'));
    const { log } = world.context;
    await log.ensureTopics([RESERVATION_TOPIC, STATION_TOPIC, DEVICE_TOPIC, MODEL_TOPIC].map((name) => ({ name, partitions: 3 })));
    world.serve();
    await log.subscribe({
      group: 'test',
      topics: [RESERVATION_TOPIC],
      handle: async (batch) =>
        void world.events.push(...batch.map(({ event }) => ({ type: event.type, data: event.data }) as ReservationEvent)),
    });
    await world.start(environment);
    return world;
  }

  /** Another instance, on the same store and log. */
  async start(environment: Readonly<Record<string, string>> = {}): Promise<ReservationApp> {
    const config = reservationConfig.parse({ RESERVATION_SETTLE_MS: '0', RESERVATION_RETRY_MS: '1000', ...environment });
    const instanceId = `reservation-${this.apps.length + 1}`;
    const app = await createReservation({ ...this.context, instanceId, rpc: this.rpc }, config);
    await app.start();
    this.apps.push(app);
    return app;
  }

  get app(): ReservationApp {
    const app = this.apps.at(-1);
    if (app === undefined) throw new Error('nothing runs');
    return app;
  }

  /** Every instance that runs, oldest first. */
  get all(): readonly ReservationApp[] {
    return this.apps;
  }

  async stopAll(): Promise<void> {
    for (const app of this.apps.splice(0)) await app.stop();
  }

  async close(): Promise<void> {
    await this.stopAll();
    await this.rpc.close();
    await this.context.close();
  }

  add(stationId: string, evses = 2, change: Partial<FakeStation> = {}): FakeStation {
    const station = Object.assign(new FakeStation(evses), change);
    this.stations.set(stationId, station);
    return station;
  }

  get now(): number {
    return this.context.clock.ms;
  }

  /** Moves the clock, and has due timers looked for. */
  pass(ms: number): void {
    this.context.clock.ms += ms;
    this.hurry();
  }

  hurry(): void {
    for (const app of this.apps) app.timers.hurry();
  }

  /** A fact of a station, now. */
  async tell<Type extends keyof StationFacts>(stationId: string, type: Type, data: Partial<StationFacts[Type]>): Promise<void> {
    const at = isoTime(this.now);
    await this.context.log.append(STATION_TOPIC, stationId, [
      {
        id: this.context.ids.next(),
        type,
        source: '/test',
        subject: stationId,
        time: at,
        data: { stationId, ocppVersion: 'ocpp2.0.1', receivedAt: at, occurredAt: at, messageId: 'm', action: 'x', raw: {}, ...data },
      },
    ]);
  }

  async tellDevice(stationId: string, type: string, data: object, topic = DEVICE_TOPIC): Promise<void> {
    const time = isoTime(this.now);
    await this.context.log.append(topic, stationId, [
      { id: this.context.ids.next(), type, source: '/test', subject: stationId, time, data: { stationId, at: time, ...data } },
    ]);
  }

  /** The operator schedules an outage; EVSE 0: the whole station. */
  async outage(stationId: string, evseId: number, from: string, until: string): Promise<void> {
    const station = this.stations.get(stationId);
    if (station !== undefined) station.outages = [...station.outages, [evseId, from, until]];
    const data = { outageId: 'O', evseId, connectorId: 0, from, until, reason: '' };
    await this.tellDevice(stationId, 'voltlog.device.OutageScheduled.v1', data, MODEL_TOPIC);
  }

  /** A transaction that authorization let in. */
  begin(
    stationId: string,
    evseId: number,
    idToken: string,
    change: Partial<StationFacts['voltlog.connection.TransactionStarted.v1']> = {},
  ) {
    return this.tell(stationId, 'voltlog.connection.TransactionStarted.v1', {
      transactionId: 'T1',
      transactionKey: 'T1',
      evseId,
      connectorId: 1,
      offline: false,
      idToken: { idToken, type: 'ISO14443' },
      authorization: { status: 'Accepted', source: 'authorization' },
      meterValues: [],
      ...change,
    });
  }

  /** A session that goes on. */
  run(sessionId: string, evseId: number, idToken: string, groupId = ''): void {
    this.sessions.push(sessionV1.Session.fromPartial({ sessionId, stationId: 'S1', evseId, idToken: { idToken, type: 'Local' }, groupId }));
  }

  status(stationId: string, evseId: number, status: 'Available' | 'Faulted' | 'Reserved' | 'Unavailable' | 'Occupied') {
    const station = this.stations.get(stationId);
    if (station !== undefined && evseId > 0) {
      station.statuses[evseId - 1] = status;
      station.statusAts[evseId - 1] = isoTime(this.now);
    }
    return this.tell(stationId, 'voltlog.connection.ConnectorStatusReported.v1', { evseId, connectorId: 1, status });
  }

  /** The events about a reservation, by name, with what distinguishes them. */
  story(reservationId: string): string[] {
    return this.events
      .filter(({ data }) => data.reservationId === reservationId)
      .map(({ type, data }) => {
        const name = type.split('.')[2]?.replace('Reservation', '') ?? '';
        const { reason, hold, stationStatus } = data as { reason?: string; hold?: string; stationStatus?: string };
        const word = reason ?? (hold === undefined ? undefined : stationStatus === undefined ? hold : `${hold} ${stationStatus}`);
        return word === undefined ? name : `${name} ${word}`;
      });
  }

  /** Waits until the story ends like this. */
  async untilStory(reservationId: string, ...last: readonly string[]): Promise<void> {
    await until(
      () => {
        const story = this.story(reservationId);
        return last.every((word, index) => story[story.length - last.length + index] === word);
      },
      `${last.join(', ')} after ${this.story(reservationId).join(', ')}`,
      8_000,
    ).catch((error: unknown) => {
      throw new Error(`the story is: ${this.story(reservationId).join(', ')}`, { cause: error });
    });
  }

  private serve(): void {
    const known = (stationId: string): FakeStation => {
      const station = this.stations.get(stationId);
      if (station === undefined) throw new RequestError('NOT_FOUND', 'there is no such station', 'StationUnknown');
      return station;
    };
    this.rpc.serve<Partial<sessionV1.SessionService>>(sessionV1.SessionServiceDefinition, {
      listSessions: async ({ stationId, state }) => {
        if (this.sessionsAway) {
          this.sessionsMissed += 1;
          throw new OperatingError('ServiceUnavailable', 'away');
        }
        // Those that tests make without a state run.
        const isWanted = (each: sessionV1.Session): boolean =>
          each.stationId === stationId && (state !== sessionV1.SessionState.ACTIVE || each.state !== sessionV1.SessionState.ENDED);
        return { sessions: this.sessions.filter(isWanted), nextPageToken: '' };
      },
      requestStop: async ({ sessionId }) => {
        this.stopped.push(sessionId);
        if (!this.stoppedAt.has(sessionId)) this.stoppedAt.set(sessionId, this.now);
        if (sessionId === 'slow') throw new OperatingError('DeadlineExceeded', 'the station thinks');
        return { session: undefined, stationStatus: 'Accepted' };
      },
    });
    this.rpc.serve<Partial<deviceV1.DeviceService>>(deviceV1.DeviceServiceDefinition, {
      getStation: async ({ stationId }) => ({ station: toMessage(stationId, known(stationId)) }),
      listStations: async ({ siteId }) => {
        this.listed += 1;
        await this.listing;
        const stations = [...this.stations].filter(([, each]) => each.siteId === siteId).map(([id, each]) => toMessage(id, each));
        return { stations, nextPageToken: '' };
      },
      getSite: async ({ siteId }) => {
        const timeZone = this.sites.get(siteId);
        if (timeZone === undefined) throw new RequestError('NOT_FOUND', 'there is no such site', 'SiteUnknown');
        return {
          site: {
            siteId,
            name: '',
            address: '',
            city: '',
            countryCode: '',
            latitude: 0,
            longitude: 0,
            timeZone,
            retired: false,
            version: 1,
          },
        };
      },
    });
    this.rpc.serve<Partial<deviceOperationV1.StationOperationService>>(deviceOperationV1.StationOperationServiceDefinition, {
      getOperation: async ({ stationId }) => {
        const { outages, inoperative } = known(stationId);
        const placeOf = (evseId: number) => ({ evseId, connectorId: 0 });
        return {
          operation: deviceOperationV1.Operation.fromPartial({
            stationId,
            outages: outages.map(([evseId, from, until]) => ({ place: placeOf(evseId), from, until })),
            inoperative: inoperative.map((evseId) => ({ place: placeOf(evseId) })),
          }),
        };
      },
    });
    this.rpc.serve<Partial<authorizationV1.AuthorizationService>>(authorizationV1.AuthorizationServiceDefinition, {
      listGroupMembers: async ({ groupId, countMax }) => {
        if (this.tokensAway) throw new OperatingError('ServiceUnavailable', 'away');
        const members = (this.members.get(groupId) ?? []).slice(0, countMax);
        return { idTokens: members.map((idToken) => ({ idToken, type: 'ISO14443' })) };
      },
    });
    this.rpc.serve<Partial<connectionV1.ConnectionService>>(connectionV1.ConnectionServiceDefinition, {
      sendCommand: async ({ stationId, command }) => {
        const station = known(stationId);
        if (!station.connected) return { ...NOTHING, status: CommandStatus.OFFLINE };
        if (command === undefined) throw new Error('no command');
        station.asked.push(command);
        const answer = station.answer(command);
        if (answer instanceof Error) throw answer;
        return { ...NOTHING, ...answer };
      },
      authorizeToken: async (request) => {
        this.judged.push(request);
        if (this.tokensAway) throw new OperatingError('ServiceUnavailable', 'away');
        const { stationId, idToken } = request;
        const reason = this.unwanted(idToken?.idToken ?? '', stationId);
        const status = reason === undefined ? 'Accepted' : reason.endsWith('NotHere') ? 'NotAtThisLocation' : 'Blocked';
        return { status, reason: reason ?? '', decisionId: '' };
      },
      getConnection: async ({ stationId }) => ({ connection: { ...NO_CONNECTION, stationId, connected: known(stationId).connected } }),
    });
  }
}

const NOTHING: connectionV1.SendCommandResponse = {
  status: CommandStatus.UNSPECIFIED,
  stationStatus: '',
  reason: '',
  responseJson: '',
  action: '',
  messageId: '',
  latencyMs: 0,
  variables: [],
  requestId: 0,
};
const NO_CONNECTION: connectionV1.Connection = {
  stationId: '',
  connected: false,
  ocppVersion: '',
  dialect: '',
  instanceId: '',
  epoch: 0,
  connectedAt: undefined,
  lastSeenAt: undefined,
  remoteAddress: '',
  securityProfile: 0,
};

const toMessage = (
  stationId: string,
  { siteId, lifecycle, statuses, statusAts, connectorTypes, connected }: FakeStation,
): deviceV1.Station => ({
  stationId,
  siteId,
  name: '',
  quirksOn: [],
  tags: [],
  quirksOff: [],
  lifecycle,
  evses: statuses.map((status, index) => ({
    evseId: index + 1,
    powerWMax: 0,
    connectors: [
      { connectorId: 1, connectorType: connectorTypes[index] ?? '', status, detail: '', errorCode: '', statusAt: statusAts[index] },
    ],
  })),
  vendor: '',
  model: '',
  serialNumber: '',
  firmwareVersion: '',
  ocppVersion: '',
  lastBootAt: undefined,
  lastBootReason: '',
  firmwareStatus: '',
  hasCredential: false,
  version: 1,
  createdAt: undefined,
  updatedAt: undefined,
  connected,
});
