import type { SimulationClock } from '../time/clock.js';
import type { Evse } from './evse.js';

/** A connector held for a driver, as the CSMS asked for it. */
export interface HoldRequest {
  /** OCPP reservationId. */
  readonly id: number;
  readonly idToken: string;
  /** 1.6 parentIdTag, 2.x groupIdToken. */
  readonly groupId: string | undefined;
  /** By the station's clock, ms since the Unix epoch. */
  readonly expiresAt: number;
}

export interface HoldHost {
  readonly clock: SimulationClock;
  readonly evses: readonly Evse[];
  now(): number;
  reportStatus(evseId: number): void;
  /** It expired before anybody came. */
  holdExpired(id: number): void;
}

/**
 * The connectors a station holds. Sources: OCPP 1.6 §3.6, §5.13; OCPP 2.0.1 Part 2 H01-H04.
 */
export class Holds {
  /** Groups of tokens, as the CSMS told them. */
  private readonly groups = new Map<string, string>();

  constructor(private readonly host: HoldHost) {}

  /** @param evse undefined: any that is free; the same id again replaces what is held. */
  reserve(evse: Evse | undefined, request: HoldRequest): 'Accepted' | 'Occupied' | 'Unavailable' | 'Rejected' {
    const before = this.host.evses.find(({ hold }) => hold?.id === request.id);
    const wanted = evse ?? before ?? this.host.evses.find((each) => isFree(each));
    if (wanted === undefined) return 'Occupied';
    if (!wanted.isOperative) return 'Unavailable';
    if (wanted !== before && !isFree(wanted)) return 'Occupied';
    if (request.expiresAt <= this.host.now()) return 'Rejected';
    if (before !== undefined) this.end(before);
    const timer = this.host.clock.after(request.expiresAt - this.host.now(), () => this.expire(wanted, request.id));
    wanted.hold = { ...request, timer };
    return 'Accepted';
  }

  /** Tells of the connectors whose hold changed; after the answer, as stations do. */
  told(): void {
    for (const { id } of this.host.evses) this.host.reportStatus(id);
  }

  /** @returns whether there was such a hold */
  cancel(id: number): boolean {
    const evse = this.host.evses.find(({ hold }) => hold?.id === id);
    if (evse === undefined) return false;
    this.end(evse);
    return true;
  }

  /** The station has lost them all, and tells nobody. */
  forget(): void {
    for (const evse of this.host.evses) this.end(evse);
  }

  /** Whether this card may charge here: nothing is held, or for it, or for its group. */
  admits(evse: Evse, idToken: string): boolean {
    const { hold } = evse;
    if (hold === undefined || hold.idToken.toUpperCase() === idToken.toUpperCase()) return true;
    return hold.groupId !== undefined && this.groups.get(idToken.toUpperCase()) === hold.groupId;
  }

  /** A transaction begins: its hold is over. @returns the number of the hold, which the start has to tell */
  use(evse: Evse): number | undefined {
    const id = evse.hold?.id;
    this.end(evse);
    return id;
  }

  /** The CSMS said which group a token is of. */
  learn(idToken: string, groupId: string | undefined): void {
    if (groupId !== undefined) this.groups.set(idToken.toUpperCase(), groupId);
  }

  /** As far as the CSMS has told it. */
  groupOf(idToken: string): string | undefined {
    return this.groups.get(idToken.toUpperCase());
  }

  private expire(evse: Evse, id: number): void {
    if (evse.hold?.id !== id) return;
    evse.hold = undefined;
    this.host.reportStatus(evse.id);
    this.host.holdExpired(id);
  }

  private end(evse: Evse): void {
    this.host.clock.cancel(evse.hold?.timer);
    evse.hold = undefined;
  }
}

const isFree = (evse: Evse): boolean =>
  evse.isOperative && evse.car === undefined && evse.transaction === undefined && evse.hold === undefined;
