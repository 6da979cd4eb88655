import { createRpc } from '@voltlog/grpc';
import { startService } from '@voltlog/service';
import { openTestContext, type TestContext } from '@voltlog/testing';
import { afterEach, describe, expect, it } from 'vitest';
import { reservationService } from './reservation.module.js';

describe('reservation as a service', () => {
  let context: TestContext;
  afterEach(() => context.close());

  it('starts, offers its RPC, and stops', async () => {
    const opened = await openTestContext('reservation');
    await opened.log.ensureTopics(['connection.station.v1', 'device.station.v1'].map((name) => ({ name, partitions: 1 })));
    const served: string[] = [];
    const rpc = createRpc({});
    context = { ...opened, rpc: { ...rpc, client: rpc.client.bind(rpc), serve: (definition) => void served.push(definition.fullName) } };
    const running = await startService(reservationService, context, reservationService.config.parse({}));
    expect(served).toEqual(['voltlog.reservation.v1.ReservationService']);
    await running.stop();
    await rpc.close();
  });

  it('names every wrong variable', () => {
    const wrong = reservationService.config.safeParse(WRONG);
    expect(wrong.error?.issues.map((issue) => issue.path.join('.'))).toEqual(Object.keys(WRONG));
  });
});

const WRONG = {
  CONNECTION_GRPC: 'here',
  DEVICE_GRPC: 'there',
  RESERVATION_ASK_MS: '1',
  RESERVATION_ASKS_MAX: '0',
  RESERVATION_RETRY_MS: '1',
};
