import type { Rpc } from '@voltlog/grpc';
import { RequestError } from '@voltlog/kernel';
import { authorizationV1, connectionV1, deviceV1, notificationV1, reservationV1, sessionV1 } from '@voltlog/proto';

const AT = '2026-11-23T10:00:00.000Z';

export const station = (stationId: string, change: Partial<deviceV1.Station> = {}): deviceV1.Station => ({
  stationId,
  siteId: '',
  name: '',
  quirksOn: [],
  quirksOff: [],
  tags: [],
  lifecycle: deviceV1.StationLifecycle.ACTIVE,
  evses: [
    {
      evseId: 1,
      powerWMax: 22_000,
      connectors: [{ connectorId: 1, connectorType: 'sType2', status: 'Available', detail: '', errorCode: '', statusAt: AT }],
    },
  ],
  vendor: 'Voltlog',
  model: 'One',
  serialNumber: '',
  firmwareVersion: '1.0',
  ocppVersion: 'ocpp1.6',
  lastBootAt: AT,
  lastBootReason: 'PowerUp',
  firmwareStatus: '',
  hasCredential: true,
  version: 3,
  createdAt: AT,
  updatedAt: AT,
  connected: true,
  ...change,
});

export const session = (sessionId: string, change: Partial<sessionV1.Session> = {}): sessionV1.Session => ({
  sessionId,
  stationId: 'CP-1',
  evseId: 1,
  connectorId: 1,
  transactionId: '77',
  state: sessionV1.SessionState.ACTIVE,
  idToken: { idToken: 'TAG1', type: 'Local' },
  authorizationStatus: 'Accepted',
  startedAt: AT,
  endedAt: undefined,
  energyWh: 1234.5,
  meterStartWh: 100,
  meterStopWh: undefined,
  powerW: 11_000,
  stateOfChargePercent: 42,
  chargingState: 'Charging',
  stoppedReason: '',
  endCause: '',
  stoppedBy: undefined,
  stop: undefined,
  flags: [],
  lastReadingAt: AT,
  updatedAt: AT,
  ocppVersion: 'ocpp1.6',
  version: 5,
  incomplete: false,
  limit: undefined,
  cost: undefined,
  overshootCost: undefined,
  milestones: [],
  groupId: '',
  contractId: '',
  reservationNumber: 0,
  startRequestId: '',
  durationSeconds: 0,
  unpluggedAt: undefined,
  ...change,
});

const token = (idToken: string): authorizationV1.Token => ({
  idToken: { idToken, type: 'ISO14443' },
  status: authorizationV1.TokenStatus.ACTIVE,
  expiresAt: undefined,
  groupId: '',
  concurrentTransactionsMax: 1,
  activeTransactions: [],
  validFrom: undefined,
  contractId: '',
  siteIds: [],
  stationIds: [],
  budget: undefined,
  createdAt: AT,
  updatedAt: AT,
  note: '',
  version: 1,
});

const contract = (contractId: string): authorizationV1.Contract => ({
  contractId,
  name: 'Fleet',
  status: authorizationV1.TokenStatus.ACTIVE,
  validFrom: undefined,
  expiresAt: undefined,
  groupId: '',
  concurrentTransactionsMax: 2,
  siteIds: [],
  stationIds: ['CP-1'],
  budget: { costPerDay: '', costPerMonth: '20.00', currency: 'EUR', timeZone: 'UTC' },
  used: undefined,
  sessionLimit: { energyWh: 5_000, costAmount: '', costCurrency: '' },
  note: '',
  createdAt: AT,
  updatedAt: AT,
  version: 2,
});

const LIST: authorizationV1.LocalList = {
  stationId: 'CP-1',
  wantedVersion: 4,
  wantedEntries: 2,
  stationVersion: 4,
  state: 'InStep',
  reason: '',
  updatedAt: AT,
};

