import { STATION_TOPIC, type StationFactType, type VariablesReported } from '@voltlog/connection-contract';
import type { LogRecord, Subscription } from '@voltlog/event-log';
import type { ServiceContext } from '@voltlog/service';
import type { Collections, ListBoundDoc } from '../store/documents.js';

export const BOUND_TYPES: readonly StationFactType[] = ['voltlog.connection.VariablesReported.v1'];

/** What stations of 2.x reported of how long their local list may be. Source: OCPP 2.0.1 Part 2 LocalAuthListCtrlr.Entries (maxLimit) */
export class ListBounds {
  private subscription: Subscription | undefined;

  constructor(
    private readonly context: Pick<ServiceContext, 'log'>,
    private readonly collections: Pick<Collections, 'listBounds'>,
  ) {}

  async start(): Promise<void> {
    this.subscription = await this.context.log.subscribe({
      group: 'authorization-list-bounds',
      topics: [STATION_TOPIC],
      types: BOUND_TYPES,
      handle: (batch) => this.handle(batch),
    });
  }

  async stop(): Promise<void> {
    await this.subscription?.stop();
  }

  /** undefined: it did not report any. */
  async of(stationId: string): Promise<number | undefined> {
    return (await this.collections.listBounds.get(stationId))?.entriesMax;
  }

  async handle(batch: readonly LogRecord[]): Promise<void> {
    await this.collections.listBounds.upsert(toBounds(batch));
  }
}

/** The last that each station reported. */
export function toBounds(batch: readonly LogRecord[]): readonly { readonly doc: ListBoundDoc }[] {
  const told = new Map<string, ListBoundDoc>();
  for (const { event } of batch) {
    const { stationId, variables } = event.data as VariablesReported;
    for (const { component, name, characteristics } of variables) {
      const entriesMax = characteristics?.maxLimit ?? 0;
      if (component.toLowerCase() === 'localauthlistctrlr' && name.toLowerCase() === 'entries' && entriesMax >= 1)
        told.set(stationId, { id: stationId, entriesMax: Math.floor(entriesMax) });
    }
  }
  return [...told.values()].map((doc) => ({ doc }));
}
