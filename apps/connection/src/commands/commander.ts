import { type CommandAnswered, withoutSecrets } from '@voltlog/connection-contract';
import {
  type CommandOutcome,
  type CommandPlan,
  type OutgoingMessage,
  planCommand,
  type TransactionLimit,
  toldByAnswer,
} from '@voltlog/connection-translation';
import { type Clock, type IdSource, isoTime, RequestError } from '@voltlog/kernel';
import { connectionV1 } from '@voltlog/proto';
import type { FactRecorder } from '../edge/facts.js';
import type { AdmittedStation } from '../edge/parts.js';
import { Offers, toTransactionLimit } from './offers.js';
import { type CallLine, type Reply, StationCalls } from './station-calls.js';

const { CommandStatus } = connectionV1;

/** CALLERROR codes that say "I do not know this". */
const UNKNOWN_TO_STATION = new Set(['NotImplemented', 'NotSupported']);
/** 2.x remoteStartId and requestId are 32-bit integers. */
const NUMBER_MAX = 0x7fffffff;

export const NOTHING: connectionV1.SendCommandResponse = {
  status: CommandStatus.UNSPECIFIED,
  stationStatus: '',
  reason: '',
  responseJson: '',
  action: '',
  messageId: '',
  latencyMs: 0,
  variables: [],
  requestId: 0,
};

/** A station that can be sent commands. */
export interface CommandedStation extends CallLine {
  readonly stationId: string;
  readonly station: Pick<AdmittedStation, 'connectorsPerEvse'>;
  /** Made with the first command. */
  calls: StationCalls | undefined;
  /** Made with the first limit, and the first cost, that is offered. */
  limits: Offers<TransactionLimit> | undefined;
  costs: Offers<number> | undefined;
}

/** Sends commands to stations that this instance can reach. */
export class Commander {
  private lastNumber: number;

  constructor(
    private readonly facts: FactRecorder,
    private readonly clock: Clock,
    private readonly ids: IdSource,
    private readonly timeoutMsDefault: number,
  ) {
    // Begins at a number no instance used lately, so that a restart does not repeat ids that are still open.
    this.lastNumber = Math.floor(clock.now() / 1_000) % NUMBER_MAX;
  }

  /**
   * @throws {RequestError} `INVALID_ARGUMENT` when the station's version does not allow the message
   */
  async send(station: CommandedStation, request: connectionV1.SendCommandRequest): Promise<connectionV1.SendCommandResponse> {
    if (request.command?.$case === 'offerTransactionLimit' && station.dialect.version === 'ocpp2.1')
      return offerLimit(station, request.command.value);
    if (request.command?.$case === 'offerRunningCost' && station.dialect.version !== 'ocpp1.6')
      return offerCost(station, request.command.value);
    const plan = this.plan(station, request);
    if ('notSupported' in plan) return { ...NOTHING, status: CommandStatus.NOT_SUPPORTED, reason: plan.notSupported };
    const unsaid = plan.calls.find(({ action }) => !station.dialect.says(action));
    if (unsaid !== undefined)
      return { ...NOTHING, status: CommandStatus.NOT_SUPPORTED, reason: `OCPP ${station.dialect.name} has no ${unsaid.action}` };
    for (const call of plan.calls) assertValid(station, call);
    const deadlineMs = this.clock.now() + (request.timeoutMs || this.timeoutMsDefault);
    const responses: unknown[] = [];
    let last: connectionV1.SendCommandResponse = NOTHING;
    for (const call of plan.calls) {
      const reply = await this.call(station, call, deadlineMs);
      if (reply.kind === 'answered') responses.push(reply.payload);
      last = { ...responseOf(reply, plan, responses), action: call.action, requestId: requestIdOf(call) };
      this.record(station, call, reply, { ...last, command: request.command });
      if (reply.kind !== 'answered') break;
    }
    return last;
  }

  private plan(station: CommandedStation, { command }: connectionV1.SendCommandRequest): CommandPlan | { readonly notSupported: string } {
    if (command === undefined) throw new RequestError('INVALID_ARGUMENT', 'no command is given');
    try {
      return planCommand(station.dialect.version, command, {
        ocppVersion: station.dialect.version,
        connectorsPerEvse: station.station.connectorsPerEvse,
        nextRemoteStartId: () => this.nextNumber(),
        nextRequestId: () => this.nextNumber(),
      });
    } catch (error) {
      if (error instanceof SyntaxError) throw new RequestError('INVALID_ARGUMENT', `${command.$case}: ${error.message}`);
      throw error;
    }
  }

  private nextNumber(): number {
    this.lastNumber = (this.lastNumber % NUMBER_MAX) + 1;
    return this.lastNumber;
  }

  private call(station: CommandedStation, call: OutgoingMessage, deadlineMs: number): Promise<Reply> {
    station.calls ??= new StationCalls(station, () => this.clock.now());
    return station.calls.call({
      messageId: this.ids.next(),
      action: call.action,
      payload: call.payload,
      timeoutMs: Math.max(1, deadlineMs - this.clock.now()),
    });
  }

