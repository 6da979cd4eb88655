import { Body, Param, Post } from '@nestjs/common';
import type { z } from 'zod';
import { CallerParam } from '../auth/access.js';
import type { Caller } from '../auth/api-keys.js';
import type { Services } from '../services.js';
import { type Command, CommandRoute, checkMaySend, sendCommand } from './send-command.js';
import { type StationParams, stationParams } from './stations.controller.js';

interface Route<Body> {
  /** The last part of the address. */
  readonly path: string;
  /** The name of the handler, and so of the operation. */
  readonly name: string;
  readonly summary: string;
  readonly note?: string;
  readonly schema: z.ZodType<Body>;
  /** Given the body without `timeoutMs`. */
  toCommand(fields: Omit<Body, 'timeoutMs'>): Command;
}

/** Adds the route of a command to a controller, as if it was written there. */
export function addCommandRoute<Body extends { readonly timeoutMs: number }>(
  controller: { readonly prototype: { readonly services: Services } },
  { path, name, summary, note, schema, toCommand }: Route<Body>,
): void {
  const handler = {
    async value(this: { readonly services: Services }, { stationId }: StationParams, { timeoutMs, ...fields }: Body, caller: Caller) {
      const command = toCommand(fields);
      checkMaySend(caller, command);
      return sendCommand(this.services, stationId, timeoutMs, command);
    },
    configurable: true,
    writable: true,
  };
  // What Nest keeps of a handler it keeps under the name of the function.
  Object.defineProperty(handler.value, 'name', { value: name });
  const { prototype } = controller;
  Object.defineProperty(prototype, name, handler);
  Reflect.defineMetadata('design:paramtypes', [Object, Object, Object], prototype, name);
  Param({ schema: stationParams })(prototype, name, 0);
  Body({ schema })(prototype, name, 1);
  CallerParam()(prototype, name, 2);
  Post(path)(prototype, name, handler);
  CommandRoute(summary, note)(prototype, name, handler);
}
