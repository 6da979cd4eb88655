import type { EventEnvelope } from '@voltlog/kernel';
import type { Commit, OutboxRelay } from '@voltlog/store';

/**
 * Lets commits be told to others only once the read model made of them is written: whoever hears of a change and asks must not be told
 * what was before.
 */
export class Documented {
  /** Streams whose commits are durable while their read model could not be written. */
  private readonly behind = new Set<string>();
  private held: Commit[] = [];

  constructor(
    private readonly outbox: Pick<OutboxRelay, 'publish'>,
    private readonly source: string,
  ) {}

  /** Where commits are handed over; they are held. */
  readonly relay: Pick<OutboxRelay, 'publish'> = { publish: (commits) => void this.held.push(...commits) };

  /** True when this instance made the event and its read model is written. */
  isDone(event: EventEnvelope): boolean {
    return event.source === this.source && !this.behind.has(event.subject);
  }

  /** The read models of these streams were made anew. */
  mended(streamIds: readonly string[]): void {
    for (const streamId of streamIds) this.behind.delete(streamId);
  }

  /** A write that failed may have been made all the same: then its event, once it is told, brings the read model up. */
  async noted<T>(streamIds: readonly string[], write: () => Promise<T>): Promise<T> {
    try {
      return await write();
    } catch (error) {
      for (const streamId of streamIds) this.behind.add(streamId);
      throw error;
    }
  }

  /**
   * Notes the streams for as long as their read model is behind: should the write fail, the event, on its way already, brings it up. Only
   * commits that the written documents know of are told: a later one of the same stream waits for its own.
   */
  async document(written: readonly (readonly [streamId: string, version: number])[], write: () => Promise<void>): Promise<void> {
    for (const [streamId] of written) this.behind.add(streamId);
    try {
      await write();
      this.mended(written.map(([streamId]) => streamId));
    } finally {
      const versions = new Map(written);
      const isMine = ({ streamId, version }: Commit): boolean => version <= (versions.get(streamId) ?? 0);
      const commits = this.held.filter(isMine);
      this.held = this.held.filter((commit) => !isMine(commit));
      if (commits.length > 0) this.outbox.publish(commits);
    }
  }
}
