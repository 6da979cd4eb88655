import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { type WebSocket, WebSocketServer } from 'ws';
import { type Answer, type Payload, readFrame } from '../station/protocol.js';

/** What the fake answers; `undefined`: not at all. A string: a CALLERROR with that code. */
export type Reply = Payload | string | undefined;

export interface ReceivedCall {
  readonly stationId: string;
  readonly subprotocol: string;
  readonly messageId: string;
  readonly action: string;
  readonly payload: Payload;
}

/** The smallest CSMS that a station can charge at; a spec overrides what it wants otherwise. */
export interface FakeCsms {
  readonly url: string;
  readonly calls: ReceivedCall[];
  readonly sockets: Map<string, WebSocket>;
  /** HTTP status by station that is not let in. */
  readonly turnedAway: Map<string, number>;
  /** Most CALLs that any station had unanswered at once. */
  readonly mostInFlight: number;
  reply(action: string, answer: (call: ReceivedCall) => Reply): void;
  /** Sends a command and waits for the answer. */
  command(stationId: string, action: string, payload: Payload): Promise<Answer>;
  of(action: string): readonly ReceivedCall[];
  /** Resolves when the condition holds; looked at after each frame. */
  until(holds: () => boolean): Promise<void>;
  close(): Promise<void>;
}

export async function startFakeCsms(port = 0): Promise<FakeCsms> {
  const turnedAway = new Map<string, number>();
  const server = new WebSocketServer({
    port,
    host: '127.0.0.1',
    perMessageDeflate: false,
    verifyClient: ({ req }, done) => {
      const status = turnedAway.get(stationOf(req.url));
      if (status === undefined) done(true);
      else done(false, status);
    },
    handleProtocols: (offered) => [...offered][0] ?? false,
  });
  await once(server, 'listening');
  const { port: bound } = server.address() as AddressInfo;
  const calls: ReceivedCall[] = [];
  const sockets = new Map<string, WebSocket>();
  const replies = new Map<string, (call: ReceivedCall) => Reply>();
  const commands = new Map<string, (answer: Answer) => void>();
  let waiters: { readonly holds: () => boolean; readonly resolve: () => void }[] = [];
  let transactions = 0;
  let commandCount = 0;
  const fake = { mostInFlight: 0 };

  const changed = (): void => {
    const due = waiters.filter((waiter) => waiter.holds());
    waiters = waiters.filter((waiter) => !due.includes(waiter));
    for (const waiter of due) waiter.resolve();
  };

  const standard = (call: ReceivedCall): Reply => {
    switch (call.action) {
      case 'BootNotification':
        return { status: 'Accepted', currentTime: '2026-01-05T08:00:00.000Z', interval: 300 };
      case 'Heartbeat':
        return { currentTime: '2026-01-05T08:00:00.000Z' };
      case 'Authorize':
        return call.subprotocol === 'ocpp1.6' ? { idTagInfo: { status: 'Accepted' } } : { idTokenInfo: { status: 'Accepted' } };
      case 'StartTransaction':
        transactions += 1;
        return { transactionId: transactions, idTagInfo: { status: 'Accepted' } };
      case 'DataTransfer':
        return { status: 'Accepted' };
      default:
        return {};
    }
  };

  server.on('connection', (socket, request) => {
    const stationId = stationOf(request.url);
    let inFlight = 0;
    sockets.set(stationId, socket);
    socket.on('error', () => {});
    socket.on('close', () => {
      if (sockets.get(stationId) === socket) sockets.delete(stationId);
      changed();
    });
    socket.on('message', (data) => {
      const frame = readFrame(String(data));
      if (frame?.type === 'call') {
        inFlight += 1;
        fake.mostInFlight = Math.max(fake.mostInFlight, inFlight);
        const { messageId, action, payload } = frame;
        const call = { stationId, subprotocol: socket.protocol, messageId, action, payload };
        calls.push(call);
        const answer = (replies.get(action) ?? standard)(call);
        // Answered a turn later, so that a station that does not wait for its answer is found out.
        setImmediate(() => {
          if (answer === undefined) return;
          inFlight -= 1;
          socket.send(typeof answer === 'string' ? JSON.stringify([4, messageId, answer, '', {}]) : JSON.stringify([3, messageId, answer]));
        });
      } else if (frame !== undefined) {
        const settle = commands.get(frame.messageId);
        commands.delete(frame.messageId);
        settle?.(frame.type === 'result' ? { kind: 'result', payload: frame.payload } : { kind: 'error', ...frame });
      }
      changed();
    });
    changed();
  });

  return {
    url: `ws://127.0.0.1:${bound}/ocpp`,
    calls,
    sockets,
    turnedAway,
    get mostInFlight() {
      return fake.mostInFlight;
    },
    reply: (action, answer) => replies.set(action, answer),
    command: (stationId, action, payload) =>
      new Promise((resolve) => {
        commandCount += 1;
        commands.set(`c${commandCount}`, resolve);
        sockets.get(stationId)?.send(JSON.stringify([2, `c${commandCount}`, action, payload]));
      }),
    of: (action) => calls.filter((call) => call.action === action),
    until: (holds) => (holds() ? Promise.resolve() : new Promise((resolve) => waiters.push({ holds, resolve }))),
    close: async () => {
      for (const socket of server.clients) socket.terminate();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

const stationOf = (url = ''): string => decodeURIComponent(url.split('/').at(-1) ?? '');
