import { dataTransferV1, deviceMoveV1 } from '@voltlog/proto';
import { describe, expect, it } from 'vitest';
import { addressFor } from './common.js';
import { toMove, toMoveStation } from './move.view.js';
import { toVendor } from './vendor.view.js';

const URL_WITH_TOKEN = 'https://user:hunter2@asked.example:8443/hunter2/{stationId}?key=hunter2';

describe('an address that is asked', () => {
  it('is told a viewer as its host, and others whole', () => {
    expect(addressFor('viewer', URL_WITH_TOKEN)).toBe('asked.example:8443');
    expect(addressFor('operator', URL_WITH_TOKEN)).toBe(URL_WITH_TOKEN);
    for (const url of ['', 'no address hunter2', 'token:hunter2']) expect(addressFor('viewer', url)).toBe('');
  });

  it('holds no token in what a viewer reads of a vendor or a move', () => {
    const vendor = dataTransferV1.Vendor.fromPartial({
      vendorId: 'acme',
      messages: [{ messageId: 'Ask', status: 'Rejected', handlerUrl: URL_WITH_TOKEN }],
      handlerUrl: URL_WITH_TOKEN,
    });
    const keys = [
      { key: 'CentralSystemURL', value: URL_WITH_TOKEN },
      { key: 'Token', value: 'hunter2' },
    ];
    const move = deviceMoveV1.Move.fromPartial({
      moveId: 'm-1',
      target: { csmsUrl: URL_WITH_TOKEN, keys: [{ vendor: '', keys }], healthUrl: URL_WITH_TOKEN },
    });
    const station = deviceMoveV1.MoveStation.fromPartial({ stationId: 'CP-1', keysBefore: keys });
    expect(JSON.stringify([toVendor(vendor, 'viewer'), toMove(move, 'viewer'), toMoveStation(station, 'viewer')])).not.toContain('hunter2');
    expect(toMove(move, 'viewer')).toMatchObject({ target: { csmsUrl: 'asked.example:8443' } });
    expect(toVendor(vendor, 'operator')).toMatchObject({ handlerUrl: URL_WITH_TOKEN, messages: [{ handlerUrl: URL_WITH_TOKEN }] });
    expect(toMove(move, 'admin')).toMatchObject({ target: { csmsUrl: URL_WITH_TOKEN, keys: [{ keys }], healthUrl: URL_WITH_TOKEN } });
    expect(toMoveStation(station, 'operator')).toMatchObject({ before: { keys } });
  });
});
