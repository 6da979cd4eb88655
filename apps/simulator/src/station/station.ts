import { randomUUID } from 'node:crypto';
import { isoTime } from '@voltlog/kernel';
import type { Car } from '../car/car.js';
import { Ledger, type LedgerEntry } from '../ledger.js';
import { ScaledClock, type SimulationClock } from '../time/clock.js';
import { type Tap, tap } from './card-reader.js';
import type { BootReason, CommandOutcome, Dialect, Moment, StopReason } from './dialect.js';
import { DIALECT_16 } from './dialect-v16.js';
import { DIALECT_21 } from './dialect-v21.js';
import { DIALECT_201 } from './dialect-v201.js';
import { Display } from './display.js';
import { Evse } from './evse.js';
import { FirmwarePublisher } from './firmware-publisher.js';
import { FirmwareUpdate } from './firmware-update.js';
import { type HoldHost, Holds } from './holds.js';
import { Line, type LineEvent, type LineHost } from './line.js';
import { LIST_LIMITS, LocalList } from './local-list.js';
import { LogUpload } from './log-upload.js';
import { Monitoring } from './monitoring.js';
import { type Answer, type OcppVersion, type Payload } from './protocol.js';
import { Sensors } from './sensors.js';
import { Settings } from './settings.js';
import { CALL_TIMEOUT_MS, type Identity, ONE_OUTLET, RECONNECT_MS, type StationOptions } from './station-options.js';
import { StationSecurity } from './station-security.js';
import { reachedLimit, secondsToLimit } from './transaction-limit.js';
import type { TransactionMessage } from './transaction-queue.js';

const DIALECTS: Readonly<Record<OcppVersion, Dialect>> = { '1.6': DIALECT_16, '2.0.1': DIALECT_201, '2.1': DIALECT_21 };

/** What a transaction begins with besides a token. */
export interface StartWith {
  readonly remoteStartId?: number | undefined;
  /** OCPP 2.x IdTokenEnumType; absent: a card's. */
  readonly type?: string | undefined;
}

/** A charging station with its cars, speaking OCPP 1.6J, 2.0.1 or 2.1 to any CSMS. */
export class SimulatedStation implements LineHost, HoldHost {
  readonly id: string;
  readonly version: OcppVersion;
  readonly evses: readonly Evse[];
  readonly clock: SimulationClock;
  readonly ledger: Ledger;
  identity: Identity;
  readonly settings: Settings;
  readonly security: StationSecurity;
  /** The station's socket and what waits for it; scripts cut, hold and repeat through it. */
  readonly line: Line;
  readonly holds: Holds;
  readonly display = new Display();
  readonly sensors: Sensors;
  /** What it watches by itself; a 1.6 station has no words for it. */
  readonly monitoring: Monitoring;
  readonly firmware: FirmwareUpdate;
  /** undefined: it is no local controller. */
  readonly publisher: FirmwarePublisher | undefined;
  readonly logUpload = new LogUpload(this);
  /** undefined: it keeps none. */
  readonly localList: LocalList | undefined;
  private readonly dialect: Dialect;
  private clockOffsetMs: number;
  private isResetDue = false;

