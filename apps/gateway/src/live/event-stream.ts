import type { FastifyReply } from 'fastify';
import type { Sink } from './live-hub.js';

/** Server-sent events to one client; the headers go with the first text, so that a refusal can still be a problem. */
export function eventStream(reply: FastifyReply): Sink {
  const { raw } = reply;
  const headers = {
    'content-type': 'text/event-stream',
    'cache-control': 'no-store',
    'x-accel-buffering': 'no',
    connection: 'keep-alive',
  };
  let open = false;
  return {
    write: (text) => {
      if (!open) {
        open = true;
        reply.hijack();
        for (const [name, value] of Object.entries(reply.getHeaders())) if (value !== undefined) raw.setHeader(name, value);
        raw.writeHead(200, headers);
      }
      raw.write(text);
    },
    waitingBytes: () => raw.writableLength,
    end: () => raw.end(),
  };
}