  private record(
    station: CommandedStation,
    call: OutgoingMessage,
    reply: Reply,
    result: connectionV1.SendCommandResponse & Pick<connectionV1.SendCommandRequest, 'command'>,
  ): void {
    const status = FACT_STATUS[result.status];
    if (reply.kind === 'unsent' || reply.kind === 'unreachable' || status === undefined) return;
    const at = isoTime(this.clock.now());
    const data: CommandAnswered = {
      stationId: station.stationId,
      ocppVersion: station.dialect.version,
      receivedAt: at,
      occurredAt: at,
      messageId: reply.messageId,
      action: call.action,
      request: withoutSecrets(call.payload),
      status,
      ...(result.stationStatus === '' ? {} : { stationStatus: result.stationStatus }),
      ...(reply.kind === 'answered' ? { response: withoutSecrets(reply.payload) } : {}),
      ...(result.command === undefined ? {} : toldByAnswer(station.dialect.version, result.command, result)),
    };
    this.facts.appendLater(
      station.stationId,
      this.facts.envelope('voltlog.connection.CommandAnswered.v1', data, reply.messageId, undefined),
    );
  }
}

function offerLimit(station: CommandedStation, limit: connectionV1.OfferTransactionLimit): connectionV1.SendCommandResponse {
  station.limits ??= new Offers();
  return offer(station.limits, limit.transactionId, toTransactionLimit(limit));
}

function offerCost(
  station: CommandedStation,
  { transactionId, totalCost }: connectionV1.OfferRunningCost,
): connectionV1.SendCommandResponse {
  if (!Number.isFinite(totalCost)) throw new RequestError('INVALID_ARGUMENT', 'totalCost is not a number');
  station.costs ??= new Offers();
  return offer(station.costs, transactionId, totalCost);
}

/** Nothing is sent now: it goes with the next answer. */
function offer<Value>(offers: Offers<Value>, transactionId: string, value: Value): connectionV1.SendCommandResponse {
  if (transactionId === '') throw new RequestError('INVALID_ARGUMENT', 'transactionId is empty');
  return offers.offer(transactionId, value)
    ? { ...NOTHING, status: CommandStatus.ACCEPTED, action: 'TransactionEvent' }
    : { ...NOTHING, status: CommandStatus.BUSY, reason: 'too many offers wait for messages of this station' };
}

function requestIdOf({ payload }: OutgoingMessage): number {
  return 'requestId' in payload && typeof payload.requestId === 'number' ? payload.requestId : 0;
}

const FACT_STATUS: Readonly<Partial<Record<connectionV1.CommandStatus, CommandAnswered['status']>>> = {
  [CommandStatus.ACCEPTED]: 'Accepted',
  [CommandStatus.REJECTED]: 'Rejected',
  [CommandStatus.NOT_SUPPORTED]: 'NotSupported',
  [CommandStatus.TIMED_OUT]: 'TimedOut',
};

const OUTCOME_STATUS = {
  ACCEPTED: CommandStatus.ACCEPTED,
  REJECTED: CommandStatus.REJECTED,
  NOT_SUPPORTED: CommandStatus.NOT_SUPPORTED,
} as const satisfies Record<CommandOutcome['status'], connectionV1.CommandStatus>;

function assertValid(station: CommandedStation, call: OutgoingMessage): void {
  const { protocol, version } = station.dialect;
  if (!protocol.hasAction(call.action, 'csms'))
    throw new RequestError('INVALID_ARGUMENT', `${call.action} is not a message that ${version} sends to a station`, 'UnknownAction');
  const error = protocol.checkRequest(call.action, call.payload);
  if (error !== undefined) throw new RequestError('INVALID_ARGUMENT', `${call.action} in ${version}: ${error.message}`, error.code);
}

function responseOf(reply: Reply, plan: CommandPlan, responses: readonly unknown[]): connectionV1.SendCommandResponse {
  switch (reply.kind) {
    case 'answered': {
      const { status, stationStatus, reason, variables, monitoring } = plan.outcome(responses);
      return {
        ...NOTHING,
        status: OUTCOME_STATUS[status],
        stationStatus,
        reason,
        responseJson: JSON.stringify(reply.payload),
        messageId: reply.messageId,
        latencyMs: reply.latencyMs,
        variables,
        monitoring,
      };
    }
    case 'refused':
      return {
        ...NOTHING,
        status: UNKNOWN_TO_STATION.has(reply.code) ? CommandStatus.NOT_SUPPORTED : CommandStatus.REJECTED,
        stationStatus: reply.code,
        reason: `the station answered with the error ${reply.code}${reply.description === '' ? '' : `: ${reply.description}`}`,
        messageId: reply.messageId,
        latencyMs: reply.latencyMs,
      };
    case 'unreadable':
      return {
        ...NOTHING,
        status: CommandStatus.REJECTED,
        reason: `the station's answer breaks its schema: ${reply.why}`,
        responseJson: reply.payload === undefined ? '' : JSON.stringify(reply.payload),
        messageId: reply.messageId,
        latencyMs: reply.latencyMs,
      };
    case 'unanswered':
      return {
        ...NOTHING,
        status: CommandStatus.TIMED_OUT,
        reason: 'the station did not answer; it is not known whether it acted',
        messageId: reply.messageId,
        latencyMs: reply.latencyMs,
      };
    case 'unreachable':
      return { ...NOTHING, status: CommandStatus.OFFLINE, reason: `the station could not be reached: ${reply.why}` };
    default:
      return reply.why === 'disconnected'
        ? { ...NOTHING, status: CommandStatus.OFFLINE, reason: 'the station disconnected before the command was sent' }
        : { ...NOTHING, status: CommandStatus.BUSY, reason: 'the station is busy with earlier commands; nothing was sent' };
  }
}
