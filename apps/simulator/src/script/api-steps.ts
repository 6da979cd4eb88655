import { isObject, listAt, numberAt, type Payload, textAt } from '../station/protocol.js';
import type { SimulatedStation } from '../station/station.js';
import { CsmsApi, type CsmsApiOptions, CsmsRefusal } from './csms-api.js';
import { includes } from './includes.js';
import { PlugAndChargeSteps } from './plug-and-charge-steps.js';
import type { ApiStep } from './steps.js';

type ChargeUntilStopped = Extract<ApiStep, { readonly do: 'chargeUntilStopped' }>;

/** Real ms between two looks at what the CSMS knows; when it has not come soon, less often. */
const LOOK_MS = 50;
const LATER_LOOK_MS = 500;
const SOON_MS = 2_000;
const MINUTE_MS = 60_000;

/** Plays the steps that somebody makes at the CSMS's side. */
export class ApiSteps {
  private readonly api: CsmsApi;
  private readonly plugAndCharge: PlugAndChargeSteps;
  private reservationId = '';
  /** What answers told, by the names that a script gave it. */
  private readonly kept = new Map<string, string>();
  private siteId: string | undefined;

  constructor(
    private readonly station: SimulatedStation,
    options: CsmsApiOptions,
  ) {
    this.api = new CsmsApi(options);
    this.plugAndCharge = new PlugAndChargeSteps(station, this.api);
  }

  /**
   * @param ms real ones that one thing asked for, or waited for, takes at most
   * @throws {Error} when it takes longer, or the CSMS says otherwise than expected
   */
  async perform(step: ApiStep, ms: number): Promise<void> {
    switch (step.do) {
      case 'api':
        return this.ask(step, ms);
      case 'awaitApi':
        return this.await(await this.filled(step.path, ms), ms, (body) => expectIn(body, step.answer));
      case 'chargeUntilStopped':
        return this.chargeUntilStopped(step, ms);
      default:
        return this.plugAndCharge.perform(step, ms);
    }
  }

  private async ask(step: Extract<ApiStep, { readonly do: 'api' }>, ms: number): Promise<void> {
    const { method, path, body, problem, again } = step;
    for (const since = Date.now(), deadline = since + ms; ; await this.rest(since)) {
      try {
        const answered = await this.api.call(method, await this.filled(path, ms), await this.filledBody(body, ms), ms);
        if (problem !== undefined) throw new Error(`expected the CSMS to refuse (${problem}), got ${JSON.stringify(answered)}`);
        this.note(answered, step);
        return;
      } catch (error) {
        if (problem !== undefined && error instanceof CsmsRefusal && error.problem === problem) return;
        if (again !== true || Date.now() > deadline) throw error;
      }
    }
  }

  private note(answered: unknown, { answer, keep = {} }: Extract<ApiStep, { readonly do: 'api' }>): void {
    expectIn(answered, answer);
    this.reservationId = textAt(answered, 'reservationId') ?? this.reservationId;
    for (const [name, field] of Object.entries(keep)) {
      const told = textAt(answered, field);
      if (told === undefined) throw new Error(`the CSMS did not tell ${field}: ${JSON.stringify(answered)}`);
      this.kept.set(name, /^https?:/.test(told) ? (told.split(/[#/]/).at(-1) ?? '') : told);
    }
  }

  /** Minute by minute, so that the CSMS has the time a real charge gives it. */
  private async chargeUntilStopped({ evse: evseId = 1, minutes }: ChargeUntilStopped, ms: number): Promise<void> {
    const { station } = this;
    const evse = station.evse(evseId);
    const path = await this.filled('/v1/sessions/{session}', ms);
    for (let minute = 0; minute < minutes; minute += 1) {
      if (evse?.transaction === undefined) return;
      await station.clock.pass(MINUTE_MS);
      await this.await(path, ms, (session) => {
        const wh = evse.transaction?.deliveredWh;
        const known = numberAt(session, 'energyWh') ?? 0;
        if (wh !== undefined && known < wh) throw new Error(`the CSMS knows ${known} of ${wh} Wh`);
      });
      await this.rest();
    }
    if (evse?.transaction !== undefined) throw new Error(`the charge goes on after ${minutes} minutes`);
  }

  /** Until what the CSMS says passes. */
  private async await<Found>(path: string, ms: number, check: (body: unknown) => Found): Promise<Found> {
    for (const since = Date.now(), deadline = since + ms; ; await this.rest(since)) {
      try {
        return check(await this.api.call('GET', path, undefined, ms));
      } catch (error) {
        if (Date.now() > deadline) throw error;
      }
    }
  }

  /** @param since when the first look was, real ms */
  private rest(since = Date.now()): Promise<void> {
    const ms = Date.now() - since < SOON_MS ? LOOK_MS : LATER_LOOK_MS;
    return new Promise((resolve) => this.station.clock.afterWall(ms, resolve));
  }

  /** What the words in braces stand for: see `ApiStep`. */
  private async filled(text: string, ms: number): Promise<string> {
    const named = text
      .replaceAll('{station}', this.station.id)
      .replaceAll('{reservation}', this.reservationId)
      .replaceAll('{transaction}', String(this.transactionId ?? ''))
      .replaceAll(/\{in:(-?\d+)\}/g, (_, seconds: string) => new Date(Date.now() + Number(seconds) * 1_000).toISOString());
    let whole = named;
    for (const [name, told] of this.kept) whole = whole.replaceAll(`{${name}}`, told);
    if (whole.includes('{site}')) whole = whole.replaceAll('{site}', await this.siteOfStation(ms));
    return whole.includes('{session}') ? whole.replaceAll('{session}', await this.sessionId(ms)) : whole;
  }

  private async filledBody(body: Payload | undefined, ms: number): Promise<Payload | undefined> {
    if (body === undefined) return undefined;
    const filled: unknown = JSON.parse(await this.filled(JSON.stringify(body), ms));
    return isObject(filled) ? filled : undefined;
  }

  private get transactionId(): string | number | undefined {
    return this.station.ledger.of(this.station.id).at(-1)?.transactionId;
  }

  private async siteOfStation(ms: number): Promise<string> {
    this.siteId ??= textAt(await this.api.call('GET', `/v1/stations/${encodeURIComponent(this.station.id)}`, undefined, ms), 'siteId');
    if (this.siteId === undefined) throw new Error(`the station ${this.station.id} is at no site`);
    return this.siteId;
  }

  private async sessionId(ms: number): Promise<string> {
    const { station } = this;
    for (const since = Date.now(), deadline = since + ms; ; await this.rest(since)) {
      // OCPP 1.6: not known before the CSMS has answered the start.
      const { transactionId } = this;
      if (transactionId !== undefined) {
        const query = `stationId=${encodeURIComponent(station.id)}&transactionId=${encodeURIComponent(transactionId)}`;
        const page = await this.api.call('GET', `/v1/sessions?${query}`, undefined, ms);
        const found = textAt(listAt(page, 'data')[0], 'sessionId');
        if (found !== undefined) return found;
      }
      if (Date.now() > deadline) throw new Error(`the CSMS has no session of transaction ${transactionId ?? '(none began)'}`);
    }
  }
}

function expectIn(body: unknown, expected: Payload | undefined): void {
  if (expected !== undefined && !includes(body, expected))
    throw new Error(`expected ${JSON.stringify(expected)} of the CSMS, got ${JSON.stringify(body)}`);
}
