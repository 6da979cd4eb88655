import type { OcppVersion } from '@voltlog/connection-contract';
import type { connectionV1 as proto } from '@voltlog/proto';
import { byStatus, type CommandRoute, outcome } from '../commands/command.js';
import { idTokenInfo } from './id-token.js';

/** A group that fits 2.0.1 fits 2.1: one table speaks both. */
const VERSION: OcppVersion = 'ocpp2.0.1';

/** OCPP 2.0.1 Part 2 D01; an entry without `idTokenInfo` takes the token off the list. */
export const sendLocalList: CommandRoute<'sendLocalList'> = {
  toCalls: (value) => [
    {
      action: 'SendLocalList',
      payload: {
        versionNumber: value.listVersion,
        updateType: value.differential ? 'Differential' : 'Full',
        ...(value.entries.length === 0 ? {} : { localAuthorizationList: value.entries.map(toEntry) }),
      },
    },
  ],
  toOutcome: byStatus,
};

/** OCPP 2.0.1 Part 2 D02: 0 says that there is no list. */
export const getLocalListVersion: CommandRoute<'getLocalListVersion'> = {
  toCalls: () => [{ action: 'GetLocalListVersion', payload: {} }],
  toOutcome: () => outcome('Accepted'),
};

function toEntry({ idToken, status, groupId, cacheExpiresAt }: proto.LocalListEntry): object {
  const token = { idToken: idToken?.idToken ?? '', type: idToken?.type || 'ISO14443' };
  if (status === '') return { idToken: token };
  const info = idTokenInfo({ status, source: 'authorization', groupId, ...(cacheExpiresAt && { cacheExpiresAt }) }, VERSION);
  return { idToken: token, idTokenInfo: info };
}
