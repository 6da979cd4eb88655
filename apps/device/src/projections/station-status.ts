import type {
  ConnectorStatusReported,
  FirmwareStatusReported,
  StationBooted,
  StationConnected,
  StationDisconnected,
  StationFacts,
} from '@voltlog/connection-contract';
import { isConnector } from '@voltlog/device-domain';
import type { ConnectorStatus, StationStatusDoc } from '../store/documents.js';

/** The facts that tell about a station itself. */
export const STATUS_FACTS = [
  'voltlog.connection.StationConnected.v1',
  'voltlog.connection.StationDisconnected.v1',
  'voltlog.connection.StationBooted.v1',
  'voltlog.connection.ConnectorStatusReported.v1',
  'voltlog.connection.FirmwareStatusReported.v1',
] as const satisfies readonly (keyof StationFacts)[];

export type StatusFactType = (typeof STATUS_FACTS)[number];
export type StatusFact = { readonly [Type in StatusFactType]: { readonly type: Type; readonly data: StationFacts[Type] } }[StatusFactType];

/** A station of which nothing was heard. */
export const silent = (stationId: string): StationStatusDoc => ({ id: stationId, version: 0, connected: false, epoch: 0, connectors: [] });

/**
 * What is known of a station after one more fact; the same object when the fact tells nothing newer. Facts may come twice and in any
 * order: sockets are told apart by their epoch, all else by the time it happened.
 */
export function withFact(status: StationStatusDoc, fact: StatusFact): StationStatusDoc {
  switch (fact.type) {
    case 'voltlog.connection.StationConnected.v1':
      return connected(status, fact.data);
    case 'voltlog.connection.StationDisconnected.v1':
      return disconnected(status, fact.data);
    case 'voltlog.connection.StationBooted.v1':
      return booted(status, fact.data);
    case 'voltlog.connection.ConnectorStatusReported.v1':
      return connectorStatus(status, fact.data);
    case 'voltlog.connection.FirmwareStatusReported.v1':
      return firmwareStatus(status, fact.data);
    default:
      return fact satisfies never;
  }
}

const connected = (status: StationStatusDoc, { epoch }: StationConnected): StationStatusDoc =>
  epoch <= status.epoch ? status : { ...status, connected: true, epoch };

function disconnected(status: StationStatusDoc, { epoch }: StationDisconnected): StationStatusDoc {
  if (epoch < status.epoch || (epoch === status.epoch && !status.connected)) return status;
  return { ...status, connected: false, epoch };
}

/** A station's clock is not to be trusted before its boot is answered: boots are told apart by our time. */
function booted(status: StationStatusDoc, { receivedAt, reason, registrationStatus }: StationBooted): StationStatusDoc {
  if (status.lastBootAt !== undefined && receivedAt <= status.lastBootAt) return status;
  const registration = registrationStatus === undefined ? {} : { registration: registrationStatus };
  return { ...status, lastBootAt: receivedAt, lastBootReason: reason, ...registration };
}

function firmwareStatus(status: StationStatusDoc, fact: FirmwareStatusReported): StationStatusDoc {
  if (status.firmwareStatusAt !== undefined && fact.receivedAt <= status.firmwareStatusAt) return status;
  return { ...status, firmwareStatus: fact.status, firmwareStatusAt: fact.receivedAt };
}

function connectorStatus(status: StationStatusDoc, fact: ConnectorStatusReported): StationStatusDoc {
  const { evseId, connectorId } = fact;
  if (!isConnector(evseId, connectorId)) return status;
  const index = status.connectors.findIndex((each) => each.connectorId === connectorId && each.evseId === evseId);
  const before = status.connectors[index];
  if (before !== undefined && !isNewer(fact, before)) return status;
  const after: ConnectorStatus = {
    evseId,
    connectorId,
    status: fact.status,
    ...(fact.detail === undefined ? {} : { detail: fact.detail }),
    ...(fact.errorCode === undefined ? {} : { errorCode: fact.errorCode }),
    at: fact.occurredAt,
    receivedAt: fact.receivedAt,
  };
  return { ...status, connectors: index === -1 ? [...status.connectors, after].sort(byPosition) : status.connectors.with(index, after) };
}

/** By the station's time: an offline queue is delivered late. Of one moment, what arrived last. */
const isNewer = (fact: ConnectorStatusReported, before: ConnectorStatus): boolean =>
  fact.occurredAt > before.at || (fact.occurredAt === before.at && fact.receivedAt > before.receivedAt);

const byPosition = (a: ConnectorStatus, b: ConnectorStatus): number => a.evseId - b.evseId || a.connectorId - b.connectorId;