  constructor(private readonly options: StationOptions) {
    const { id, version } = options;
    this.id = id;
    this.version = version;
    this.clock = options.clock ?? new ScaledClock();
    this.ledger = options.ledger ?? new Ledger();
    this.clockOffsetMs = options.clockOffsetMs ?? 0;
    this.dialect = DIALECTS[version];
    this.settings = new Settings(this.dialect.settings);
    for (const [name, value] of Object.entries(options.settings ?? {})) this.settings.set(name, value);
    this.evses = (options.evses ?? ONE_OUTLET).map((evse, index) => new Evse(index + 1, evse.kind, evse.powerWMax, evse.registerWh));
    this.holds = new Holds(this);
    this.sensors = new Sensors(this.evses);
    this.monitoring = new Monitoring(this);
    this.firmware = new FirmwareUpdate(this, options.firmware ?? 'installs');
    this.publisher = options.publishes === undefined ? undefined : new FirmwarePublisher(this, options.publishes);
    this.localList = options.localList === false ? undefined : new LocalList(options.localList ?? LIST_LIMITS);
    this.identity = { vendor: 'Voltlog', model: 'Simulated', serialNumber: id.slice(-25), firmwareVersion: '1.0.0', ...options.identity };
    const urls: readonly [string, ...string[]] = typeof options.url === 'string' ? [options.url] : options.url;
    const profile = options.password === undefined ? 0 : 1;
    this.security = new StationSecurity(id, urls, options.password, options.security ?? { profile });
    this.line = new Line(
      {
        way: this.security,
        stationId: id,
        callTimeoutMs: options.callTimeoutMs ?? CALL_TIMEOUT_MS,
        callPassword: options.callPassword,
        reconnectMs: options.reconnectMs ?? RECONNECT_MS,
        random: options.random ?? Math.random,
        retryIds: options.retryIds ?? 'new',
        bootOnReconnect: options.bootOnReconnect ?? true,
      },
      this.dialect,
      this,
    );
  }

  /** Switches the station on, or the network back; resolves when the CSMS has accepted the boot, however long that takes. */
  async connect(): Promise<void> {
    this.line.connect();
    await this.line.until(() => this.line.isRegistered);
  }

  /** The network is gone: `broken` as when a cable is cut, `orderly` with a closing handshake. Stays so until `connect`. */
  async goOffline(how: 'orderly' | 'broken' = 'broken'): Promise<void> {
    this.line.disconnect(how);
    await this.line.until(() => !this.line.isOpen);
  }

  /** Switches the station off for good. What is queued stays queued. */
  async stop(): Promise<void> {
    this.line.close();
    this.firmware.stop();
    this.publisher?.stop();
    this.logUpload.stop();
    for (const evse of this.evses) for (const timer of [evse.sampleTimer, evse.limitTimer]) this.clock.cancel(timer);
    this.holds.forget();
    this.monitoring.stop();
    await this.line.until(() => !this.line.isOpen);
  }

  /** Loses power or restarts: transactions end with the reason, the socket breaks, the station boots again. */
  async reboot(reason: StopReason = 'Reboot', bootReason: BootReason = 'PowerUp'): Promise<void> {
    for (const evse of this.evses) {
      this.stopTransaction(evse.id, reason);
      this.forgetStart(evse);
    }
    if (this.options.forgetsHolds === true) this.holds.forget();
    if (this.options.forgetsList === true) this.localList?.forget();
    await this.goOffline(reason === 'PowerLoss' ? 'broken' : 'orderly');
    this.line.restart(bootReason);
    for (const evse of this.evses) evse.reportedStatus = undefined;
    await this.connect();
  }

  /** Resolves when everything that can be sent was sent and answered. */
  idle(): Promise<void> {
    return this.line.until(() => this.line.isIdle);
  }

  call(action: string, payload: Payload): Promise<Answer> {
    return this.line.call(action, payload);
  }

  /** By the station's own clock, ms since the Unix epoch. */
  now(): number {
    return this.clock.now() + this.clockOffsetMs;
  }

  timestamp(): string {
    return isoTime(this.now());
  }

  /** @param offsetMs how far the station's clock is ahead of the true time; negative: behind */
  setClock(offsetMs: number): void {
    this.clockOffsetMs = offsetMs;
  }

  // ---- what happens at the plug ----

  evse(id: number): Evse | undefined {
    return this.evses[id - 1];
  }

  evseOf(matches: (entry: LedgerEntry) => boolean): Evse | undefined {
    return this.evses.find((evse) => evse.transaction !== undefined && matches(evse.transaction));
  }

  /** The EVSE that was asked for, or any, one with a car first; only where a transaction may start. */
  freeEvse(id: number | undefined): Evse | undefined {
    const free = this.evses.filter((evse) => evse.transaction === undefined && evse.isOperative && (id === undefined || evse.id === id));
    return free.find((evse) => evse.car !== undefined) ?? free[0];
  }

