import { OperatingError } from '@voltlog/kernel';
import { connectionV1 } from '@voltlog/proto';

const { CommandStatus } = connectionV1;

type Command = NonNullable<connectionV1.SendCommandRequest['command']>;

/** What a station said to a command; `away`: it could not be asked, or did not answer, and may be asked again. */
export type Said =
  | { readonly kind: 'accepted'; readonly response: connectionV1.SendCommandResponse }
  | { readonly kind: 'refused'; readonly reason: string; readonly response: connectionV1.SendCommandResponse }
  | { readonly kind: 'away' };

/** Speaks to stations for intents: whatever goes wrong on the way is a station that is away. */
export class StationLine {
  constructor(private readonly connection: Pick<connectionV1.ConnectionService, 'sendCommand' | 'getConnection'>) {}

  async say(stationId: string, command: Command): Promise<Said> {
    let response: connectionV1.SendCommandResponse;
    try {
      response = await this.connection.sendCommand({ stationId, timeoutMs: 0, command });
    } catch (error) {
      if (error instanceof OperatingError) return { kind: 'away' };
      throw error;
    }
    switch (response.status) {
      case CommandStatus.ACCEPTED:
        return { kind: 'accepted', response };
      case CommandStatus.REJECTED:
      case CommandStatus.NOT_SUPPORTED:
        return { kind: 'refused', reason: response.reason, response };
      default:
        return { kind: 'away' };
    }
  }

  /** Its live connection; undefined: it has none, or nobody can tell. */
  async connectionOf(stationId: string): Promise<connectionV1.Connection | undefined> {
    const connection = await this.lookUp(stationId);
    return typeof connection === 'string' ? undefined : connection;
  }

  /** Its live connection, for who must know that it has none. */
  async lookUp(stationId: string): Promise<connectionV1.Connection | 'none' | 'unknown'> {
    try {
      const { connection } = await this.connection.getConnection({ stationId });
      return connection?.connected === true ? connection : 'none';
    } catch (error) {
      if (error instanceof OperatingError) return 'unknown';
      throw error;
    }
  }
}
