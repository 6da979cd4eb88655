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

type Command = NonNullable<connectionV1.SendCommandRequest['command']>;

/** Commands to stations, by the connection service. That nobody is there is an answer too: nothing reached the station. */
export class StationCommands {
  constructor(private readonly connection: Pick<connectionV1.ConnectionService, 'sendCommand' | 'getConnection'>) {}

  /** Rejects only for a bug of ours. */
  async send(stationId: string, command: Command): Promise<CommandAnswer> {
    try {
      const { status, stationStatus, reason } = await this.connection.sendCommand({ stationId, timeoutMs: TIMEOUT_MS, command });
      return { status: STATUS[status] ?? 'Rejected', reason, ...(stationStatus === '' ? {} : { stationStatus }) };
    } catch (error) {
      if (!(error instanceof OperatingError)) throw error;
      return { status: error.code === 'ServiceUnreachable' ? 'Offline' : 'TimedOut', reason: error.message };
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
