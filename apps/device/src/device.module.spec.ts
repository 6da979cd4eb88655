import { startService } from '@voltlog/service';
import { openTestContext, type TestContext } from '@voltlog/testing';
import { afterEach, describe, expect, it } from 'vitest';
import { deviceService } from './device.module.js';

describe('device as a service', () => {
  let context: TestContext;
  afterEach(() => context.close());

  it('starts, offers its RPC, and stops', async () => {
    const opened = await openTestContext('device');
    const served: string[] = [];
    context = { ...opened, rpc: { ...opened.rpc, serve: (definition) => void served.push(definition.fullName) } };
    const running = await startService(deviceService, context, deviceService.config.parse({}));
    expect(served).toEqual([
      'voltlog.device.v1.DeviceService',
      'voltlog.device.v1.StationSecurityService',
      'voltlog.device.v1.CertificateService',
      'voltlog.device.v1.JobService',
      'voltlog.device.v1.FirmwareService',
      'voltlog.device.v1.LogUploadService',
      'voltlog.device.v1.StationReportsService',
      'voltlog.device.v1.RegistryService',
      'voltlog.device.v1.DeviceModelService',
      'voltlog.device.v1.MoveService',
      'voltlog.device.v1.StationOperationService',
    ]);
    await running.stop();
  });

  it('names every wrong variable', () => {
    const wrong = deviceService.config.safeParse(WRONG);
    expect(wrong.error?.issues.map((issue) => issue.path.join('.'))).toEqual(Object.keys(WRONG));
  });
});

const WRONG = { DEVICE_STATIONS_IN_MEMORY: '99', DEVICE_SCRYPT_N: '16383' };