const REFUSED: authorizationV1.DecisionRecord = {
  request: {
    stationId: 'CP-1',
    evseId: 1,
    idToken: { idToken: 'TAG1', type: 'ISO14443' },
    purpose: authorizationV1.AuthorizationPurpose.START,
    transactionKey: 'CP-1/t',
    occurredAt: AT,
    offline: true,
  },
  decision: {
    decisionId: 'd-1',
    status: authorizationV1.AuthorizationStatus.NO_CREDIT,
    reason: 'BudgetExhausted',
    groupIdToken: undefined,
    cacheExpiresAt: undefined,
    limit: undefined,
    contractId: 'C-1',
  },
  at: AT,
};

/** What the services were asked, and what the next command answers. */
export class FakeServices {
  readonly stations = new Map<string, deviceV1.Station>([['CP-1', station('CP-1')]]);
  readonly sites = new Map<string, deviceV1.Site>();
  readonly calls: { readonly method: string; readonly request: unknown }[] = [];
  commandAnswer: Partial<connectionV1.SendCommandResponse> = {};
  /** Thrown by every connection method when set. */
  connectionError: Error | undefined;
  /** Thrown when a station is read. */
  deviceError: Error | undefined;
  unsubscribeError: Error | undefined;
  registrations = 0;
  /** Awaited inside registerStation, to hold a write open. */
  gate: Promise<void> = Promise.resolve();

  serve(rpc: Rpc): void {
    rpc.serve<Partial<deviceV1.DeviceService>>(deviceV1.DeviceServiceDefinition, this.device());
    rpc.serve<Partial<connectionV1.ConnectionService>>(connectionV1.ConnectionServiceDefinition, this.connection());
    rpc.serve<Partial<authorizationV1.AuthorizationService>>(authorizationV1.AuthorizationServiceDefinition, this.authorization());
    rpc.serve<Partial<reservationV1.ReservationService>>(reservationV1.ReservationServiceDefinition, this.reservations());
    rpc.serve<Partial<sessionV1.SessionService>>(sessionV1.SessionServiceDefinition, this.sessions());
    rpc.serve<Partial<notificationV1.NotificationService>>(notificationV1.NotificationServiceDefinition, this.notifications());
  }

  lastCall(method: string): unknown {
    return this.calls.findLast((call) => call.method === method)?.request;
  }

  private device(): Partial<deviceV1.DeviceService> {
    return {
      listStations: (request) => {
        this.calls.push({ method: 'listStations', request });
        const all = [...this.stations.values()]
          .sort((a, b) => (a.stationId < b.stationId ? -1 : 1))
          .filter((each) => each.stationId > request.pageToken && (request.siteId === '' || each.siteId === request.siteId));
        const page = all.slice(0, request.pageSize);
        return Promise.resolve({ stations: page, nextPageToken: all.length > page.length ? (page.at(-1)?.stationId ?? '') : '' });
      },
      listSites: () =>
        Promise.resolve({
          sites: [deviceV1.Site.fromPartial({ siteId: 'depot', name: 'Depot, north', latitude: 52.4 })],
          nextPageToken: '',
        }),
      getStation: ({ stationId }) =>
        this.deviceError === undefined ? Promise.resolve({ station: this.known(stationId) }) : Promise.reject(this.deviceError),
      getSite: ({ siteId }) => {
        if (this.deviceError !== undefined) return Promise.reject(this.deviceError);
        const site = this.sites.get(siteId);
        if (site === undefined) return Promise.reject(new RequestError('NOT_FOUND', `site ${siteId} is not known`, 'SiteUnknown'));
        return Promise.resolve({ site });
      },
      registerStation: async (request) => {
        this.calls.push({ method: 'registerStation', request });
        await this.gate;
        this.registrations += 1;
        if (this.stations.has(request.stationId))
          throw new RequestError('ALREADY_EXISTS', `station ${request.stationId} is there`, 'StationExists');
        const made = station(request.stationId, { name: request.name, version: 1 });
        this.stations.set(request.stationId, made);
        return { station: made, password: request.password === '' ? `secret-made-password-${this.registrations}` : '' };
      },
      updateStation: (request) => {
        this.calls.push({ method: 'updateStation', request });
        const known = this.known(request.stationId);
        if (request.expectedVersion !== 0 && request.expectedVersion !== known.version)
          throw new RequestError('ABORTED', 'another version', 'VersionMismatch');
        const changed = { ...known, name: request.name ?? known.name, version: known.version + 1 };
        this.stations.set(request.stationId, changed);
        const isMade = request.accept && request.password === '' && !request.withoutCredential;
        return Promise.resolve({ station: changed, password: isMade ? 'made-with-the-acceptance' : '' });
      },
      setStationCredential: (request) => {
        this.calls.push({ method: 'setStationCredential', request });
        return Promise.resolve({ password: request.password === '' ? 'a-new-made-password' : '' });
      },
    };
  }

