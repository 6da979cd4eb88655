import type { Rpc } from '@voltlog/grpc';
import { OperatingError, RequestError } from '@voltlog/kernel';
import { deviceLogUploadV1 } from '@voltlog/proto';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { FakeServices } from '../testing/fake-services.js';
import { type GatewayUnderTest, startGateway } from '../testing/gateway-under-test.js';

const FILE = 'log-u1-1';

/** Takes uploads, and answers what was received as it is told to. */
class UploadServices extends FakeServices {
  /** What is answered in turn; undefined, or nothing left: that it was taken. */
  answers: (Error | undefined)[] = [];
  /** How often it cannot be told that an upload broke off. */
  deafTo = 0;

  override serve(rpc: Rpc): void {
    super.serve(rpc);
    const note = (method: string, request: unknown): void => void this.calls.push({ method, request });
    rpc.serve<Partial<deviceLogUploadV1.LogUploadService>>(deviceLogUploadV1.LogUploadServiceDefinition, {
      beginUpload: async () => ({
        attempt: 1,
        fileId: FILE,
        stationId: 'CP-1',
        logType: 'DiagnosticsLog',
        keptUntil: '2026-11-24T10:00:00.000Z',
      }),
      receiveUpload: async (request) => {
        note('receiveUpload', request);
        const answer = this.answers.shift();
        if (answer !== undefined) throw answer;
        return {};
      },
      breakUpload: async (request) => {
        note('breakUpload', request);
        this.deafTo -= 1;
        if (this.deafTo >= 0) throw lost();
        return {};
      },
      reportUploadProgress: async () => ({}),
    });
  }

  methods(): readonly string[] {
    return this.calls.map(({ method }) => method);
  }
}

let gateway: GatewayUnderTest<UploadServices>;
beforeEach(async () => {
  gateway = await startGateway({}, new UploadServices());
});
afterEach(() => gateway.app.close());

const put = async (): Promise<number> => {
  const headers = { 'content-type': 'text/plain' };
  return (await gateway.app.inject({ method: 'PUT', url: '/files/uploads/u1/signature/a.log', payload: 'hello', headers })).statusCode;
};
const isKept = async (): Promise<boolean> => (await gateway.store.files.stat(FILE)) !== undefined;
const lost = (): Error => new OperatingError('DeadlineExceeded', 'no answer in time');

describe('a log that is stored', () => {
  it('is told once more when the answer is lost, and kept', async () => {
    gateway.services.answers = [lost()];
    expect(await put()).toBe(201);
    const told = gateway.services.calls.map(({ request }) => request);
    expect(gateway.services.methods()).toEqual(['receiveUpload', 'receiveUpload']);
    expect(told[1]).toEqual(told[0]);
    expect(await isKept()).toBe(true);
  });

  it('is kept when no answer comes at all: it can have been taken', async () => {
    gateway.services.answers = [lost(), lost(), lost()];
    expect(await put()).toBe(504);
    expect(gateway.services.methods()).toEqual(['receiveUpload', 'receiveUpload', 'receiveUpload', 'breakUpload']);
    expect(await isKept()).toBe(true);
  });

  it('is told to have broken off once somebody hears it again, so that the station can bring it anew', async () => {
    gateway.services.answers = [lost(), lost(), lost()];
    gateway.services.deafTo = 2;
    expect(await put()).toBe(504);
    const broken = () => gateway.services.calls.filter(({ method }) => method === 'breakUpload');
    await expect.poll(broken, { timeout: 30_000 }).toHaveLength(3);
    expect(broken().map(({ request }) => request)).toEqual(Array(3).fill(broken()[0]?.request));
    expect(gateway.services.deafTo).toBe(-1);
  });

  it('is deleted when it was refused', async () => {
    gateway.services.answers = [new RequestError('FAILED_PRECONDITION', 'this upload is over', 'UploadOver')];
    expect(await put()).toBe(410);
    expect(gateway.services.methods()).toEqual(['receiveUpload', 'breakUpload']);
    expect(await isKept()).toBe(false);
  });
});
