import type { SimulationClock } from '../time/clock.js';
import type { Timer } from '../time/timer-heap.js';
import type { BootReason, Dialect } from './dialect.js';
import { type Answer, numberAt, type Payload, textAt } from './protocol.js';
import type { Settings } from './settings.js';

/** The line as its registration sees it. */
export interface RegistrationHost {
  /** The CSMS has accepted the station, or the connection is back without a boot. */
  accepted(): void;
  /** A boot or a heartbeat may be sent. */
  due(): void;
  timeTold(currentTime: string): void;
}

/** Used when the CSMS gives 0: "the station chooses" (OCPP 1.6 §4.2). */
const HEARTBEAT_SECONDS = 300;

/**
 * Whether the CSMS has accepted the station, and its heartbeats since: Pending and Rejected wait for the interval and then ask again
 * (OCPP 1.6 §4.2, OCPP 2.0.1 Part 2 B01-B03).
 */
export class Registration {
  private state: 'none' | 'due' | 'waiting' | 'accepted' = 'none';
  private reason: BootReason = 'PowerUp';
  private heartbeatTimer: Timer | undefined;
  private bootTimer: Timer | undefined;
  private isBeating = false;

  constructor(
    private readonly clock: SimulationClock,
    private readonly settings: Settings,
    private readonly dialect: Dialect,
    private readonly host: RegistrationHost,
  ) {}

  get isAccepted(): boolean {
    return this.state === 'accepted';
  }

  get isHeartbeatDue(): boolean {
    return this.isBeating;
  }

  /** The station is switched on. */
  begin(): void {
    if (this.state === 'none') this.state = 'due';
  }

  /** A boot is to be sent; the station does little else until it is accepted. */
  require(reason: BootReason): void {
    this.reason = reason;
    this.state = 'due';
  }

  /** The socket is there. @param bootsAgain an accepted station boots all the same */
  connected(bootsAgain: boolean): void {
    if (this.state === 'accepted' && !bootsAgain) this.accept();
    else this.state = 'due';
  }

  disconnected(): void {
    this.isBeating = false;
    this.clock.cancel(this.heartbeatTimer);
    this.clock.cancel(this.bootTimer);
  }

  /** The reason for a boot that is to be sent now; it counts as sent. */
  takeBoot(): BootReason | undefined {
    if (this.state !== 'due') return undefined;
    this.state = 'waiting';
    return this.reason;
  }

  takeHeartbeat(): boolean {
    const isDue = this.isBeating;
    this.isBeating = false;
    return isDue;
  }

  heartbeat(): void {
    this.isBeating = true;
    this.host.due();
  }

  booted(answer: Answer): void {
    this.told(answer);
    if (answer.kind === 'lost') {
      this.state = 'due';
      return;
    }
    const payload: Payload = answer.kind === 'result' ? answer.payload : {};
    const interval = numberAt(payload, 'interval') ?? 0;
    if (textAt(payload, 'status') === 'Accepted') {
      if (interval > 0) this.settings.set(this.dialect.names.heartbeat, String(interval));
      this.accept();
      return;
    }
    this.bootTimer = this.clock.after((interval || HEARTBEAT_SECONDS) * 1000, () => {
      this.state = 'due';
      this.host.due();
    });
  }

  /** The answer to a boot or a heartbeat says what time it is. */
  told(answer: Answer): void {
    const currentTime = answer.kind === 'result' ? textAt(answer.payload, 'currentTime') : undefined;
    if (currentTime !== undefined) this.host.timeTold(currentTime);
  }

  /** Sets the next heartbeat by the setting as it is now. */
  scheduleHeartbeat(): void {
    this.clock.cancel(this.heartbeatTimer);
    const seconds = this.settings.number(this.dialect.names.heartbeat, HEARTBEAT_SECONDS) || HEARTBEAT_SECONDS;
    this.heartbeatTimer = this.clock.after(seconds * 1000, () => {
      this.heartbeat();
      this.scheduleHeartbeat();
    });
  }

  private accept(): void {
    this.state = 'accepted';
    this.scheduleHeartbeat();
    this.host.accepted();
  }
}