  private known(stationId: string): deviceV1.Station {
    const known = this.stations.get(stationId);
    if (known === undefined) throw new RequestError('NOT_FOUND', `station ${stationId} is not known`, 'StationUnknown');
    return known;
  }

  private connection(): Partial<connectionV1.ConnectionService> {
    return {
      listConnections: ({ stationIds }) => {
        if (this.connectionError !== undefined) return Promise.reject(this.connectionError);
        const connections = stationIds.filter((stationId) => stationId === 'CP-1').map(liveConnection);
        return Promise.resolve({ connections, nextPageToken: '', total: connections.length });
      },
      getConnection: ({ stationId }) => Promise.resolve({ connection: stationId === 'CP-1' ? liveConnection(stationId) : undefined }),
      listFrames: ({ stationId }) =>
        Promise.resolve({
          frames: [{ stationId, at: AT, direction: connectionV1.FrameDirection.FROM_STATION, text: '[2,"1","Heartbeat",{}]' }],
          nextPageToken: '',
        }),
      sendCommand: (request) => {
        this.calls.push({ method: 'sendCommand', request });
        if (this.connectionError !== undefined) return Promise.reject(this.connectionError);
        return Promise.resolve({
          status: connectionV1.CommandStatus.ACCEPTED,
          stationStatus: 'Accepted',
          reason: '',
          responseJson: '{"status":"Accepted"}',
          action: 'Reset',
          messageId: 'm-1',
          latencyMs: 12,
          variables: [],
          requestId: 0,
          ...this.commandAnswer,
        });
      },
    };
  }

  protected authorization(): Partial<authorizationV1.AuthorizationService> {
    return {
      listTokens: () => Promise.resolve({ tokens: [token('TAG1')], nextPageToken: '' }),
      getToken: (request) => {
        this.calls.push({ method: 'getToken', request });
        return Promise.resolve({ token: token(request.idToken?.idToken ?? '') });
      },
      putToken: (request) => {
        this.calls.push({ method: 'putToken', request });
        if (request.mustBeNew) return Promise.reject(new RequestError('ABORTED', 'there is such a token already', 'TokenExists'));
        return Promise.resolve({ token: token(request.idToken?.idToken ?? ''), created: true });
      },
      listDecisions: (request) => {
        this.calls.push({ method: 'listDecisions', request });
        return Promise.resolve({ decisions: [REFUSED], nextPageToken: '' });
      },
      getContract: ({ contractId }) => Promise.resolve({ contract: contract(contractId), tokens: [token('TAG1')] }),
      listContracts: () => Promise.resolve({ contracts: [contract('C-1')], nextPageToken: 'more' }),
      putContract: (request) => {
        this.calls.push({ method: 'putContract', request });
        if (request.mustBeNew) return Promise.reject(new RequestError('ABORTED', 'there is such a contract already', 'ContractExists'));
        return Promise.resolve({ contract: contract(request.contract?.contractId ?? ''), created: true });
      },
      getLocalList: ({ stationId }) => Promise.resolve({ localList: { ...LIST, stationId } }),
      syncLocalList: (request) => {
        this.calls.push({ method: 'syncLocalList', request });
        return Promise.resolve({ localList: { ...LIST, stationId: request.stationId, state: 'Pending', reason: 'asked for' } });
      },
      getAuthorizationPolicy: ({ siteId }) =>
        Promise.resolve({
          policy: {
            siteId,
            unknownTokens: 'reject',
            authorizationAway: 'accept-known',
            noAuthorization: 'accept',
            localLists: false,
            version: 0,
          },
          own: false,
        }),
      putAuthorizationPolicy: (request) => {
        this.calls.push({ method: 'putAuthorizationPolicy', request });
        return Promise.resolve({ policy: request.policy === undefined ? undefined : { ...request.policy, version: 3 } });
      },
    };
  }