  plugIn(evseId: number, car: Car): void {
    const evse = this.known(evseId);
    if (evse.car !== undefined) throw new Error(`${this.id}: a car is at EVSE ${evseId} already`);
    evse.meter(this.clock.now());
    evse.car = car;
    const { pendingStart, transaction } = evse;
    if (transaction !== undefined) this.goesOn(evse, transaction);
    this.reportStatus(evseId);
    if (pendingStart !== undefined && this.swipe(evseId, pendingStart.idToken, pendingStart) === undefined) this.forgetStart(evse);
  }

  /** Takes the cable out; a transaction ends by it, or waits for the car where the station is set so. */
  unplug(evseId: number): Car | undefined {
    const evse = this.known(evseId);
    if (this.settings.flag(this.dialect.names.stopOnUnplug)) this.stopTransaction(evseId, 'EVDisconnected');
    evse.meter(this.clock.now());
    const { car, transaction } = evse;
    evse.car = undefined;
    if (transaction !== undefined) this.goesOn(evse, transaction);
    this.reportStatus(evseId);
    return car;
  }

  /** Gives a transaction no power, or power again. */
  pause(evseId: number, isPaused: boolean): void {
    const evse = this.known(evseId);
    evse.meter(this.clock.now());
    evse.isPaused = isPaused;
    if (evse.transaction !== undefined) this.goesOn(evse, evse.transaction);
    this.reportStatus(evseId);
  }

  /** A car came, or went, or is given no power, while a transaction runs. Source: OCPP 2.0.1 Part 2 E10 */
  private goesOn(evse: Evse, transaction: LedgerEntry): void {
    evse.powerW = evse.isPaused ? 0 : (evse.car?.powerW(evse.kind, evse.powerWMax) ?? 0);
    this.tell(evse, transaction, { stage: 'Updated', stateChanged: true });
    this.watch();
  }

  /** Asks the CSMS about a token. @returns its status, e.g. `Accepted`, or `undefined` when there was no such answer */
  async authorize(idToken: string): Promise<string | undefined> {
    const answer = await this.call('Authorize', this.dialect.authorize(idToken));
    if (answer.kind !== 'result') return undefined;
    this.holds.learn(idToken, this.dialect.groupOf(answer.payload));
    return this.dialect.tokenStatus(answer.payload);
  }

  /** A card at the reader of an EVSE: a transaction begins, unless the connector is held for somebody else. */
  swipe(evseId: number, idToken: string, how: StartWith = {}): LedgerEntry | undefined {
    return this.holds.admits(this.known(evseId), idToken) ? this.start(evseId, idToken, how) : undefined;
  }

  /** A card at the reader of an EVSE, decided as stations do: it starts, it stops what runs there, or it is refused. */
  tap(evseId: number, idToken: string): Promise<Tap> {
    this.known(evseId);
    return tap(this, evseId, idToken);
  }

  /** Its members stop any transaction; undefined: there is no such group. */
  get masterPassGroup(): string | undefined {
    return this.settings.get(this.dialect.names.masterPassGroup)?.value || undefined;
  }

  /** Whether the list may answer while the CSMS could be asked. */
  get asksListFirst(): boolean {
    return this.settings.flag(this.dialect.names.preAuthorize);
  }

  /** Whether a card that is not known may start while the CSMS cannot be asked. */
  get letsInUnknown(): boolean {
    return this.settings.flag(this.dialect.names.offlineUnknown);
  }

