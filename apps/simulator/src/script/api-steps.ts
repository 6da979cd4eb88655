import { isObject, listAt, numberAt, type Payload, textAt } from '../station/protocol.js';
import type { SimulatedStation } from '../station/station.js';
import { CsmsApi, type CsmsApiOptions } from './csms-api.js';
import { includes } from './includes.js';
import { PlugAndChargeSteps } from './plug-and-charge-steps.js';
import type { ApiStep } from './steps.js';

type ChargeUntilStopped = Extract<ApiStep, { readonly do: 'chargeUntilStopped' }>;

/** Real ms between two looks at what the CSMS knows. */
const LOOK_MS = 50;
const MINUTE_MS = 60_000;

/** Plays the steps that somebody makes at the CSMS's side. */
export class ApiSteps {
  private readonly api: CsmsApi;
  private readonly plugAndCharge: PlugAndChargeSteps;
  private reservationId = '';

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

  private async ask({ method, path, body, answer, again }: Extract<ApiStep, { readonly do: 'api' }>, ms: number): Promise<void> {
    for (const deadline = Date.now() + ms; ; await this.rest()) {
      try {
        const answered = await this.api.call(method, await this.filled(path, ms), await this.filledBody(body, ms), ms);
        expectIn(answered, answer);
        this.reservationId = textAt(answered, 'reservationId') ?? this.reservationId;
        return;
      } catch (error) {
        if (again !== true || Date.now() > deadline) throw error;
      }
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
    for (const deadline = Date.now() + ms; ; await this.rest()) {
      const body = await this.api.call('GET', path, undefined, ms);
      try {
        return check(body);
      } catch (error) {
        if (Date.now() > deadline) throw error;
      }
    }
  }

  private rest(): Promise<void> {
    return new Promise((resolve) => this.station.clock.afterWall(LOOK_MS, resolve));
  }

  /** What the words in braces stand for: see `ApiStep`. */
  private async filled(text: string, ms: number): Promise<string> {
    const named = text
      .replaceAll('{station}', this.station.id)
      .replaceAll('{reservation}', this.reservationId)
      .replaceAll('{transaction}', String(this.transactionId ?? ''))
      .replaceAll(/\{in:(\d+)\}/g, (_, seconds: string) => new Date(Date.now() + Number(seconds) * 1_000).toISOString());
    return named.includes('{session}') ? named.replaceAll('{session}', await this.sessionId(ms)) : named;
  }

  private async filledBody(body: Payload | undefined, ms: number): Promise<Payload | undefined> {
    if (body === undefined) return undefined;
    const filled: unknown = JSON.parse(await this.filled(JSON.stringify(body), ms));
    return isObject(filled) ? filled : undefined;
  }

  private get transactionId(): string | number | undefined {
    return this.station.ledger.of(this.station.id).at(-1)?.transactionId;
  }

  private async sessionId(ms: number): Promise<string> {
    const { station } = this;
    for (const deadline = Date.now() + ms; ; await this.rest()) {
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
