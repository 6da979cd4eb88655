import { card, site } from './preparations.js';
import type { Scenario } from './scenarios.js';
import type { Step } from './steps.js';
import { refused } from './usual-steps.js';

const VERSIONS = ['1.6', '2.0.1', '2.1'] as const;

/** The group of master passes that the station of `master-pass` knows. */
export const MASTER_PASS_GROUP = 'MASTER-PASS';

const session = (token: string, stopper: string): readonly Step[] => [
  { do: 'plugIn' },
  { do: 'tap', token, outcome: 'Started' },
  { do: 'charge', wh: 500 },
  { do: 'tap', token: stopper, outcome: 'Stopped' },
  { do: 'unplug' },
];

/** Who may charge and stop, and who may not; what the CSMS decides of it, it has to be told first. */
export const TOKEN_SCENARIOS: readonly Scenario[] = [
  {
    name: 'local-list',
    title: 'the station is offline: a card on its list charges, one that is not is refused',
    versions: VERSIONS,
    commands: ['SendLocalList'],
    asksByApi: true,
    needs: '`token` on the list, `blockedToken` not',
    prepare: () => [site({ localLists: true })],
    station: { settings: { AllowOfflineTxForUnknownId: 'false', 'AuthCtrlr.OfflineTxForUnknownIdEnabled': 'false' } },
    steps: (_version, { token, blockedToken }) => [
      { do: 'awaitCommand', action: 'SendLocalList' },
      { do: 'goOffline' },
      { do: 'tap', token: blockedToken, outcome: 'Refused' },
      ...session(token, token),
      { do: 'goOnline' },
    ],
  },
  {
    name: 'group-stop',
    title: 'a card of the same group stops the session of another; a card that is blocked does not',
    versions: VERSIONS,
    needs: '`token` and `otherToken` in one group',
    prepare: ({ token, otherToken }) => [token, otherToken].map((idToken) => card(idToken, { groupId: `${token}-GROUP` })),
    steps: (_version, { token, otherToken, blockedToken }) => [
      { do: 'plugIn' },
      { do: 'tap', token, outcome: 'Started' },
      { do: 'charge', wh: 500 },
      { do: 'tap', token: blockedToken, outcome: 'Refused' },
      { do: 'tap', token: otherToken, outcome: 'Stopped' },
      { do: 'unplug' },
    ],
  },
  {
    name: 'master-pass',
    title: 'a master pass stops the session of a stranger',
    versions: VERSIONS,
    station: { settings: { MasterPassGroupId: MASTER_PASS_GROUP, 'AuthCtrlr.MasterPassGroupId': MASTER_PASS_GROUP } },
    needs: `\`otherToken\` in the group ${MASTER_PASS_GROUP}, which AUTHORIZATION_MASTER_PASS_GROUP names`,
    prepare: ({ otherToken }) => [card(otherToken, { groupId: MASTER_PASS_GROUP })],
    steps: (_version, { token, otherToken }) => session(token, otherToken),
  },
  {
    name: 'budget-exhausted',
    title: 'a card whose budget is one session a day charges once and is refused then',
    versions: VERSIONS,
    needs: '`token` with a budget of one session a day, none used',
    prepare: ({ token }) => [card(token, { budget: { sessionsPerDay: 1 } })],
    steps: (version, { token }) => [
      ...session(token, token),
      { do: 'wait', seconds: 1 },
      { do: 'plugIn' },
      // Not asked before: the card may still be wanted to stop the charge that ended a moment ago, and is let in for that.
      { do: 'start', token },
      refused(version),
      { do: 'unplug' },
    ],
  },
  {
    name: 'blocked-card',
    title: 'a blocked card starts nothing, and stops nothing either; its neighbour charges',
    versions: VERSIONS,
    steps: (_version, { token, blockedToken }) => [
      { do: 'plugIn' },
      { do: 'tap', token: blockedToken, outcome: 'Refused' },
      { do: 'tap', token, outcome: 'Started' },
      { do: 'charge', wh: 500 },
      { do: 'tap', token: blockedToken, outcome: 'Refused' },
      { do: 'tap', token, outcome: 'Stopped' },
      { do: 'unplug' },
    ],
  },
];