  /**
   * Starts a transaction at once, offline too; what the CSMS says to it comes later.
   *
   * @throws {Error} where one runs, or the connector is held for somebody else: {@link swipe} does what a reader does then
   */
  start(evseId: number, idToken: string, { remoteStartId, type }: StartWith = {}): LedgerEntry {
    const evse = this.known(evseId);
    if (evse.transaction !== undefined) throw new Error(`${this.id}: EVSE ${evseId} has a transaction already`);
    if (!this.holds.admits(evse, idToken)) throw new Error(`${this.id}: EVSE ${evseId} is held for somebody else`);
    const reservationId = this.holds.use(evse);
    this.forgetStart(evse);
    evse.meteredAt = this.clock.now();
    const entry = this.ledger.open({
      stationId: this.id,
      version: this.version,
      transactionId: this.version === '1.6' ? undefined : randomUUID(),
      evseId,
      connectorId: this.version === '1.6' ? evseId : evse.connectorId,
      idToken,
      ...(type === undefined ? {} : { idTokenType: type }),
      startedAt: this.now(),
      meterStartWh: evse.shownWh,
      offlineStart: !this.line.isRegistered,
      remoteStartId,
    });
    evse.transaction = entry;
    evse.powerW = evse.car?.powerW(evse.kind, evse.powerWMax) ?? 0;
    this.tell(evse, entry, { stage: 'Started', ...(reservationId === undefined ? {} : { reservationId }) });
    this.scheduleSample(evse);
    this.reportStatus(evseId);
    this.watch();
    return entry;
  }

  /**
   * Ends the transaction of an EVSE; nothing where there is none.
   *
   * @param stopToken the token that stopped it, when one did
   * @param stopAsTransactionId 1.6: the id to send, when the station has lost the true one
   */
  stopTransaction(evseId: number, reason: StopReason = 'Local', stopToken?: string, stopAsTransactionId?: number): LedgerEntry | undefined {
    const evse = this.known(evseId);
    const entry = evse.transaction;
    if (entry === undefined) return undefined;
    evse.meter(this.clock.now());
    this.clock.cancel(evse.sampleTimer);
    this.clock.cancel(evse.limitTimer);
    evse.kept = undefined;
    entry.stoppedAt = this.now();
    entry.meterStopWh = evse.shownWh;
    entry.stopReason = reason;
    entry.stop = 'queued';
    evse.transaction = undefined;
    evse.powerW = 0;
    this.tell(evse, entry, {
      stage: 'Ended',
      ...(stopToken === undefined ? {} : { stopToken }),
      ...(stopAsTransactionId === undefined ? {} : { stopAsTransactionId }),
    });
    if (evse.scheduledOperative !== undefined) evse.isOperative = evse.scheduledOperative;
    evse.scheduledOperative = undefined;
    this.reportStatus(evseId);
    this.watch();
    if (this.isResetDue && this.evseOf(() => true) === undefined) this.reset('SoftReset');
    return entry;
  }

  /** Reads the meter and tells, where there is a transaction. */
  sampleNow(evseId?: number): void {
    for (const evse of this.evses) {
      if (evse.transaction === undefined || (evseId !== undefined && evse.id !== evseId)) continue;
      const charged = evse.powerW > 0;
      evse.meter(this.clock.now());
      this.tell(evse, evse.transaction, { stage: 'Updated', stateChanged: charged !== evse.powerW > 0 });
      this.reportStatus(evse.id);
      this.watch();
    }
  }

  // ---- what commands do ----

  command(action: string, payload: Payload): CommandOutcome {
    return this.dialect.command(this, action, payload);
  }

  /**
   * Starts when a car is there, else as soon as one is, unless none comes in time; asks about the token first where the settings say so.
   * Source: OCPP 1.6 §9.1.5 (ConnectionTimeOut), OCPP 2.0.1 Part 2 E03 (EVConnectionTimeOut)
   */
  remoteStart(evseId: number, idToken: string, remoteStartId: number | undefined): void {
    const evse = this.known(evseId);
    const begin = (): void => {
      if (evse.transaction !== undefined) return;
      if (evse.car !== undefined) return void this.swipe(evseId, idToken, { remoteStartId });
      this.forgetStart(evse);
      const waitSeconds = this.settings.number(this.dialect.names.connectionTimeout, 0);
      const lapse = waitSeconds > 0 ? this.clock.after(waitSeconds * 1_000, () => this.forgetStart(evse)) : undefined;
      evse.pendingStart = { idToken, remoteStartId, lapse };
    };
    if (!this.settings.flag(this.dialect.names.authorizeRemote)) begin();
    else void this.authorize(idToken).then((status) => (status === 'Accepted' ? begin() : undefined));
  }

