import type { AlertOpened, ModelEvent } from '@voltlog/device-contract';
import { type Decider, decided, isoTime, refused } from '@voltlog/kernel';

export type AlertEvent = ModelEvent<'AlertOpened' | 'AlertRaised' | 'AlertAcknowledged' | 'AlertCleared'>;

/** What an alert is about, as it was last told. */
export type AlertReport = Omit<AlertOpened, 'stationId' | 'alertId' | 'at'>;

export type AlertState =
  | { readonly kind: 'none' }
  | (AlertReport & {
      readonly kind: 'alert';
      readonly stationId: string;
      readonly alertId: string;
      readonly state: 'Open' | 'Acknowledged' | 'Cleared';
      readonly openedAt: string;
      /** Empty: it is open. */
      readonly clearedAt: string;
      readonly clearedBy: string;
      /** Of whoever acknowledged it. */
      readonly note: string;
    });

export type AlertCommand = { readonly stationId: string; readonly alertId: string; readonly now: number } & (
  | { readonly kind: 'Open'; readonly report: AlertReport }
  | { readonly kind: 'Acknowledge'; readonly note: string }
  | { readonly kind: 'Clear'; readonly by: 'Station' | 'Operator' | 'Platform' }
);

export type AlertRefusal = 'AlertUnknown' | 'AlertCleared';

/** One thing that an operator should look at: opened once however often it is told, raised when it gets worse, cleared, and opened again. */
export const alertDecider: Decider<AlertCommand, AlertState, AlertEvent, AlertRefusal> = {
  initialState: { kind: 'none' },
  decide(command, state) {
    const { stationId, alertId } = command;
    const at = isoTime(command.now);
    switch (command.kind) {
      case 'Open': {
        const { report } = command;
        if (state.kind === 'none' || state.state === 'Cleared') {
          // Told again after it was cleared: what is older than that is over.
          if (state.kind === 'alert' && report.occurredAt <= state.occurredAt) return decided();
          return decided<AlertEvent>({ type: 'voltlog.device.AlertOpened.v1', data: { stationId, alertId, ...report, at } });
        }
        const { severity, detail, value } = report;
        return severity < state.severity
          ? decided<AlertEvent>({
              type: 'voltlog.device.AlertRaised.v1',
              data: { stationId, alertId, severity, detail, value, ...aboutOf(state), ...heldOf(report), at },
            })
          : decided();
      }
      case 'Acknowledge':
        if (state.kind === 'none') return refused('AlertUnknown');
        if (state.state === 'Cleared') return refused('AlertCleared');
        return state.state === 'Acknowledged' && state.note === command.note
          ? decided()
          : decided<AlertEvent>({ type: 'voltlog.device.AlertAcknowledged.v1', data: { stationId, alertId, note: command.note, at } });
      case 'Clear':
        if (state.kind === 'none') return command.by === 'Operator' ? refused('AlertUnknown') : decided();
        return state.state === 'Cleared'
          ? decided()
          : decided<AlertEvent>({
              type: 'voltlog.device.AlertCleared.v1',
              data: { stationId, alertId, by: command.by, ...aboutOf(state), ...heldOf(state), at },
            });
      default:
        return command satisfies never;
    }
  },
  evolve(state, { type, data }) {
    if (type === 'voltlog.device.AlertOpened.v1') {
      const { at, ...report } = data;
      return { kind: 'alert', ...report, state: 'Open', openedAt: at, clearedAt: '', clearedBy: '', note: '' };
    }
    if (state.kind === 'none') return state;
    switch (type) {
      case 'voltlog.device.AlertRaised.v1':
        return { ...state, severity: data.severity, detail: data.detail, value: data.value };
      case 'voltlog.device.AlertAcknowledged.v1':
        return { ...state, state: 'Acknowledged', note: data.note };
      case 'voltlog.device.AlertCleared.v1':
        return { ...state, state: 'Cleared', clearedAt: data.at, clearedBy: data.by };
      default:
        return state;
    }
  },
};

const aboutOf = ({ source, subject }: AlertReport) => ({ source, subject });
const heldOf = ({ notAccepted }: AlertReport) => (notAccepted === true ? { notAccepted } : {});

/**
 * How security events are rated, 0 (danger) to 9 (debug); what is not here is 5, what is above {@link ALERT_SEVERITY_MAX} opens no alert.
 *
 * The rating is ours: the lists of events only say which must be sent. Sources of the names: OCPP 1.6 Security Whitepaper §3.3, OCPP 2.1
 * Part 2 Appendix 1.
 */
const SECURITY_SEVERITIES: Readonly<Record<string, number>> = {
  TamperDetectionActivated: 1,
  AttemptedReplayAttacks: 2,
  MemoryExhaustion: 3,
  SecurityLogWasCleared: 3,
  InvalidFirmwareSignature: 3,
  InvalidFirmwareSigningCertificate: 3,
  MaintenanceLoginFailed: 3,
  InvalidCsmsCertificate: 4,
  InvalidCentralSystemCertificate: 4,
  InvalidChargingStationCertificate: 4,
  InvalidChargePointCertificate: 4,
  InvalidTLSVersion: 4,
  InvalidTLSCipherSuite: 4,
  FailedToAuthenticateAtCsms: 4,
  FailedToAuthenticateAtCentralSystem: 4,
  CsmsFailedToAuthenticate: 4,
  CentralSystemFailedToAuthenticate: 4,
  MaintenanceLoginAccepted: 6,
  ReconfigurationOfSecurityParameters: 6,
  SettingSystemTime: 7,
  FirmwareUpdated: 7,
  ResetOrReboot: 8,
  StartupOfTheDevice: 8,
};
const SEVERITY_UNKNOWN = 5;
/** What is rated above is worth a line in the log of the station, and no alert. */
export const ALERT_SEVERITY_MAX = 5;

export const isSecurityEventKnown = (type: string): boolean => Object.hasOwn(SECURITY_SEVERITIES, type);

export const securitySeverity = (type: string): number =>
  (isSecurityEventKnown(type) ? SECURITY_SEVERITIES[type] : undefined) ?? SEVERITY_UNKNOWN;
