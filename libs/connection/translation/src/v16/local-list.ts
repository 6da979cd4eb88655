import type { connectionV1 as proto } from '@voltlog/proto';
import { byStatus, type CommandRoute, isRecord, outcome } from '../commands/command.js';
import { idTagInfo } from './id-tag-info.js';

/** OCPP 1.6 §5.15; an entry without `idTagInfo` takes the tag off the list (§7.1). */
export const sendLocalList: CommandRoute<'sendLocalList'> = {
  toCalls: (value) => [
    {
      action: 'SendLocalList',
      payload: {
        listVersion: value.listVersion,
        updateType: value.differential ? 'Differential' : 'Full',
        ...(value.entries.length === 0 ? {} : { localAuthorizationList: value.entries.map(toEntry) }),
      },
    },
  ],
  toOutcome: byStatus,
};

/** OCPP 1.6 §5.10: -1 says that the station keeps no local lists. */
export const getLocalListVersion: CommandRoute<'getLocalListVersion'> = {
  toCalls: () => [{ action: 'GetLocalListVersion', payload: {} }],
  toOutcome: (responses) => outcome(isRecord(responses[0]) && responses[0]['listVersion'] === -1 ? 'NotSupported' : 'Accepted'),
};

function toEntry({ idToken, status, groupId, cacheExpiresAt }: proto.LocalListEntry): object {
  const idTag = idToken?.idToken ?? '';
  if (status === '') return { idTag };
  return { idTag, idTagInfo: idTagInfo({ status, source: 'authorization', groupId, ...(cacheExpiresAt && { cacheExpiresAt }) }) };
}