  private forgetStart(evse: Evse): void {
    this.clock.cancel(evse.pendingStart?.lapse);
    evse.pendingStart = undefined;
  }

  /** It has other firmware from its next boot on. */
  runs(firmwareVersion: string): void {
    this.identity = { ...this.identity, firmwareVersion };
  }

  /** Restarts at once, by the CSMS's wish. */
  reset(reason: 'SoftReset' | 'HardReset'): void {
    this.isResetDue = false;
    void this.reboot(reason, 'RemoteReset');
  }

  get canReserve(): boolean {
    return this.options.canReserve ?? true;
  }

  holdExpired(id: number): void {
    this.dialect.holdExpired(this, id);
  }

  resetWhenIdle(): void {
    this.isResetDue = true;
  }

  /** Asks for a certificate for a new key. */
  requestCertificate(): void {
    void this.security.request().then((csr) => this.call('SignCertificate', { csr }));
  }

  /** Connects again, with whatever is new about its password or its security profile. */
  reconnect(): void {
    this.line.dropConnection();
  }

  /** An EVSE gets hot, or cools down. */
  heat(evseId: number, celsius: number): void {
    this.known(evseId);
    this.sensors.heat(evseId, celsius);
    this.watch();
  }

  private watch(): void {
    if (this.version !== '1.6') this.monitoring.look();
  }

  unlock(evseId: number): void {
    this.stopTransaction(evseId, 'UnlockCommand');
  }

  /** @param evseId absent: the whole station */
  changeAvailability(evseId: number | undefined, isOperative: boolean): 'Accepted' | 'Scheduled' {
    let outcome: 'Accepted' | 'Scheduled' = 'Accepted';
    for (const evse of this.evses) {
      if (evseId !== undefined && evse.id !== evseId) continue;
      if (evse.transaction !== undefined && !isOperative) {
        evse.scheduledOperative = false;
        outcome = 'Scheduled';
        continue;
      }
      evse.scheduledOperative = undefined;
      evse.isOperative = isOperative;
      this.reportStatus(evse.id);
    }
    return outcome;
  }

  settingsChanged(): void {
    this.line.scheduleHeartbeat();
    for (const evse of this.evses) if (evse.transaction !== undefined) this.scheduleSample(evse);
  }

  /** Tells a connector's status where it changed, or all of them anyway. */
  reportStatus(evseId?: number, always = false): void {
    for (const evse of this.evses) {
      if (evseId !== undefined && evse.id !== evseId) continue;
      const status = this.dialect.statusWord(evse);
      if (!always && status === evse.reportedStatus) continue;
      evse.reportedStatus = status;
      if (this.line.isRegistered) void this.call('StatusNotification', this.dialect.status(evse, status, this.timestamp()));
    }
  }

  reportMeter(evseId?: number): void {
    for (const evse of this.evses) {
      if (evseId !== undefined && evse.id !== evseId) continue;
      evse.meter(this.clock.now());
      void this.call('MeterValues', this.dialect.meterValues(evse, this.timestamp()));
    }
  }

  // ---- the line tells ----

  bootPayload(reason: BootReason): Payload {
    return this.dialect.boot(this, reason);
  }

  registered(): void {
    this.reportStatus(undefined, true);
    this.watch();
  }

  timeTold(currentTime: string): void {
    const told = Date.parse(currentTime);
    if (this.options.syncClock === true && Number.isFinite(told)) this.clockOffsetMs = told - this.clock.now();
  }