  protected notifications(): Partial<notificationV1.NotificationService> {
    const note = <Request>(method: string, request: Request): Request => {
      this.calls.push({ method, request });
      return request;
    };
    return {
      putSubscription: async (request) => {
        const isNew = note('putSubscription', request).subscription?.subscriptionId === '';
        return { subscription: subscription(), secret: isNew ? 'whsec_shown-once' : '' };
      },
      getSubscription: async (request) => ({ subscription: subscription(note('getSubscription', request)) }),
      listSubscriptions: async (request) => {
        note('listSubscriptions', request);
        return { subscriptions: [subscription()], nextPageToken: 'more' };
      },
      deleteSubscription: async (request) => {
        note('deleteSubscription', request);
        return {};
      },
      rotateSecret: async (request) => {
        note('rotateSecret', request);
        return { secret: 'whsec_new', oldSecretExpiresAt: AT };
      },
      replaySubscription: async (request) => {
        note('replaySubscription', request);
        return { deliveries: 7 };
      },
      listDeliveries: async (request) => {
        note('listDeliveries', request);
        return { deliveries: [delivery('d-1')], nextPageToken: '' };
      },
      getDelivery: async ({ deliveryId }) => ({ delivery: delivery(deliveryId) }),
      redeliver: async (request) => ({ delivery: delivery(note('redeliver', request).deliveryId) }),
      listOutboxEmails: async (request) => {
        note('listOutboxEmails', request);
        return {
          emails: [{ emailId: 'd-1', to: 'a@example.org', subject: 'Hi', text: 'Hi', html: '<p>Hi</p>', language: 'en', at: AT }],
          nextPageToken: '',
        };
      },
      getPushKey: async () => ({ publicKey: 'BPush' }),
      unsubscribe: async (request) => {
        this.calls.push({ method: 'unsubscribe', request });
        if (this.unsubscribeError !== undefined) throw this.unsubscribeError;
        return {};
      },
    };
  }

  protected reservations(): Partial<reservationV1.ReservationService> {
    return {
      reserve: (request) => {
        this.calls.push({ method: 'reserve', request });
        if (request.evseId === 2) throw new RequestError('FAILED_PRECONDITION', 'the EVSE is reserved', 'EvseReserved');
        const { idToken, groupId } = request;
        return Promise.resolve({ reservation: { ...reservation('R-1'), idToken, groupId } });
      },
      cancelReservation: (request) => {
        this.calls.push({ method: 'cancelReservation', request });
        const state = reservationV1.ReservationState.CANCELLED;
        return Promise.resolve({ reservation: { ...reservation(request.reservationId), state, endReason: request.reason, endedAt: AT } });
      },
      getReservation: ({ reservationId }) => Promise.resolve({ reservation: reservation(reservationId) }),
      listReservations: (request) => {
        this.calls.push({ method: 'listReservations', request });
        return Promise.resolve({ reservations: [reservation('R-1')], nextPageToken: 'more' });
      },
      putPolicy: (request) => {
        this.calls.push({ method: 'putPolicy', request });
        return Promise.resolve({ policy: request.policy === undefined ? undefined : { ...request.policy, version: 1 } });
      },
      getPolicy: ({ siteId }) => Promise.resolve({ policy: { ...POLICY, siteId }, own: false }),
    };
  }

