import { createServer } from 'node:http2';
import { OperatingError, RequestError } from '@voltlog/kernel';
import { sessionV1 } from '@voltlog/proto';
import { afterEach, describe, expect, it } from 'vitest';
import { createRpc } from './grpc-rpc.js';
import type { Rpc } from './rpc.js';

type Sessions = Pick<sessionV1.SessionService, 'getSession'>;
const definition = sessionV1.SessionServiceDefinition;
const session = sessionV1.Session.fromPartial({
  sessionId: 's-1',
  energyWh: 1234.5,
  startedAt: '2026-01-02T03:04:05.678Z',
  flags: ['OfflineStart'],
});

const open: Rpc[] = [];
const rpc = (...args: Parameters<typeof createRpc>): Rpc => {
  const made = createRpc(...args);
  open.push(made);
  return made;
};
afterEach(async () => {
  await Promise.all(open.splice(0).map((each) => each.close()));
});

/** Both roads to one implementation: the same process, and gRPC over loopback. */
async function roads(implementation: Sessions, deadlineMs = 5_000): Promise<[string, Sessions][]> {
  const host = rpc();
  host.serve(definition, implementation);
  const address = await host.listen('127.0.0.1:0');
  return [
    ['in the same process', host.client<Sessions>(definition, { address: '' })],
    ['over gRPC', rpc().client<Sessions>(definition, { address, deadlineMs })],
  ];
}

describe('calls between services', () => {
  it('give the same answer on both roads', async () => {
    for (const [road, client] of await roads({ getSession: async () => ({ session }) })) {
      expect((await client.getSession({ sessionId: 's-1' })).session, road).toEqual(session);
    }
  });

  it('give the same refusal on both roads, with its code, message and reason', async () => {
    const refuse = async () => {
      throw new RequestError('NOT_FOUND', 'no session "ü"', 'SessionUnknown');
    };
    for (const [road, client] of await roads({ getSession: refuse })) {
      const error = await client.getSession({ sessionId: 'x' }).catch((thrown: unknown) => thrown);
      expect(error, road).toBeInstanceOf(RequestError);
      expect(error, road).toMatchObject({ code: 'NOT_FOUND', message: 'no session "ü"', reason: 'SessionUnknown' });
    }
  });

  it('turn a bug into an operating error that does not show its text', async () => {
    const fail = async () => {
      throw new TypeError('secret detail');
    };
    for (const [road, client] of await roads({ getSession: fail })) {
      const error = await client.getSession({ sessionId: 'x' }).catch((thrown: unknown) => thrown);
      expect(error, road).toBeInstanceOf(OperatingError);
      expect(String(error), road).not.toContain('secret');
    }
  });

  it('end at their deadline', async () => {
    const [, overGrpc] = await roads({ getSession: () => new Promise(() => {}) }, 50);
    await expect(overGrpc?.[1].getSession({ sessionId: 'x' })).rejects.toMatchObject({ code: 'DeadlineExceeded' });
  });

  it('go to several addresses in turn, by host name too, and leave out one that is gone', async () => {
    const seen: string[] = [];
    const listening = async (name: string): Promise<{ host: Rpc; address: string }> => {
      const host = rpc();
      host.serve<Sessions>(definition, {
        getSession: async () => {
          seen.push(name);
          return { session };
        },
      });
      return { host, address: (await host.listen('127.0.0.1:0')).replace('127.0.0.1', 'localhost') };
    };
    const [first, second] = [await listening('first'), await listening('second')];
    const client = rpc().client<Sessions>(definition, { address: `${first.address},${second.address}` });
    for (let asked = 0; asked < 6; asked += 1) await client.getSession({ sessionId: 's-1' });
    expect(new Set(seen)).toEqual(new Set(['first', 'second']));
    await first.host.close();
    await expect.poll(() => client.getSession({ sessionId: 's-1' }).then(() => 'answered', String), { timeout: 5_000 }).toBe('answered');
    seen.length = 0;
    for (let asked = 0; asked < 4; asked += 1) await client.getSession({ sessionId: 's-1' });
    expect(seen).toEqual(['second', 'second', 'second', 'second']);
  });

  it('fail as an operating error when nobody listens: it is known that nothing was sent', async () => {
    const client = rpc().client<Sessions>(definition, { address: '127.0.0.1:1', deadlineMs: 2_000 });
    const failure = client.getSession({ sessionId: 'x' });
    await expect(failure).rejects.toBeInstanceOf(OperatingError);
    await expect(failure).rejects.toMatchObject({ code: 'ServiceUnreachable' });
  });

  it('fail as an operating error when the answer is lost: nobody knows what came of it', async () => {
    const silent = createServer().on('stream', (stream) => stream.session?.destroy());
    await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
    const address = silent.address();
    const port = typeof address === 'object' && address !== null ? address.port : 0;
    const client = rpc().client<Sessions>(definition, { address: `127.0.0.1:${port}`, deadlineMs: 2_000 });
    await expect(client.getSession({ sessionId: 'x' })).rejects.toMatchObject({ code: 'ServiceUnavailable' });
    silent.close();
  });
});