  transactionAnswered(message: TransactionMessage, answer: Payload): void {
    const { entry, stage } = message;
    const status = this.dialect.tokenStatus(answer);
    if (status !== undefined) entry.tokenStatus = status;
    this.holds.learn(entry.idToken, this.dialect.groupOf(answer));
    if (stage === 'Ended') entry.stop = 'answered';
    if (stage === 'Started') {
      entry.start = 'answered';
      this.dialect.startAnswered(entry, answer);
    }
    const evse = this.evseOf((running) => running === entry);
    if (evse !== undefined) this.limitTold(evse, entry, answer);
    const refused = status !== undefined && status !== 'Accepted' && stage !== 'Ended';
    if (refused && evse !== undefined && this.settings.flag(this.dialect.names.stopOnInvalid))
      this.stopTransaction(evse.id, 'DeAuthorized');
  }

  transactionAbandoned(message: TransactionMessage, code: string): void {
    const { entry, stage, action } = message;
    entry.abandonedMessages += 1;
    if (stage === 'Started') entry.start = 'abandoned';
    if (stage === 'Ended') entry.stop = 'abandoned';
    this.options.onEvent?.({ type: 'abandoned', stationId: this.id, action, code });
  }

  observe(event: LineEvent): void {
    this.options.onEvent?.({ ...event, stationId: this.id });
  }

  /** The CSMS told what the transaction of an EVSE costs so far. */
  costTold(evse: Evse, totalCost: number): void {
    evse.kept = { limit: {}, ...evse.kept, totalCost };
    this.keepLimit(evse);
  }

  /** OCPP 2.1 Part 2 E16: a limit that is new is told back, and kept. */
  private limitTold(evse: Evse, entry: LedgerEntry, answer: Payload): void {
    const limit = this.dialect.limitOf?.(answer);
    if (limit !== undefined) {
      evse.kept = { ...evse.kept, limit };
      evse.meter(this.clock.now());
      this.tell(evse, entry, { stage: 'Updated', limit });
      this.keepLimit(evse);
    }
    const totalCost = this.dialect.totalCostOf?.(answer);
    if (totalCost !== undefined) this.costTold(evse, totalCost);
  }

  /** Ends the transaction when its limit is reached; else looks again when that will be. */
  private keepLimit(evse: Evse): void {
    this.clock.cancel(evse.limitTimer);
    if (evse.kept === undefined || evse.transaction === undefined) return;
    evse.meter(this.clock.now());
    const reason = reachedLimit(evse, evse.kept, this.now());
    if (reason !== undefined) {
      this.stopTransaction(evse.id, reason);
      return;
    }
    const seconds = secondsToLimit(evse, evse.kept, this.now());
    if (seconds !== undefined) evse.limitTimer = this.clock.after(seconds * 1_000, () => this.keepLimit(evse));
  }

  private tell(
    evse: Evse,
    entry: LedgerEntry,
    what: Pick<Moment, 'stage' | 'stopToken' | 'stopAsTransactionId' | 'stateChanged' | 'reservationId' | 'limit'>,
  ): void {
    const { stage } = what;
    const payload = this.dialect.transactionMessage({ ...what, evse, entry, at: this.timestamp(), offline: !this.line.isRegistered });
    this.line.queue.add({ action: this.dialect.actionOf(stage), stage, entry, payload });
    this.options.onEvent?.({ type: 'transaction', stationId: this.id, stage, entry });
    this.line.flush();
  }

  private scheduleSample(evse: Evse): void {
    this.clock.cancel(evse.sampleTimer);
    const seconds = this.settings.number(this.dialect.names.sample, 60);
    if (seconds <= 0) return;
    evse.sampleTimer = this.clock.after(seconds * 1000, () => {
      this.sampleNow(evse.id);
      if (evse.transaction !== undefined) this.scheduleSample(evse);
    });
  }

  private known(evseId: number): Evse {
    const evse = this.evse(evseId);
    if (evse === undefined) throw new RangeError(`${this.id} has no EVSE ${evseId}`);
    return evse;
  }
}
