import type { SimulationClock } from '../time/clock.js';
import type { Timer } from '../time/timer-heap.js';
import { isAsked } from './device-model.js';
import type { CommandOutcome } from './dialect.js';
import type { Evse } from './evse.js';
import { isObject, listAt, numberAt, type OcppVersion, type Payload, textAt } from './protocol.js';
import type { Sensor, Sensors } from './sensors.js';

const TYPES = ['UpperThreshold', 'LowerThreshold', 'Delta', 'Periodic', 'PeriodicClockAligned'] as const;
type MonitorType = (typeof TYPES)[number];
const CRITERIA: Readonly<Record<string, readonly MonitorType[]>> = {
  ThresholdMonitoring: ['UpperThreshold', 'LowerThreshold'],
  DeltaMonitoring: ['Delta'],
  PeriodicMonitoring: ['Periodic', 'PeriodicClockAligned'],
};

/** What the maker watches: an EVSE that is too hot. "3-Critical" by OCPP 2.0.1 Part 2 SetMonitoringDataType. */
const TOO_HOT = { type: 'UpperThreshold', value: 80, severity: 3 } as const;
/** Monitors beside those of the maker. */
const MONITORS_MAX = 50;
/** Events of all severities are sent until another level is set. */
const LEVEL_DEFAULT = 9;
const SECOND_MS = 1_000;

interface Monitor {
  readonly id: number;
  readonly sensor: Sensor;
  readonly type: MonitorType;
  readonly value: number;
  readonly severity: number;
  /** It watches while its EVSE has a transaction. */
  readonly transaction: boolean;
  readonly custom: boolean;
  alerting: boolean;
  /** Value that was last told; a delta counts from it. */
  told: number;
  timer: Timer | undefined;
}

/** What monitors need of their station. */
export interface MonitoringHost {
  readonly version: OcppVersion;
  readonly clock: SimulationClock;
  readonly sensors: Sensors;
  readonly line: { readonly isRegistered: boolean };
  evse(id: number): Evse | undefined;
  now(): number;
  timestamp(): string;
  call(action: string, payload: Payload): Promise<unknown>;
}

const status = (word: string, then?: () => void): CommandOutcome => ({
  answer: { payload: { status: word } },
  ...(then === undefined ? {} : { then }),
});

/** What a station watches by itself and tells. Source: OCPP 2.0.1 Part 2 N02 to N08 */
export class Monitoring {
  private monitors: Monitor[] = [];
  private level = LEVEL_DEFAULT;
  private lastId = 0;
  private lastEventId = 0;

  constructor(private readonly host: MonitoringHost) {
    this.preconfigure();
  }

  /** N04 */
  set(payload: Payload): CommandOutcome {
    const setMonitoringResult = listAt(payload, 'setMonitoringData')
      .filter(isObject)
      .map((item) => {
        const { component, variable, type, severity } = item;
        const [word, id] = this.setOne(item);
        return { status: word, type, severity, component, variable, ...(id === undefined ? {} : { id }) };
      });
    return { answer: { payload: { setMonitoringResult } }, then: () => this.look() };
  }

  /** N06; N06.FR.04: what the maker built in stays. */
  clear(payload: Payload): CommandOutcome {
    const clearMonitoringResult = listAt(payload, 'id').map((id) => {
      const monitor = this.monitors.find((each) => each.id === id);
      if (monitor === undefined) return { status: 'NotFound', id };
      if (!monitor.custom) return { status: 'Rejected', id };
      this.drop([monitor]);
      return { status: 'Accepted', id };
    });
    return { answer: { payload: { clearMonitoringResult } } };
  }

  /** N02 */
  report(payload: Payload): CommandOutcome {
    const criteria = listAt(payload, 'monitoringCriteria').flatMap((word) => CRITERIA[String(word)] ?? []);
    const wanted = listAt(payload, 'componentVariable');
    const found = this.monitors.filter(
      ({ sensor, type }) =>
        (criteria.length === 0 || criteria.includes(type)) && (wanted.length === 0 || wanted.some((item) => isAsked(item, sensor))),
    );
    if (found.length === 0) return status('EmptyResultSet');
    const sensors = [...new Set(found.map(({ sensor }) => sensor))];
    const requestId = numberAt(payload, 'requestId') ?? 0;
    return status('Accepted', () => {
      for (const [seqNo, sensor] of sensors.entries())
        void this.host.call('NotifyMonitoringReport', {
          requestId,
          seqNo,
          tbc: seqNo < sensors.length - 1,
          generatedAt: this.host.timestamp(),
          monitor: [
            { ...named(sensor), variableMonitoring: found.filter((each) => each.sensor === sensor).map((each) => this.told(each)) },
          ],
        });
    });
  }

  /** N03 */
  setBase(payload: Payload): CommandOutcome {
    const base = payload['monitoringBase'];
    if (base === 'HardWiredOnly') this.drop(this.monitors);
    else {
      if (base === 'FactoryDefault') this.drop(this.monitors);
      if (!this.monitors.some(({ custom }) => !custom)) this.preconfigure();
    }
    return status('Accepted');
  }

  /** N05 */
  setLevel(payload: Payload): CommandOutcome {
    const severity = numberAt(payload, 'severity') ?? LEVEL_DEFAULT;
    if (severity < 0 || severity > LEVEL_DEFAULT) return status('Rejected');
    this.level = severity;
    return status('Accepted');
  }

