import { randomUUID } from 'node:crypto';
import type { Api } from './api.js';
import { eventually } from './eventually.js';
import type { SessionView } from './fleet.js';

/** A crash, a consumer that is missed by its group, a command that is asked again: each takes its time. */
export const DEADLINE_MS = 120_000;

export interface StartRequest {
  readonly startRequestId: string;
  readonly state: string;
  readonly sessionId: string | null;
}

/** An app whose driver insists: what got no answer is asked again. */
export class InsistentApp {
  constructor(private readonly api: Api) {}

  /**
   * Asks until there is an answer.
   *
   * @param patient waits until the key that an ask which died has taken is free again; else it is given up: whoever asked looks at what
   * came of it
   */
  async post(path: string, body?: object, patient = false): Promise<{ readonly status: number; readonly body: Record<string, unknown> }> {
    let key = randomUUID();
    return eventually(
      `an answer to POST ${path}`,
      async () => {
        const answer = await this.api.call('POST', path, body, { 'idempotency-key': key });
        const isTaken = String(answer.body['type']).includes('idempotency');
        if (isTaken && !patient) key = randomUUID();
        if (!isTaken && answer.status < 500) return answer;
        throw new Error(JSON.stringify(answer.body));
      },
      DEADLINE_MS,
    );
  }

  get<Body>(path: string): Promise<Body> {
    return eventually(`an answer to GET ${path}`, () => this.api.get<Body>(path), DEADLINE_MS);
  }

  /** Until the station accepts; every request that was made on the way, the accepted one last. */
  async start(order: object, patient = false): Promise<readonly string[]> {
    const made: string[] = [];
    await eventually(
      'the station accepts the start',
      async () => {
        const { status, body } = await this.post('/v1/start-requests', order, patient);
        if (status !== 201) throw new Error(JSON.stringify(body));
        made.push(String(body['startRequestId']));
        return body['state'] === 'Accepted' || undefined;
      },
      DEADLINE_MS,
    );
    return made;
  }

  startRequest(startRequestId: string, is: (found: StartRequest) => boolean = () => true): Promise<StartRequest> {
    return eventually(
      `the start request ${startRequestId}`,
      async () => {
        const found = await this.api.get<StartRequest>(`/v1/start-requests/${startRequestId}`);
        return is(found) ? found : undefined;
      },
      DEADLINE_MS,
    );
  }

  session<Session extends SessionView>(stationId: string, is: (found: Session) => boolean = () => true): Promise<Session> {
    return eventually(
      `a session of ${stationId}`,
      async () => {
        const { data } = await this.api.get<{ data: Session[] }>(`/v1/sessions?stationId=${stationId}`);
        return data[0] !== undefined && is(data[0]) ? data[0] : undefined;
      },
      DEADLINE_MS,
    );
  }

  /** Until no delivery about a station waits any more. */
  async toldAll(stationId: string): Promise<void> {
    const untold = async (): Promise<number> => {
      const { data } = await this.api.get<{ data: { stationId: string }[] }>('/v1/deliveries?state=Pending&limit=200');
      return data.filter((delivery) => delivery.stationId === stationId).length;
    };
    await eventually('nothing is left to tell', async () => (await untold()) === 0 || undefined, DEADLINE_MS);
  }
}
