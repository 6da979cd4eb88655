import { isoTime, RequestError } from '@voltlog/kernel';
import { connectionV1 } from '@voltlog/proto';
import type { Collection } from '@voltlog/store';
import type { FrameChunk, StoredFrame } from './frame.schema.js';
import type { FrameLog } from './frame-log.js';

const { FrameDirection } = connectionV1;

const PAGE_DEFAULT = 50;
const PAGE_MAX = 500;
const CHUNKS_PER_READ = 8;

/** 0 is the default; too many is the most. */
export const pageSize = (asked: number): number => (asked === 0 ? PAGE_DEFAULT : Math.min(asked, PAGE_MAX));

/** Reads the message log of a station: what is stored and what still waits to be. */
export class FrameHistory {
  constructor(
    private readonly chunks: Collection<FrameChunk>,
    private readonly log: FrameLog,
  ) {}

  recent(stationId: string): readonly connectionV1.Frame[] {
    return this.log.recent(stationId).map((frame) => wire(stationId, frame));
  }

  /** Newest first. The page token is the time of the last frame and how many of that time were given, so that new frames do not shift pages. */
  async page(request: connectionV1.ListFramesRequest, tail: readonly connectionV1.Frame[]): Promise<connectionV1.ListFramesResponse> {
    const { stationId } = request;
    const size = pageSize(request.pageSize);
    const from = tokenOf(request.pageToken);
    const frames = before(tail.toReversed(), from);
    let skip = from?.given ?? 0;
    const at = from === undefined ? {} : { at: { $lte: from.at } };
    for (let after: string | undefined, more = true; more && frames.length < size + skip + 1; ) {
      const page = await this.chunks.find({
        where: { stationId, ...at },
        sort: ['at', -1],
        limit: CHUNKS_PER_READ,
        ...(after === undefined ? {} : { after }),
      });
      for (const chunk of page.docs)
        frames.push(
          ...before(
            chunk.frames.toReversed().map((frame) => wire(stationId, frame)),
            from,
          ),
        );
      after = page.next;
      more = after !== undefined;
    }
    frames.splice(0, skip);
    const shown = frames.slice(0, size);
    const last = shown.at(-1);
    if (frames.length <= size || last === undefined) return { frames: shown, nextPageToken: '' };
    if (last.at !== from?.at) skip = 0;
    return { frames: shown, nextPageToken: `${last.at}~${skip + shown.filter((frame) => frame.at === last.at).length}` };
  }
}

interface PageToken {
  readonly at: string;
  readonly given: number;
}

function tokenOf(text: string): PageToken | undefined {
  if (text === '') return undefined;
  const [, at, given] = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z)~(\d{1,6})$/.exec(text) ?? [];
  if (at === undefined || given === undefined) throw new RequestError('INVALID_ARGUMENT', 'pageToken is not one of ours');
  return { at, given: Number(given) };
}

const before = (frames: readonly connectionV1.Frame[], from: PageToken | undefined): connectionV1.Frame[] =>
  frames.filter((frame) => from === undefined || (frame.at ?? '') <= from.at);

const wire = (stationId: string, frame: StoredFrame): connectionV1.Frame => ({
  stationId,
  at: isoTime(frame.atMs),
  direction: frame.direction === 'in' ? FrameDirection.FROM_STATION : FrameDirection.TO_STATION,
  text: frame.text,
});
