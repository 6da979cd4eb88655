import { setTimeout } from 'node:timers/promises';
import { OperatingError } from '@voltlog/kernel';
import { connectionV1 } from '@voltlog/proto';

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
  constructor(private readonly connection: Pick<connectionV1.ConnectionService, 'sendCommand' | 'getConnection'>) {}

  /** Rejects only for a bug of ours. */
  async send(stationId: string, command: Command): Promise<CommandAnswer> {
    for (const waitMs of AGAIN_MS) {
      const answer = await this.sendOnce(stationId, command);
      if (answer !== undefined) return answer;
      await setTimeout(waitMs);
    }
    return (await this.sendOnce(stationId, command)) ?? { status: 'Offline', reason: 'nobody could be asked who holds the station' };
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