  /** N07: tells what has crossed a threshold or moved far enough since it was last told, and what is over. */
  look(): void {
    if (!this.host.line.isRegistered) return;
    for (const monitor of this.monitors) {
      const value = monitor.sensor.read();
      const watches = !monitor.transaction || this.transactionOf(monitor) !== undefined;
      switch (monitor.type) {
        case 'UpperThreshold':
        case 'LowerThreshold': {
          const beyond = watches && (monitor.type === 'UpperThreshold' ? value > monitor.value : value < monitor.value);
          if (beyond === monitor.alerting) break;
          monitor.alerting = beyond;
          this.tell(monitor, 'Alerting', value, beyond ? {} : { cleared: true });
          break;
        }
        case 'Delta':
          if (watches && Math.abs(value - monitor.told) >= monitor.value) this.tell(monitor, 'Delta', value);
          break;
        default:
      }
    }
  }

  stop(): void {
    for (const { timer } of this.monitors) this.host.clock.cancel(timer);
  }

  private setOne(item: Payload): readonly [word: string, id?: number] {
    const sensor = this.host.sensors.find(item);
    if (sensor === undefined)
      return [
        this.host.sensors.all.some(({ component }) => component === textAt(item, 'component', 'name'))
          ? 'UnknownVariable'
          : 'UnknownComponent',
      ];
    const type = TYPES.find((each) => each === item['type']);
    if (type === undefined) return ['UnsupportedMonitorType'];
    const value = numberAt(item, 'value') ?? 0;
    const severity = numberAt(item, 'severity') ?? LEVEL_DEFAULT;
    if ((type.startsWith('Periodic') && value < 1) || (type === 'Delta' && value < 0)) return ['Rejected'];
    const given = numberAt(item, 'id');
    const replaced = given === undefined ? undefined : this.monitors.find(({ id }) => id === given);
    // N04.FR.13, FR.16: an id is of a monitor that is there, and not of the maker's own.
    if (given !== undefined && (replaced === undefined || !replaced.custom || replaced.sensor !== sensor)) return ['Rejected'];
    const twin = this.monitors.find((each) => each.sensor === sensor && each.type === type && each.severity === severity);
    if (twin !== undefined && twin !== replaced) return ['Duplicate'];
    if (this.monitors.filter(({ custom }) => custom).length >= MONITORS_MAX && replaced === undefined) return ['Rejected'];
    if (replaced !== undefined) this.drop([replaced]);
    const { id } = this.add(sensor, { type, value, severity, transaction: item['transaction'] === true, custom: true }, given);
    return ['Accepted', id];
  }

  private preconfigure(): void {
    for (const sensor of this.host.sensors.all)
      if (sensor.variable === 'Temperature') this.add(sensor, { ...TOO_HOT, transaction: false, custom: false });
  }

  private add(
    sensor: Sensor,
    what: Pick<Monitor, 'type' | 'value' | 'severity' | 'transaction' | 'custom'>,
    id = (this.lastId +=
      1),
  ): Monitor {
    const monitor: Monitor = { id, sensor, ...what, alerting: false, told: sensor.read(), timer: undefined };
    this.monitors.push(monitor);
    this.wait(monitor);
    return monitor;
  }

  private drop(gone: readonly Monitor[]): void {
    for (const { timer } of gone) this.host.clock.cancel(timer);
    this.monitors = this.monitors.filter((monitor) => !gone.includes(monitor));
  }

  /** N08: its value again and again, from when it was set or on the marks of the clock. */
  private wait(monitor: Monitor): void {
    if (!monitor.type.startsWith('Periodic')) return;
    const everyMs = monitor.value * SECOND_MS;
    const inMs = monitor.type === 'Periodic' ? everyMs : everyMs - (this.host.now() % everyMs);
    monitor.timer = this.host.clock.after(inMs, () => {
      const watches = !monitor.transaction || this.transactionOf(monitor) !== undefined;
      if (watches && this.host.line.isRegistered) this.tell(monitor, 'Periodic', monitor.sensor.read());
      this.wait(monitor);
    });
  }

  private tell(monitor: Monitor, trigger: 'Alerting' | 'Delta' | 'Periodic', value: number, more: Payload = {}): void {
    monitor.told = value;
    if (monitor.severity > this.level) return;
    const timestamp = this.host.timestamp();
    const transactionId = this.transactionOf(monitor);
    this.lastEventId += 1;
    const event = {
      eventId: this.lastEventId,
      timestamp,
      trigger,
      actualValue: String(value),
      eventNotificationType: kindOf(monitor),
      variableMonitoringId: monitor.id,
      ...(transactionId === undefined ? {} : { transactionId }),
      ...(this.host.version === '2.1' ? { severity: monitor.severity } : {}),
      ...named(monitor.sensor),
      ...more,
    };
    void this.host.call('NotifyEvent', { generatedAt: timestamp, seqNo: 0, tbc: false, eventData: [event] });
  }

  private transactionOf({ sensor }: Monitor): string | undefined {
    const id = this.host.evse(sensor.evseId)?.transaction?.transactionId;
    return id === undefined ? undefined : String(id);
  }

  private told(monitor: Monitor): Payload {
    const { id, transaction, value, type, severity } = monitor;
    return { id, transaction, value, type, severity, ...(this.host.version === '2.1' ? { eventNotificationType: kindOf(monitor) } : {}) };
  }
}

const kindOf = ({ custom }: Monitor): string => (custom ? 'CustomMonitor' : 'PreconfiguredMonitor');
const named = ({ component, evseId, variable }: Sensor): Payload => ({
  component: { name: component, evse: { id: evseId } },
  variable: { name: variable },
});
