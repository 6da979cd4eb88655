import { RequestError } from '@voltlog/kernel';
import type { authorizationV1 } from '@voltlog/proto';
import type { LocalLists } from '../lists/local-lists.js';
import type { Collections, LocalListDoc } from '../store/documents.js';
import type { Sites } from '../store/sites.js';

type Lists = Pick<authorizationV1.AuthorizationService, 'getLocalList' | 'syncLocalList'>;

/** How the local lists of stations stand. */
export class LocalListsGrpc implements Lists {
  constructor(
    private readonly lists: LocalLists,
    private readonly sites: Sites,
    private readonly collections: Pick<Collections, 'localLists'>,
  ) {}

  async getLocalList({ stationId }: authorizationV1.GetLocalListRequest): Promise<authorizationV1.GetLocalListResponse> {
    const doc = await this.collections.localLists.get(stationId);
    return { localList: doc === undefined ? await this.none(stationId) : toMessage(doc) };
  }

  /** The station is looked at at once; what comes of it shows in the list's state. */
  async syncLocalList({ stationId, full }: authorizationV1.SyncLocalListRequest): Promise<authorizationV1.SyncLocalListResponse> {
    const siteId = (await this.sites.load([stationId])).get(stationId) ?? '';
    if (!this.lists.isWanted(siteId))
      throw new RequestError('FAILED_PRECONDITION', 'local lists are off at the site of this station', 'LocalListsOff');
    await this.lists.soon([stationId], full, 0);
    const { localList } = await this.getLocalList({ stationId });
    return { localList: localList === undefined ? undefined : { ...localList, state: 'Pending', reason: 'asked for' } };
  }

  private async none(stationId: string): Promise<authorizationV1.LocalList> {
    const siteId = (await this.sites.load([stationId])).get(stationId) ?? '';
    const state = this.lists.isWanted(siteId) ? 'Pending' : 'Off';
    return { stationId, wantedVersion: 0, wantedEntries: 0, stationVersion: undefined, state, reason: '', updatedAt: undefined };
  }
}

const toMessage = (doc: LocalListDoc): authorizationV1.LocalList => ({
  stationId: doc.id,
  wantedVersion: doc.wantedVersion,
  wantedEntries: doc.wantedEntries,
  stationVersion: doc.stationVersion,
  state: doc.state,
  reason: doc.reason,
  updatedAt: doc.updatedAt,
});
