import type { EvseOptions } from '../station/evse.js';
import type { OcppVersion, Payload } from '../station/protocol.js';
import type { StationOptions } from '../station/station-options.js';
import { CARD_RULE_SCENARIOS } from './card-rule-scenarios.js';
import { DRIVER_SCENARIOS } from './driver-scenarios.js';
import { FILE_SCENARIOS } from './file-scenarios.js';
import { LIMIT_SCENARIOS } from './limit-scenarios.js';
import { MILESTONE_SCENARIOS } from './milestone-scenarios.js';
import { MONITORING_SCENARIOS } from './monitoring-scenarios.js';
import { PLUG_AND_CHARGE_SCENARIOS } from './plug-and-charge-scenarios.js';
import { PLUG_SCENARIOS } from './plug-scenarios.js';
import { RESERVATION_SCENARIOS } from './reservation-scenarios.js';
import type { Step } from './steps.js';
import { TOKEN_SCENARIOS } from './token-scenarios.js';
import { milestones, sessionIs } from './usual-steps.js';
import { WAY_IN_SCENARIOS } from './way-in-scenarios.js';

/** What a scenario is played with. */
export interface ScenarioTokens {
  /** Accepted by the CSMS. */
  readonly token: string;
  /** Another one, accepted too, for a second connector. */
  readonly otherToken: string;
  /** Known and blocked. */
  readonly blockedToken: string;
}

/** What is PUT at the CSMS; `{site}` stands for the site's id. */
export interface Preparation {
  readonly path: string;
  readonly body: Payload;
}

/** A disturbance by name, and what a CSMS has to make of it. */
export interface Scenario {
  readonly name: string;
  readonly title: string;
  readonly versions: readonly OcppVersion[];
  readonly station?: Pick<
    StationOptions,
    'retryIds' | 'bootOnReconnect' | 'evses' | 'forgetsHolds' | 'canReserve' | 'settings' | 'firmware' | 'publishes'
  >;
  /** Commands that somebody has to send from the CSMS's side meanwhile. */
  readonly commands?: readonly string[];
  /** With its REST API the scenario has them sent by itself. */
  readonly asksByApi?: true;
  /** What the CSMS has to know beforehand, besides two good tokens and a blocked one. */
  readonly needs?: string;
  /** The same, told to it by its REST API where station and cards are the scenario's own (`Stage`). */
  prepare?(tokens: ScenarioTokens): readonly Preparation[];
  /** It asks for something at the CSMS's side by its REST API. */
  readonly needsApi?: true;
  steps(version: OcppVersion, tokens: ScenarioTokens): readonly Step[];
}

const ALL: readonly OcppVersion[] = ['1.6', '2.0.1', '2.1'];
const TWO_OUTLETS: readonly EvseOptions[] = [
  { kind: 'AC', powerWMax: 11_000, registerWh: 1_000 },
  { kind: 'AC', powerWMax: 11_000, registerWh: 7_000 },
];
const HOURS = 3_600;

const startAction = (version: OcppVersion): string => (version === '1.6' ? 'StartTransaction' : 'TransactionEvent');
const stopAction = (version: OcppVersion): string => (version === '1.6' ? 'StopTransaction' : 'TransactionEvent');
const tokenAnswer = (version: OcppVersion, status: string): Record<string, unknown> =>
  version === '1.6' ? { idTagInfo: { status } } : { idTokenInfo: { status } };

const began = (version: OcppVersion, token: string, evse = 1): readonly Step[] => [
  { do: 'plugIn', evse },
  { do: 'authorize', token },
  { do: 'expect', action: 'Authorize', answer: tokenAnswer(version, 'Accepted') },
  { do: 'start', evse, token },
];
const ended = (token: string, evse = 1): readonly Step[] => [
  { do: 'stop', evse, token },
  { do: 'unplug', evse },
];

