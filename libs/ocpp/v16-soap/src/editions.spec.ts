import { loadV16 } from '@voltlog/ocpp-v16';
import { describe, expect, it } from 'vitest';
import { hasAction, readRequest, readResponse, writeRequest, writeResponse } from './index.js';
import { envelopeOf, IDENTITY, MESSAGE_ID } from './testing/envelopes.js';

const CS = { '1.5': 'urn://Ocpp/Cs/2012/06/', '1.2': 'urn://Ocpp/Cs/2010/08/' } as const;
const read = (edition: '1.5' | '1.2', body: string) =>
  readRequest(envelopeOf({ cs: CS[edition], header: IDENTITY + MESSAGE_ID, body }), 'cs');
const reply = { service: 'cs', messageId: 'm2', relatesTo: 'm1' } as const;
const request = { service: 'cp', messageId: 'm1', chargeBoxIdentity: 'CP1', to: 'http://there/', from: '' } as const;

describe('OCPP 1.5 over SOAP', () => {
  it('meter values with attributes become those of 1.6, and pass its schema', async () => {
    const { payload, action, edition } = read(
      '1.5',
      `<cs:meterValuesRequest><cs:connectorId>1</cs:connectorId><cs:transactionId>3</cs:transactionId>
        <cs:values><cs:timestamp>2026-01-01T00:00:00Z</cs:timestamp>
          <cs:value measurand="Current.Import" unit="Amp">16</cs:value><cs:value>1250</cs:value></cs:values></cs:meterValuesRequest>`,
    );
    expect({ action, edition }).toEqual({ action: 'MeterValues', edition: '1.5' });
    expect(payload).toEqual({
      connectorId: 1,
      transactionId: 3,
      meterValue: [
        { timestamp: '2026-01-01T00:00:00Z', sampledValue: [{ value: '16', measurand: 'Current.Import', unit: 'A' }, { value: '1250' }] },
      ],
    });
    expect((await loadV16()).checkRequest(action, payload)).toBeUndefined();
  });

  it('transaction data of several groups become one list', async () => {
    const values = (value: number) =>
      `<cs:values><cs:timestamp>2026-01-01T00:00:00Z</cs:timestamp><cs:value>${value}</cs:value></cs:values>`;
    const { payload, action } = read(
      '1.5',
      `<cs:stopTransactionRequest><cs:transactionId>3</cs:transactionId><cs:timestamp>2026-01-01T00:00:00Z</cs:timestamp><cs:meterStop>9</cs:meterStop>
        <cs:transactionData>${values(1)}${values(2)}</cs:transactionData><cs:transactionData>${values(3)}</cs:transactionData></cs:stopTransactionRequest>`,
    );
    expect(payload['transactionData']).toEqual(
      [1, 2, 3].map((value) => ({ timestamp: '2026-01-01T00:00:00Z', sampledValue: [{ value: String(value) }] })),
    );
    expect((await loadV16()).checkRequest(action, payload)).toBeUndefined();
  });

  it('statuses and errors that 1.6 renamed are understood, long texts cut', async () => {
    const { payload, action } = read(
      '1.5',
      `<cs:statusNotificationRequest><cs:connectorId>1</cs:connectorId><cs:status>Occupied</cs:status><cs:errorCode>Mode3Error</cs:errorCode>
        <cs:info>${'x'.repeat(60)}</cs:info></cs:statusNotificationRequest>`,
    );
    expect(payload).toEqual({ connectorId: 1, status: 'Occupied', errorCode: 'EVCommunicationError', info: 'x'.repeat(50) });
    expect((await loadV16()).checkRequest(action, payload)).toBeUndefined();
  });

  it('is told heartbeatInterval, and Rejected for Pending', () => {
    const xml = writeResponse('BootNotification', { status: 'Pending', currentTime: 't', interval: 300 }, { ...reply, edition: '1.5' });
    expect(xml).toContain('xmlns:o="urn://Ocpp/Cs/2012/06/"');
    expect(xml).toContain('<o:status>Rejected</o:status><o:currentTime>t</o:currentTime><o:heartbeatInterval>300</o:heartbeatInterval>');
  });

  it('is commanded in its own order and spelling', () => {
    const start = writeRequest('RemoteStartTransaction', { connectorId: 1, idTag: 'A' }, { ...request, edition: '1.5' });
    expect(start).toContain('<o:idTag>A</o:idTag><o:connectorId>1</o:connectorId>');
    const list = { listVersion: 2, localAuthorizationList: [{ idTag: 'A', idTagInfo: { status: 'Accepted' } }], updateType: 'Full' };
    expect(writeRequest('SendLocalList', list, { ...request, edition: '1.5' })).toContain(
      '<o:updateType>Full</o:updateType><o:listVersion>2</o:listVersion><o:localAuthorisationList><o:idTag>A</o:idTag>',
    );
  });

  it.each([
    ['UnlockConnector', '<p:status>Accepted</p:status>', { status: 'Unlocked' }],
    ['UnlockConnector', '<p:status>Rejected</p:status>', { status: 'UnlockFailed' }],
    ['SendLocalList', '<p:status>HashError</p:status><p:hash>x</p:hash>', { status: 'Failed' }],
    ['SendLocalList', '<p:status>Accepted</p:status>', { status: 'Accepted' }],
  ])('its answer to %s is put into the words of 1.6', async (action, fields, payload) => {
    const tag = `${action.charAt(0).toLowerCase()}${action.slice(1)}Response`;
    const xml = envelopeOf({ body: `<p:${tag} xmlns:p="urn://Ocpp/Cp/2012/06/">${fields}</p:${tag}>` });
    expect(readResponse(xml, 'cp', '1.5', action)).toMatchObject({ kind: 'result', payload });
    expect((await loadV16()).checkResponse(action, payload)).toBeUndefined();
  });

  it('has no smart charging and no triggers', () => {
    const news = ['TriggerMessage', 'SetChargingProfile', 'ClearChargingProfile', 'GetCompositeSchedule'];
    expect(news.filter((action) => hasAction('cp', '1.5', action))).toEqual([]);
    expect(news.every((action) => hasAction('cp', '1.6', action))).toBe(true);
    expect(hasAction('cp', '1.6', 'InstallCertificate')).toBe(false);
  });
});

describe('OCPP 1.2 over SOAP', () => {
  it('its plain meter values become those of 1.6', () => {
    const { payload, edition } = read(
      '1.2',
      `<cs:meterValuesRequest><cs:connectorId>1</cs:connectorId>
        <cs:values><cs:timestamp>2026-01-01T00:00:00Z</cs:timestamp><cs:value>7</cs:value></cs:values></cs:meterValuesRequest>`,
    );
    expect({ payload, edition }).toEqual({
      edition: '1.2',
      payload: { connectorId: 1, meterValue: [{ timestamp: '2026-01-01T00:00:00Z', sampledValue: [{ value: '7' }] }] },
    });
  });

  it('has no DataTransfer, no reservations and no configuration to read', () => {
    expect(() => read('1.2', '<cs:dataTransferRequest/>')).toThrow('DataTransfer is not one of');
    const without = ['ReserveNow', 'GetConfiguration', 'SendLocalList'];
    expect(without.filter((action) => hasAction('cp', '1.2', action))).toEqual([]);
    expect(hasAction('cp', '1.2', 'RemoteStartTransaction')).toBe(true);
  });
});
