import { setTimeout } from 'node:timers/promises';
import { whyDecided } from '@voltlog/authorization-contract';
import { OperatingError, RequestError } from '@voltlog/kernel';
import { connectionV1 } from '@voltlog/proto';
import type { SessionIdToken } from '@voltlog/session-contract';

/** What came of a command, in the words of the contract. */
export interface CommandAnswer {
  readonly status: 'Accepted' | 'Rejected' | 'NotSupported' | 'Offline' | 'TimedOut' | 'Busy';
  readonly stationStatus?: string;
  /** In plain words. */
  readonly reason: string;
}

/** A station has this long to answer, milliseconds. */
const TIMEOUT_MS = 25_000;
/** And its answer this long to come back. */
export const COMMAND_DEADLINE_MS = TIMEOUT_MS + 5_000;

const STATUS: Readonly<Partial<Record<connectionV1.CommandStatus, CommandAnswer['status']>>> = {
  [connectionV1.CommandStatus.ACCEPTED]: 'Accepted',
  [connectionV1.CommandStatus.REJECTED]: 'Rejected',
  [connectionV1.CommandStatus.NOT_SUPPORTED]: 'NotSupported',
  [connectionV1.CommandStatus.OFFLINE]: 'Offline',
  [connectionV1.CommandStatus.TIMED_OUT]: 'TimedOut',
  [connectionV1.CommandStatus.BUSY]: 'Busy',
};

/** A connection service that is started anew is asked again after these, as nothing was sent, milliseconds. */
const AGAIN_MS = [250, 500, 1_000];

type Command = NonNullable<connectionV1.SendCommandRequest['command']>;

/** Commands to stations, by the connection service. That nobody is there is an answer too: nothing reached the station. */
export class StationCommands {
  constructor(private readonly connection: Pick<connectionV1.ConnectionService, 'sendCommand' | 'getConnection' | 'authorizeToken'>) {}

  /** Rejects only for a bug of ours. */
  async send(stationId: string, command: Command): Promise<CommandAnswer> {
    const once = (): Promise<CommandAnswer | undefined> => this.sendOnce(stationId, command);
    return (await this.insisted(once)) ?? (await once()) ?? { status: 'Offline', reason: 'nobody could be asked who holds the station' };
  }

  /** Undefined: nobody was reached, however often it was tried. */
  private async insisted<Answer>(ask: () => Promise<Answer | undefined>): Promise<Answer | undefined> {
    for (const waitMs of AGAIN_MS) {
      const answer = await ask();
      if (answer !== undefined) return answer;
      await setTimeout(waitMs);
    }
    return undefined;
  }

  /** Undefined: nobody was reached. */
  private async judged(request: connectionV1.AuthorizeTokenRequest): Promise<connectionV1.AuthorizeTokenResponse | undefined> {
    try {
      return await this.connection.authorizeToken(request);
    } catch (error) {
      if (error instanceof OperatingError && error.code === 'ServiceUnreachable') return undefined;
      throw error;
    }
  }

  /** Undefined: nobody was reached. */
  private async sendOnce(stationId: string, command: Command): Promise<CommandAnswer | undefined> {
    try {
      const { status, stationStatus, reason } = await this.connection.sendCommand({ stationId, timeoutMs: TIMEOUT_MS, command });
      return { status: STATUS[status] ?? 'Rejected', reason, ...(stationStatus === '' ? {} : { stationStatus }) };
    } catch (error) {
      if (!(error instanceof OperatingError)) throw error;
      // Of anything but that it is not known what came of it.
      return error.code === 'ServiceUnreachable' ? undefined : { status: 'TimedOut', reason: error.message };
    }
  }

  /**
   * Whether a token may begin a transaction there now. The connection service answers, as it answers stations: also while authorization is
   * away, by the policy of the site.
   *
   * @throws {RequestError} `FAILED_PRECONDITION` with the word of the decision as its reason: it may not
   * @throws {OperatingError} when nobody can say, and the site lets nobody in meanwhile
   */
  async checkToken(stationId: string, evseId: number, idToken: SessionIdToken): Promise<void> {
    const request = { stationId, evseId, idToken, use: connectionV1.TokenUse.REQUEST_START, startsAt: undefined };
    const { status, reason } = (await this.insisted(() => this.judged(request))) ?? (await this.connection.authorizeToken(request));
    if (status === 'Accepted') return;
    throw new RequestError(
      'FAILED_PRECONDITION',
      `the token may not charge there: ${whyDecided(status, reason)}`,
      reason || `Token${status}`,
    );
  }

  /** False also when nobody can tell. */
  async isConnected(stationId: string): Promise<boolean> {
    try {
      return (await this.connection.getConnection({ stationId })).connection?.connected ?? false;
    } catch (error) {
      if (error instanceof OperatingError) return false;
      throw error;
    }
  }
}
