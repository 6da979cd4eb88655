import { STATION_TOPIC, type StationFacts, type VariablesReported } from '@voltlog/connection-contract';
import { DEVICE_TOPIC, FIRMWARE_TOPIC, JOB_TOPIC, MODEL_TOPIC, MOVE_TOPIC } from '@voltlog/device-contract';
import { isoTime } from '@voltlog/kernel';
import { connectionV1, deviceModelV1 } from '@voltlog/proto';
import { openTestContext, type TestContext } from '@voltlog/testing';
import { deviceConfig } from '../config.js';
import { createDevice, type Device } from '../device.js';

const { CommandStatus } = connectionV1;
const ANSWER = connectionV1.SendCommandResponse.fromPartial({});
type Command = NonNullable<connectionV1.SendCommandRequest['command']>;

export const STATION = 'CS-1';

/** A station with variables, as the connection service shows it. */
export class FakeStation {
  online = true;
  readonly values = new Map<string, string>();
  /** By variable name; absent: Accepted where it is known. */
  readonly words = new Map<string, string>();
  readonly sent: Command[] = [];
  /** What it answers beside its status, by the case of the command. */
  readonly answers = new Map<string, Partial<connectionV1.SendCommandResponse>>();
  /** What commands are refused with, by their case. */
  readonly refusals = new Map<string, string>();

  refuse($case: Command['$case'], stationStatus: string): void {
    this.refusals.set($case, stationStatus);
  }

  async sendCommand({ command }: connectionV1.SendCommandRequest): Promise<connectionV1.SendCommandResponse> {
    if (command === undefined) throw new Error('no command');
    if (!this.online) return { ...ANSWER, status: CommandStatus.OFFLINE };
    this.sent.push(command);
    const stationStatus = this.refusals.get(command.$case) ?? 'Accepted';
    const status = stationStatus === 'Accepted' ? CommandStatus.ACCEPTED : CommandStatus.REJECTED;
    if (command.$case !== 'getVariables' && command.$case !== 'setVariables')
      return { ...ANSWER, status, stationStatus, reason: 'no', ...this.answers.get(command.$case) };
    const set = command.$case === 'setVariables';
    const variables = command.value.variables.map((variable): connectionV1.VariableResult => {
      const name = `${variable.component}.${variable.name}`;
      const word = this.values.has(name) ? (set ? (this.words.get(name) ?? 'Accepted') : 'Accepted') : 'UnknownVariable';
      if (set && word === 'Accepted') this.values.set(name, variable.value);
      return { variable: { ...variable, value: this.values.get(name) ?? '' }, status: word, readonly: false };
    });
    const refused = variables.find((each) => each.status !== 'Accepted' && each.status !== 'RebootRequired');
    return { ...ANSWER, status: refused === undefined ? CommandStatus.ACCEPTED : CommandStatus.REJECTED, variables };
  }

  async getConnection({ stationId }: connectionV1.GetConnectionRequest): Promise<connectionV1.GetConnectionResponse> {
    return { connection: connectionV1.Connection.fromPartial({ stationId, connected: this.online, ocppVersion: 'ocpp2.0.1' }) };
  }

  get baseReports(): readonly connectionV1.GetBaseReport[] {
    return this.sent.flatMap((each) => (each.$case === 'getBaseReport' ? [each.value] : []));
  }

  get sets(): readonly connectionV1.Variable[] {
    return this.sent.flatMap((each) => (each.$case === 'setVariables' ? each.value.variables : []));
  }
}

/** The device service, a station, and what the station says. */
export class ModelWorld {
  readonly station = new FakeStation();
  private constructor(
    readonly context: TestContext,
    public device: Device,
  ) {}

  /** @param before what happened before the service first came */
  static async open(before: (context: TestContext) => Promise<void> = async () => undefined): Promise<ModelWorld> {
    const context = await openTestContext('device');
    await context.log.ensureTopics(
      [DEVICE_TOPIC, STATION_TOPIC, MODEL_TOPIC, JOB_TOPIC, FIRMWARE_TOPIC, MOVE_TOPIC].map((name) => ({ name, partitions: 4 })),
    );
    await before(context);
    const world: { made?: ModelWorld } = {};
    const fake = {
      sendCommand: (request: never) => world.made?.station.sendCommand(request),
      getConnection: (request: never) => world.made?.station.getConnection(request),
    };
    Object.assign(context.rpc, { client: () => fake });
    const made = new ModelWorld(context, await openDevice(context));
    world.made = made;
    await made.register(STATION);
    return made;
  }

  /** As after a crash: what was not written is gone. */
  async restart(): Promise<void> {
    await this.device.stop();
    this.device = await openDevice(this.context);
  }

  async close(): Promise<void> {
    await this.device.stop();
    await this.context.close();
  }

  async register(stationId: string): Promise<void> {
    await this.device.grpc.registerStation({
      stationId,
      siteId: '',
      name: '',
      evses: [],
      tags: [],
      password: '',
      withoutCredential: true,
      idempotencyKey: '',
    });
  }

  async tell<Type extends keyof StationFacts>(
    type: Type,
    data: Omit<StationFacts[Type], 'ocppVersion' | 'receivedAt' | 'occurredAt'> & object,
  ): Promise<void> {
    const at = isoTime(this.context.clock.now());
    const fact = { ocppVersion: 'ocpp2.0.1', receivedAt: at, occurredAt: at, ...data };
    const event = { id: this.context.ids.next(), type, source: '/connection/c', subject: STATION, time: at, data: fact };
    await this.context.log.append(STATION_TOPIC, STATION, [event]);
  }

  booted(firmwareVersion = '1.0', more: Partial<StationFacts['voltlog.connection.StationBooted.v1']> = {}): Promise<void> {
    return this.tell('voltlog.connection.StationBooted.v1', {
      stationId: STATION,
      messageId: 'b',
      action: 'BootNotification',
      raw: {},
      vendor: 'Voltmaker',
      model: 'AC22',
      firmwareVersion,
      reason: 'PowerUp',
      ...more,
    });
  }

  part(requestId: number, seqNo: number, toBeContinued: boolean, variables: VariablesReported['variables']): Promise<void> {
    const head = { stationId: STATION, messageId: `p${seqNo}`, action: 'NotifyReport', raw: {} };
    return this.tell('voltlog.connection.VariablesReported.v1', { ...head, requestId, seqNo, toBeContinued, variables });
  }

  model(request: Partial<deviceModelV1.GetDeviceModelRequest> = {}): Promise<deviceModelV1.GetDeviceModelResponse> {
    return this.device.modelGrpc.getDeviceModel(deviceModelV1.GetDeviceModelRequest.fromPartial({ stationId: STATION, ...request }));
  }

  async reports(): Promise<readonly deviceModelV1.ModelReport[]> {
    return (await this.device.modelGrpc.listModelReports({ stationId: STATION })).reports;
  }
}

async function openDevice(context: TestContext): Promise<Device> {
  const secret = Buffer.alloc(32, 1).toString('base64');
  const device = await createDevice(
    context,
    deviceConfig.parse({ DEVICE_SCRYPT_N: '1024', DEVICE_INTENT_LOOK_MS: '10', DEVICE_SECRET_KEY: secret }),
  );
  await device.start();
  return device;
}

export const variableNamed = (component: string, name: string, value: string): VariablesReported['variables'][number] => ({
  component,
  name,
  attributes: [{ type: 'Actual', value }],
});
