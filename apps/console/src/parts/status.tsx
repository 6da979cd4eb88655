import {
  IconAlertTriangleFilled,
  IconBan,
  IconBoltFilled,
  IconCircle,
  IconCircleDashed,
  IconClockHour4,
  IconCloudOff,
  IconPlayerPauseFilled,
  IconPlug,
  IconProgressCheck,
} from '@tabler/icons-react';
import type { ComponentType } from 'react';
import { words } from '../api/format.js';
import type { Connector, Session, Station } from '../api/types.js';

export interface Status {
  readonly word: string;
  readonly tone: 'charging' | 'available' | 'waiting' | 'reserved' | 'bad' | 'off';
  readonly icon: ComponentType<{ size?: number; 'aria-hidden'?: boolean }>;
}

const CHARGING: Status = { word: 'Charging', tone: 'charging', icon: IconBoltFilled };

/** The finer words of 1.6 and of 2.x charging states. */
const DETAILS: Readonly<Record<string, Status>> = {
  Preparing: { word: 'Plugged in', tone: 'waiting', icon: IconPlug },
  EVConnected: { word: 'Plugged in', tone: 'waiting', icon: IconPlug },
  Charging: CHARGING,
  SuspendedEV: { word: 'Paused by the car', tone: 'waiting', icon: IconPlayerPauseFilled },
  SuspendedEVSE: { word: 'Paused by the station', tone: 'waiting', icon: IconPlayerPauseFilled },
  Finishing: { word: 'Finishing', tone: 'waiting', icon: IconProgressCheck },
  Idle: { word: 'Idle', tone: 'waiting', icon: IconPlug },
};

const STATUSES: Readonly<Record<string, Status>> = {
  Available: { word: 'Available', tone: 'available', icon: IconCircle },
  Occupied: { word: 'Occupied', tone: 'waiting', icon: IconPlug },
  Reserved: { word: 'Reserved', tone: 'reserved', icon: IconClockHour4 },
  Unavailable: { word: 'Out of service', tone: 'off', icon: IconBan },
  Faulted: { word: 'Faulted', tone: 'bad', icon: IconAlertTriangleFilled },
};

const OFFLINE: Status = { word: 'Offline', tone: 'off', icon: IconCloudOff };
const UNKNOWN: Status = { word: 'Not reported yet', tone: 'off', icon: IconCircleDashed };

/** What a connector is doing, by the best that is known: faults first, then the running session, then what the station said. */
export function statusOf(station: Station, connector: Connector | undefined, session: Session | undefined): Status {
  if (station.connection?.connected === false) return OFFLINE;
  if (connector?.status === 'Faulted') {
    const code = connector.errorCode;
    return code === null || code === 'NoError'
      ? (STATUSES['Faulted'] ?? UNKNOWN)
      : { ...(STATUSES['Faulted'] ?? UNKNOWN), word: `Faulted: ${words(code).toLowerCase()}` };
  }
  if (session !== undefined) return DETAILS[session.chargingState ?? ''] ?? DETAILS[connector?.detail ?? ''] ?? CHARGING;
  return DETAILS[connector?.detail ?? ''] ?? STATUSES[connector?.status ?? ''] ?? UNKNOWN;
}

/** Shape, colour and word together, so that none of them has to be seen alone. */
export function StatusSign({ status }: { status: Status }) {
  const Icon = status.icon;
  return (
    <span className="status" data-tone={status.tone}>
      <Icon size={17} aria-hidden />
      {status.word}
    </span>
  );
}
