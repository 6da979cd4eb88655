import { OperatingError } from '@voltlog/kernel';
import { connectionV1 } from '@voltlog/proto';

type Command = NonNullable<connectionV1.SendCommandRequest['command']>;
type Answer = Partial<connectionV1.SendCommandResponse>;

const { CommandStatus } = connectionV1;

/** The connection service as the session service sees it: keeps what was sent, answers as it is told. */
export class FakeStations implements Pick<connectionV1.ConnectionService, 'sendCommand' | 'getConnection' | 'authorizeToken'> {
  readonly sent: { readonly stationId: string; readonly command: Command }[] = [];
  connected = true;
  /** Tokens that may not charge, and why. */
  readonly refused = new Map<string, string>();
  authorizationAway = false;
  /** The answers to come; after them `Accepted`. */
  answers: (Answer | Error | Promise<Answer>)[] = [];

  async sendCommand({ stationId, command }: connectionV1.SendCommandRequest): Promise<connectionV1.SendCommandResponse> {
    if (command === undefined) throw new Error('no command');
    this.sent.push({ stationId, command });
    const answer = this.connected ? await (this.answers.shift() ?? { stationStatus: 'Accepted' }) : { status: CommandStatus.OFFLINE };
    if (answer instanceof Error) throw answer;
    return { ...NOTHING, ...answer };
  }

  async authorizeToken({ idToken }: connectionV1.AuthorizeTokenRequest): Promise<connectionV1.AuthorizeTokenResponse> {
    if (this.authorizationAway) throw new OperatingError('ServiceUnavailable', 'away');
    const reason = this.refused.get(idToken?.idToken ?? '');
    return { status: reason === undefined ? 'Accepted' : 'Blocked', reason: reason ?? '', decisionId: '' };
  }

  async getConnection({ stationId }: connectionV1.GetConnectionRequest): Promise<connectionV1.GetConnectionResponse> {
    return {
      connection: {
        stationId,
        connected: this.connected,
        ocppVersion: 'ocpp1.6',
        dialect: '',
        instanceId: 'c',
        epoch: 1,
        connectedAt: undefined,
        lastSeenAt: undefined,
        remoteAddress: '',
        securityProfile: 1,
      },
    };
  }

  /** How often something was sent. */
  count($case: Command['$case']): number {
    return this.sent.filter(({ command }) => command.$case === $case).length;
  }
}

const NOTHING: connectionV1.SendCommandResponse = {
  status: CommandStatus.ACCEPTED,
  stationStatus: '',
  reason: '',
  responseJson: '',
  action: '',
  messageId: '',
  latencyMs: 1,
  variables: [],
  requestId: 0,
};
