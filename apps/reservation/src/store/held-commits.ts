import type { Commit, OutboxRelay } from '@voltlog/store';

/**
 * Commits wait here until the read models of what they are about are written, so that nobody is told of what cannot be read yet. Those of
 * one stream go out in their order.
 */
export class HeldCommits {
  private readonly byStream = new Map<string, Commit[]>();
  /** Calls under way, by what they are about. */
  private readonly underway = new Map<string, number>();

  /** @param keysOf what a commit is about */
  constructor(
    private readonly relay: Pick<OutboxRelay, 'publish'>,
    private readonly keysOf: (commit: Commit) => readonly string[],
  ) {}

  publish(commits: readonly Commit[]): void {
    for (const commit of commits) {
      const held = this.byStream.get(commit.streamId);
      if (held === undefined) this.byStream.set(commit.streamId, [commit]);
      else held.push(commit);
    }
  }

  /** What a call about these commits is told of when it has ended, however it ended. */
  async during<T>(keys: Iterable<string>, call: () => Promise<T>): Promise<T> {
    const all = [...keys];
    for (const key of all) this.underway.set(key, (this.underway.get(key) ?? 0) + 1);
    try {
      return await call();
    } finally {
      for (const key of all) {
        const left = (this.underway.get(key) ?? 1) - 1;
        if (left === 0) this.underway.delete(key);
        else this.underway.set(key, left);
      }
      this.release();
    }
  }

  private release(): void {
    for (const [streamId, held] of this.byStream) {
      const waits = held.findIndex((commit) => this.keysOf(commit).some((key) => this.underway.has(key)));
      const ready = waits < 0 ? held.length : waits;
      if (ready > 0) this.relay.publish(held.splice(0, ready));
      if (held.length === 0) this.byStream.delete(streamId);
    }
  }
}
