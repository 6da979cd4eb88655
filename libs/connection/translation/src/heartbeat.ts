import type { Route } from './route.js';

/** Presence only, no fact: OCPP 1.6 §4.6, OCPP 2.0.1 Part 2 G02; design §3.2. */
export const heartbeat: Route<unknown> = {
  action: 'Heartbeat',
  money: false,
  toFacts: () => [],
  toResponse: (_request, context) => ({ currentTime: context.receivedAt }),
};