  protected sessions(): Partial<sessionV1.SessionService> {
    return {
      listSessions: (request) => {
        this.calls.push({ method: 'listSessions', request });
        return Promise.resolve({ sessions: [session('s-1')], nextPageToken: 'more' });
      },
      getSession: ({ sessionId }) => {
        if (sessionId !== 's-1') throw new RequestError('NOT_FOUND', `session ${sessionId} is not known`);
        return Promise.resolve({ session: session('s-1') });
      },
      listMeterValues: () =>
        Promise.resolve({
          meterValues: [
            { at: AT, samples: [{ measurand: 'Power.Active.Import', value: 11_000, unit: 'W', phase: '', location: '', context: '' }] },
          ],
          nextPageToken: '',
        }),
      listSessionEvents: () =>
        Promise.resolve({
          events: [{ eventId: 'e-1', type: 'SessionStarted', at: AT, version: 1, causationId: 'c-1', dataJson: '{"a":1}' }],
        }),
      listQuarantined: () => Promise.resolve({ facts: [], nextPageToken: '' }),
    };
  }
}

/** A webhook subscription. */
export const subscription = (change: Partial<notificationV1.Subscription> = {}): notificationV1.Subscription => ({
  subscriptionId: 'sub-1',
  channel: notificationV1.Channel.WEBHOOK,
  target: 'https://partner.example/hook',
  pushKeys: undefined,
  filter: notificationV1.NotificationFilter.fromPartial({ kinds: ['BatteryAt'], idToken: 'TAG1' }),
  language: 'de',
  quietHours: undefined,
  ownerKind: 'Partner',
  ownerId: '',
  status: 'Active',
  createdAt: AT,
  updatedAt: AT,
  version: 2,
  expiresAt: undefined,
  timeZone: 'Europe/Berlin',
  ...change,
});

const delivery = (deliveryId: string): notificationV1.Delivery => ({
  deliveryId,
  subscriptionId: 'sub-1',
  channel: notificationV1.Channel.WEBHOOK,
  kind: 'BatteryAt',
  state: notificationV1.DeliveryState.DEAD,
  attempts: [{ at: AT, status: 500, error: 'the receiver answered 500', latencyMs: 12 }],
  nextAttemptAt: undefined,
  sessionId: 's-1',
  reservationId: '',
  stationId: 'CP-1',
  createdAt: AT,
  updatedAt: AT,
  bodyJson: '{"type":"BatteryAt"}',
});

const liveConnection = (stationId: string): connectionV1.Connection => ({
  stationId,
  connected: true,
  ocppVersion: 'ocpp1.6',
  dialect: '1.6J',
  instanceId: 'connection-1',
  epoch: 4,
  connectedAt: AT,
  lastSeenAt: AT,
  remoteAddress: '127.0.0.1',
  securityProfile: 1,
});

const POLICY: reservationV1.ReservationPolicy = {
  siteId: '',
  enabled: true,
  leadSecondsMax: 604_800,
  lengthSecondsMax: 7_200,
  lengthSecondsDefault: 1_800,
  activePerTokenMax: 1,
  expiringNoticeSeconds: 300,
  keepFreeSeconds: 900,
  openingHours: [],
  version: 0,
};

const reservation = (reservationId: string): reservationV1.Reservation => ({
  reservationId,
  number: 1,
  state: reservationV1.ReservationState.ACTIVE,
  siteId: '',
  stationId: 'CP-1',
  evseId: 1,
  connectorType: '',
  idToken: { idToken: 'TAG1', type: 'ISO14443' },
  groupId: '',
  startsAt: AT,
  keptFrom: AT,
  expiresAt: AT,
  stationHold: reservationV1.StationHold.NOT_SUPPORTED,
  stationStatus: '',
  endReason: '',
  endedAt: undefined,
  transactionId: '',
  chosenFrom: '',
  movedFrom: '',
  movedTo: '',
  createdAt: AT,
  updatedAt: AT,
  version: 2,
});