/** What a driver lives through, from a reservation to the receipt; each needs nothing but the CSMS's API. */
export const JOURNEY_SCENARIOS: readonly Scenario[] = [
  ...RESERVATION_SCENARIOS,
  ...WAY_IN_SCENARIOS,
  ...TOKEN_SCENARIOS,
  ...CARD_RULE_SCENARIOS,
  ...LIMIT_SCENARIOS,
  ...MILESTONE_SCENARIOS,
  ...PLUG_SCENARIOS,
  ...DRIVER_SCENARIOS,
];

/** Named cases: each is one way in which real stations and networks make a session hard to tell. */
export const SCENARIOS: readonly Scenario[] = [
  {
    name: 'plain-session',
    title: 'a car charges 3 kWh; one session with what was delivered',
    versions: ALL,
    steps: (version, { token }) => [...began(version, token), { do: 'charge', wh: 3_000 }, ...ended(token)],
  },
  {
    name: 'two-connectors',
    title: 'two cars charge at once; two sessions',
    versions: ALL,
    station: { evses: TWO_OUTLETS },
    steps: (version, { token, otherToken }) => [
      ...began(version, token),
      ...began(version, otherToken, 2),
      { do: 'charge', wh: 1_000 },
      ...ended(otherToken, 2),
      { do: 'charge', wh: 500 },
      ...ended(token),
    ],
  },
  ...(['new', 'same'] as const).map(
    (id): Scenario => ({
      name: `lost-start-${id}-id`,
      title: `the answer to the start is lost and the start repeated with ${id === 'new' ? 'a new' : 'the same'} message id; one session`,
      versions: ALL,
      station: { retryIds: id },
      steps: (version, { token }) => lostStart(version, token),
    }),
  ),
  {
    name: 'lost-start-other-connector',
    title: 'the same while the other connector charges; two sessions',
    versions: ALL,
    station: { evses: TWO_OUTLETS },
    steps: (version, { token, otherToken }) => [
      ...began(version, otherToken, 2),
      { do: 'charge', evse: 2, wh: 400 },
      ...lostStart(version, token),
      ...ended(otherToken, 2),
    ],
  },
  {
    name: 'lost-stop',
    title: 'the answer to the stop is lost and the stop repeated; one session, ended once',
    versions: ALL,
    steps: (version, { token }) => [
      ...began(version, token),
      { do: 'charge', wh: 800 },
      { do: 'loseNextAnswer', action: stopAction(version), how: 'close' },
      ...ended(token),
    ],
  },
  {
    name: 'offline-session',
    title: 'a whole session offline, told three hours later; one session with the times of the station',
    versions: ALL,
    steps: (_version, { token }) => [
      { do: 'goOffline' },
      { do: 'plugIn' },
      { do: 'start', token },
      { do: 'charge', wh: 2_000 },
      ...ended(token),
      { do: 'wait', seconds: 3 * HOURS },
      { do: 'goOnline' },
    ],
  },
  {
    name: 'offline-blocked-token',
    title: 'an offline start with a blocked token; an id is given, the status is Blocked, the energy is kept',
    versions: ALL,
    steps: (version, { blockedToken }) => [
      { do: 'goOffline' },
      { do: 'plugIn' },
      { do: 'start', token: blockedToken },
      { do: 'charge', wh: 900 },
      { do: 'stop', token: blockedToken },
      { do: 'unplug' },
      { do: 'goOnline' },
      // The last TransactionEvent of 2.0.1 carries the token that stopped it, and so has the status too.
      { do: 'expect', action: startAction(version), answer: tokenAnswer(version, 'Blocked') },
    ],
  },
  ...([-1, 999_999_999] as const).map(
    (asTransactionId): Scenario => ({
      name: asTransactionId === -1 ? 'stop-minus-one' : 'stop-unknown-id',
      title: `a stop with the transaction id ${asTransactionId}; kept, and matched by connector, meter and time or quarantined`,
      versions: ['1.6'],
      steps: (version, { token }) => [
        ...began(version, token),
        { do: 'charge', wh: 700 },
        { do: 'stop', token, asTransactionId },
        { do: 'expect', action: 'StopTransaction', answer: {} },
        { do: 'unplug' },
      ],
    }),
  ),
  {
    name: 'repeated-stop',
    title: 'the stop again, with a new message id and with the old one; ended once',
    versions: ALL,
    steps: (version, { token }) => [
      ...began(version, token),
      { do: 'charge', wh: 600 },
      { do: 'stop', token },
      { do: 'repeatLast', action: stopAction(version), id: 'new' },
      { do: 'expect', action: stopAction(version), answer: {} },
      { do: 'repeatLast', action: stopAction(version), id: 'same' },
      { do: 'expect', action: stopAction(version), answer: {} },
      { do: 'unplug' },
    ],
  },
  {
    name: 'same-id-other-body',
    title: 'the message id of the stop again, with another meter reading; the session keeps what the first said',
    versions: ALL,
    steps: (version, { token }) => [
      ...began(version, token),
      { do: 'charge', wh: 600 },
      { do: 'stop', token },
      {
        do: 'repeatLast',
        action: stopAction(version),
        id: 'same',
        payload: version === '1.6' ? { meterStop: 99_999 } : { triggerReason: 'EVDeparted' },
      },
      { do: 'unplug' },
    ],
  },
  {
    name: 'out-of-order',
    title: 'Ended, Updated and Started in that order, hours apart; one session',
    versions: ['2.0.1', '2.1'],
    steps: (_version, { token }) => [
      { do: 'hold' },
      { do: 'plugIn' },
      { do: 'start', token },
      { do: 'charge', wh: 1_500 },
      ...ended(token),
      { do: 'release', stages: ['Ended'] },
      { do: 'wait', seconds: 2 * HOURS },
      { do: 'release', stages: ['Updated'] },
      { do: 'wait', seconds: 2 * HOURS },
      { do: 'release', stages: ['Started'] },
      { do: 'release', stages: 'all' },
    ],
  },
  {
    name: 'messages-queued',
    title: 'asked for its transaction, the station says that it is over and that messages are queued; they come later',
    versions: ['2.0.1', '2.1'],
    commands: ['GetTransactionStatus'],
    asksByApi: true,
    steps: (version, { token }) => [
      ...began(version, token),
      { do: 'charge', wh: 300 },
      { do: 'hold' },
      { do: 'charge', wh: 500 },
      ...ended(token),
      {
        do: 'api',
        method: 'POST',
        path: '/v1/stations/{station}/commands/get-transaction-status',
        body: { transactionId: '{transaction}' },
        orByHand: true,
      },
      { do: 'awaitCommand', action: 'GetTransactionStatus' },
      { do: 'release', stages: 'all' },
    ],
  },
  {
    name: 'command-while-calling',
    title: 'a command arrives, and the station calls and waits for its own answer before it answers',
    versions: ALL,
    commands: ['ClearCache'],
    asksByApi: true,
    steps: () => [
      {
        do: 'callBeforeAnswering',
        command: 'ClearCache',
        action: 'DataTransfer',
        payload: { vendorId: 'org.voltlog', messageId: 'probe' },
      },
      { do: 'api', method: 'POST', path: '/v1/stations/{station}/commands/clear-cache', body: {}, orByHand: true },
      { do: 'awaitCommand', action: 'ClearCache' },
    ],
  },
  {
    name: 'wrong-clock',
    title: 'the station believes that it is three years earlier; the energy is right and the session is found',
    versions: ALL,
    steps: (version, { token }) => [
      { do: 'setClock', offsetSeconds: -3 * 365 * 24 * HOURS },
      ...began(version, token),
      { do: 'charge', wh: 500 },
      ...ended(token),
    ],
  },
  {
    name: 'clock-set-while-charging',
    title: 'the clock is set back by an hour during the session',
    versions: ALL,
    steps: (version, { token }) => [
      ...began(version, token),
      { do: 'charge', wh: 500 },
      { do: 'setClock', offsetSeconds: -HOURS },
      { do: 'charge', wh: 500 },
      ...ended(token),
    ],
  },
  {
    name: 'power-loss',
    title: 'power fails while a car charges; the station boots and tells the end',
    versions: ALL,
    steps: (version, { token }) => [
      ...began(version, token),
      { do: 'charge', wh: 500 },
      { do: 'reboot', reason: 'PowerLoss' },
      { do: 'unplug' },
      sessionIs({ state: 'Ended', stoppedReason: 'PowerLoss' }),
    ],
  },
  {
    name: 'flapping',
    title: 'the socket breaks in the middle, twice, with samples queued',
    versions: ALL,
    steps: (version, { token }) => [
      ...began(version, token),
      { do: 'goOffline' },
      { do: 'charge', wh: 400 },
      { do: 'goOnline' },
      { do: 'charge', wh: 400 },
      { do: 'goOffline' },
      { do: 'charge', wh: 400 },
      { do: 'goOnline' },
      ...ended(token),
    ],
  },
  {
    name: 'battery-90',
    title: 'a battery passes 90 % while the car charges',
    versions: ALL,
    steps: (version, { token }) => [
      { do: 'plugIn', soc: 0.88 },
      { do: 'authorize', token },
      { do: 'start', token },
      { do: 'charge', wh: 3_000 },
      { do: 'wait', seconds: 120 },
      ...ended(token),
      milestones(version, 'BatteryAt'),
    ],
  },
  {
    name: 'idle-after-full',
    title: 'the car is full and takes no more, is stopped half an hour later, and stays for another half',
    versions: ALL,
    steps: (version, { token }) => [
      { do: 'plugIn', soc: 0.99 },
      { do: 'start', token },
      { do: 'charge', seconds: 4 * HOURS },
      { do: 'wait', seconds: HOURS / 2 },
      { do: 'stop', token },
      { do: 'wait', seconds: HOURS / 2 },
      { do: 'unplug' },
      milestones(version, 'BatteryAt', 'BatteryFull', 'SuspendedByVehicle'),
    ],
  },
  {
    name: 'malformed-frames',
    title: 'frames that are none, then a session; the socket stays or comes back and nothing else is hurt',
    versions: ALL,
    steps: (version, { token }) => [
      ...[
        'not json',
        '[]',
        '[2]',
        '{"a":1}',
        '[9,"x"]',
        '[2,"m1","NoSuchAction",{}]',
        '[2,"m2","BootNotification",{"no":"field"}]',
        '[3,"unasked",{}]',
      ].map((text): Step => ({ do: 'sendRaw', text })),
      { do: 'wait', seconds: 1 },
      ...began(version, token),
      { do: 'charge', wh: 300 },
      ...ended(token),
    ],
  },
  ...JOURNEY_SCENARIOS,
  ...PLUG_AND_CHARGE_SCENARIOS,
  ...MONITORING_SCENARIOS,
  ...FILE_SCENARIOS,
];

function lostStart(version: OcppVersion, token: string): readonly Step[] {
  const action = startAction(version);
  return [
    { do: 'plugIn' },
    { do: 'authorize', token },
    { do: 'loseNextAnswer', action, how: 'close' },
    { do: 'start', token },
    { do: 'expect', action, answer: tokenAnswer(version, 'Accepted'), ...(version === '1.6' ? { sameAsLost: 'transactionId' } : {}) },
    { do: 'charge', wh: 1_000 },
    ...ended(token),
  ];
}

/** @throws {RangeError} naming the scenarios there are */
export function scenarioNamed(name: string): Scenario {
  const found = SCENARIOS.find((scenario) => scenario.name === name);
  if (found === undefined)
    throw new RangeError(`no scenario "${name}"; there are: ${SCENARIOS.map((scenario) => scenario.name).join(', ')}`);
  return found;
}
