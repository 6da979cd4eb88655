import type { OcppVersion } from '@voltlog/connection-contract';
import { loadV16 } from '@voltlog/ocpp-v16';
import { loadV21, requestSchemas } from '@voltlog/ocpp-v21';
import { loadV201 } from '@voltlog/ocpp-v201';
import { describe, expect, it } from 'vitest';
import type { CallContext } from './route.js';
import { routesOf } from './routing-table.js';
import { least } from './testing/least.js';

const versions = [
  ['ocpp1.6', loadV16],
  ['ocpp2.0.1', loadV201],
  ['ocpp2.1', loadV21],
] as const;

const received = '2026-01-02T03:04:05.678Z';
const contextOf = (ocppVersion: OcppVersion, action: string): CallContext => ({
  stationId: 'CP1',
  ocppVersion,
  messageId: 'm-1',
  action,
  receivedAt: received,
  receivedAtMs: Date.parse(received),
  connectedAtMs: Date.parse(received),
  clockBehindMs: 0,
  connectorsPerEvse: undefined,
  registrationStatus: 'Accepted',
  heartbeatIntervalSeconds: 300,
});

describe('the routing table', () => {
  it.each(versions)('of %s names only actions that a station may call', async (version, load) => {
    const protocol = await load();
    for (const action of routesOf(version).keys()) expect(protocol.hasAction(action, 'station'), action).toBe(true);
  });

  // What is missing is answered NotSupported, and is listed here so that nothing is missing by mistake.
  it.each([
    ['ocpp1.6', []],
    ['ocpp2.0.1', []],
    ['ocpp2.1', []],
  ] as const)('of %s lacks %j', async (version, lacking) => {
    const protocol = await versions.find(([name]) => name === version)?.[1]();
    const missing = [...(protocol?.senders.keys() ?? [])].filter(
      (action) => protocol?.hasAction(action, 'station') && !routesOf(version).has(action),
    );
    expect(missing.sort()).toEqual([...lacking]);
  });

  it.each(versions)('of %s answers within the schema when nothing was asked', async (version, load) => {
    const protocol = await load();
    for (const [action, route] of routesOf(version)) {
      if (['Authorize', 'StartTransaction', 'StopTransaction', 'TransactionEvent', 'NotifyPeriodicEventStream'].includes(action)) continue;
      const schema = version === 'ocpp1.6' ? undefined : requestSchemas.requests[action];
      const request = schema === undefined ? {} : least(schema);
      expect(
        protocol.checkResponse(action, route.toResponse(request, contextOf(version, action), undefined)),
        `${version} ${action}`,
      ).toBeUndefined();
    }
  });

  const samples: readonly [OcppVersion, string, object, string, object][] = [
    [
      'ocpp1.6',
      'StatusNotification',
      {
        connectorId: 2,
        errorCode: 'OverVoltage',
        status: 'SuspendedEV',
        timestamp: '2026-01-02T03:00:00Z',
        info: 'note',
        vendorErrorCode: 'V1',
      },
      'ConnectorStatusReported',
      {
        evseId: 2,
        connectorId: 1,
        status: 'Occupied',
        detail: 'SuspendedEV',
        errorCode: 'OverVoltage',
        vendorErrorCode: 'V1',
        note: 'note',
        occurredAt: '2026-01-02T03:00:00.000Z',
      },
    ],
    [
      'ocpp1.6',
      'StatusNotification',
      { connectorId: 0, errorCode: 'NoError', status: 'Available' },
      'ConnectorStatusReported',
      { evseId: 0, connectorId: 0, status: 'Available', occurredAt: received },
    ],
    [
      'ocpp1.6',
      'BootNotification',
      { chargePointVendor: 'V', chargePointModel: 'M', chargeBoxSerialNumber: 'S', firmwareVersion: 'F', iccid: 'I', imsi: 'J' },
      'StationBooted',
      { vendor: 'V', model: 'M', serialNumber: 'S', firmwareVersion: 'F', iccid: 'I', imsi: 'J', reason: 'Unknown' },
    ],
    [
      'ocpp1.6',
      'StopTransaction',
      { transactionId: -1, meterStop: 9, timestamp: '2026-01-02T03:04:00Z', reason: 'EVDisconnected' },
      'TransactionEnded',
      { transactionId: '-1', meterStopWh: 9, stoppedReason: 'EVDisconnected', triggerReason: 'EVCommunicationLost', offline: false },
    ],
    [
      'ocpp1.6',
      'StopTransaction',
      { transactionId: 5, meterStop: 9, timestamp: '2026-01-02T03:03:05Z', reason: 'HardReset' },
      'TransactionEnded',
      { stoppedReason: 'ImmediateReset', triggerReason: 'ResetCommand', offline: true },
    ],
    ['ocpp1.6', 'FirmwareStatusNotification', { status: 'Installed' }, 'FirmwareStatusReported', { status: 'Installed' }],
    [
      'ocpp1.6',
      'SecurityEventNotification',
      { type: 'TamperDetectionActivated', timestamp: '2026-01-02T03:00:00Z', techInfo: 't' },
      'SecurityEventReported',
      { securityEventType: 'TamperDetectionActivated', techInfo: 't' },
    ],
    [
      'ocpp1.6',
      'SignCertificate',
      { csr: 'PEM' },
      'CertificateSigningRequested',
      { csr: 'PEM', certificateType: 'ChargingStationCertificate' },
    ],
    [
      'ocpp2.1',
      'SignCertificate',
      { csr: 'PEM', certificateType: 'V2GCertificate', requestId: 7 },
      'CertificateSigningRequested',
      { csr: 'PEM', certificateType: 'V2GCertificate', requestId: 7 },
    ],
    ['ocpp1.6', 'DiagnosticsStatusNotification', { status: 'UploadFailed' }, 'LogStatusReported', { status: 'UploadFailure' }],
    ['ocpp1.6', 'LogStatusNotification', { status: 'Uploading', requestId: 5 }, 'LogStatusReported', { status: 'Uploading', requestId: 5 }],
    [
      'ocpp1.6',
      'SignedFirmwareStatusNotification',
      { status: 'InvalidSignature', requestId: 5 },
      'FirmwareStatusReported',
      { status: 'InvalidSignature', requestId: 5 },
    ],
    [
      'ocpp1.6',
      'DataTransfer',
      { vendorId: 'V', messageId: 'M', data: 'D' },
      'DataTransferReceived',
      { vendorId: 'V', dataId: 'M', payload: 'D' },
    ],
    [
      'ocpp2.0.1',
      'ReservationStatusUpdate',
      { reservationId: 7, reservationUpdateStatus: 'Removed' },
      'ReservationStatusReported',
      { reservationId: 7, status: 'Removed' },
    ],
    [
      'ocpp2.1',
      'ReservationStatusUpdate',
      { reservationId: 7, reservationUpdateStatus: 'NoTransaction' },
      'ReservationStatusReported',
      { reservationId: 7, status: 'NoTransaction' },
    ],
    [
      'ocpp2.0.1',
      'BootNotification',
      {
        reason: 'PowerUp',
        chargingStation: { vendorName: 'V', model: 'M', serialNumber: 'S', firmwareVersion: 'F', modem: { iccid: 'I' } },
      },
      'StationBooted',
      { vendor: 'V', model: 'M', serialNumber: 'S', firmwareVersion: 'F', iccid: 'I', reason: 'PowerUp' },
    ],
    [
      'ocpp2.0.1',
      'StatusNotification',
      { timestamp: '2026-01-02T03:00:00Z', connectorStatus: 'Reserved', evseId: 2, connectorId: 1 },
      'ConnectorStatusReported',
      { evseId: 2, connectorId: 1, status: 'Reserved' },
    ],
    [
      'ocpp2.0.1',
      'NotifyEvent',
      { generatedAt: '2026-01-02T03:00:00Z', seqNo: 0, eventData: [] },
      'StationEventsReported',
      { raw: { generatedAt: '2026-01-02T03:00:00Z', seqNo: 0 }, events: [], occurredAt: '2026-01-02T03:00:00.000Z' },
    ],
    [
      'ocpp2.0.1',
      'MeterValues',
      { evseId: 1, meterValue: [{ timestamp: '2026-01-02T03:00:00Z', sampledValue: [{ value: 1 }] }] },
      'MeterValuesReported',
      { evseId: 1, occurredAt: '2026-01-02T03:00:00.000Z' },
    ],
    [
      'ocpp2.1',
      'TransactionEvent',
      {
        eventType: 'Ended',
        timestamp: '2026-01-02T03:00:00Z',
        triggerReason: 'EVDeparted',
        seqNo: 4,
        transactionInfo: { transactionId: 'T' },
        meterValue: [
          { timestamp: '2026-01-02T03:00:00Z', sampledValue: [{ value: 8, context: 'Transaction.End', unitOfMeasure: { unit: 'kWh' } }] },
        ],
      },
      'TransactionEnded',
      { transactionId: 'T', seqNo: 4, stoppedReason: 'Local', meterStopWh: 8_000, evseId: 0 },
    ],
    [
      'ocpp2.0.1',
      'TransactionEvent',
      {
        eventType: 'Started',
        timestamp: '2026-01-02T03:00:00Z',
        triggerReason: 'RemoteStart',
        seqNo: 0,
        offline: true,
        reservationId: 3,
        transactionInfo: { transactionId: 'T', remoteStartId: 5, chargingState: 'Charging' },
        evse: { id: 2 },
        meterValue: [{ timestamp: '2026-01-02T03:00:00Z', sampledValue: [{ value: 8, context: 'Transaction.Begin' }] }],
      },
      'TransactionStarted',
      {
        transactionKey: 'T',
        remoteStartId: 5,
        reservationId: 3,
        chargingState: 'Charging',
        meterStartWh: 8,
        evseId: 2,
        connectorId: 0,
        offline: true,
      },
    ],
  ];

  it.each(samples)('turns %s %s %j into %s', (version, action, request, type, expected) => {
    const [fact] = routesOf(version).get(action)?.toFacts(request, contextOf(version, action), undefined) ?? [];
    expect(fact?.type).toBe(`voltlog.connection.${type}.v1`);
    expect(fact?.data).toMatchObject({
      stationId: 'CP1',
      ocppVersion: version,
      messageId: 'm-1',
      action,
      raw: request,
      receivedAt: received,
      ...expected,
    });
  });

  it('makes no fact of a heartbeat', () => {
    for (const [version] of versions)
      expect(routesOf(version).get('Heartbeat')?.toFacts({}, contextOf(version, 'Heartbeat'), undefined)).toEqual([]);
  });

  it('asks about a start button too (C02): a site may want none, and an EVSE may be held for somebody', () => {
    const idToken = { idToken: '', type: 'NoAuthorization' };
    const event = { eventType: 'Started', timestamp: received, triggerReason: 'CablePluggedIn', seqNo: 0, evse: { id: 2 }, idToken };
    const started = { ...event, transactionInfo: { transactionId: 'T' } };
    for (const [action, request, expected] of [
      ['Authorize', { idToken }, { idToken, purpose: 'identify', evseId: 0 }],
      ['TransactionEvent', started, { idToken, purpose: 'start', evseId: 2, transactionKey: 'T' }],
    ] as const)
      expect(routesOf('ocpp2.0.1').get(action)?.question?.(request, contextOf('ocpp2.0.1', action))).toMatchObject(expected);
  });
});
