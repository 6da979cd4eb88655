import { describe, expect, it } from 'vitest';
import { loadV16 } from './index.js';

describe('OCPP 1.6', () => {
  it('loads once and checks a call', async () => {
    const protocol = await loadV16();
    expect(await loadV16()).toBe(protocol);
    expect(protocol.checkCall('Heartbeat', {}, 'station')).toBeUndefined();
    expect(protocol.checkCall('Authorize', {}, 'station')?.code).toBe('OccurenceConstraintViolation');
  });
});
