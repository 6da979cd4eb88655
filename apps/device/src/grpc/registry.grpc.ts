import { RequestError } from '@voltlog/kernel';
import { deviceRegistryV1 } from '@voltlog/proto';
import {
  checkCount,
  type Imported,
  type Importer,
  type ImportOptions,
  NO_ATTRIBUTES,
  type SiteRecord,
  type StationRecord,
} from '../registry/importer.js';
import {
  checkName,
  checkPassword,
  checkProfile,
  checkSite,
  checkSiteId,
  checkStationId,
  checkTags,
  toEvses,
  toSiteChanges,
} from './requests.js';

const { ImportOutcome } = deviceRegistryV1;

const OUTCOMES: Readonly<Record<Imported['outcome'], deviceRegistryV1.ImportOutcome>> = {
  Created: ImportOutcome.CREATED,
  Changed: ImportOutcome.CHANGED,
  Unchanged: ImportOutcome.UNCHANGED,
  Failed: ImportOutcome.FAILED,
};

/** A record that has passed its checks, and where it stands. */
interface Placed<Record> {
  readonly at: number;
  readonly record: Record;
}

/** `voltlog.device.v1.RegistryService`. */
export class RegistryGrpc implements deviceRegistryV1.RegistryService {
  constructor(private readonly importer: Importer) {}

  async importRecords(request: deviceRegistryV1.ImportRecordsRequest): Promise<deviceRegistryV1.ImportRecordsResponse> {
    const { records, dryRun, makePasswords } = request;
    checkCount(records.length);
    const results: (Imported | undefined)[] = records.map(() => undefined);
    const sites: Placed<SiteRecord>[] = [];
    const stations: Placed<StationRecord>[] = [];
    const seen = new Set<string>();
    for (const [at, { record }] of records.entries()) {
      try {
        if (record === undefined) throw new RequestError('INVALID_ARGUMENT', 'it is neither a site nor a station');
        const id = record.$case === 'site' ? `site ${record.value.siteId}` : `station ${record.value.stationId}`;
        if (seen.has(id)) throw new RequestError('INVALID_ARGUMENT', `${id} stands there twice`);
        seen.add(id);
        if (record.$case === 'site') sites.push({ at, record: siteOf(record.value) });
        else stations.push({ at, record: stationOf(record.value) });
      } catch (error) {
        if (!(error instanceof RequestError)) throw error;
        results[at] = { outcome: 'Failed', problem: error.message };
      }
    }
    const options: ImportOptions = {
      dryRun,
      makePasswords,
      comingSiteIds: new Set([...request.comingSiteIds, ...sites.map(({ record }) => record.siteId)]),
    };
    // Sites first: stations stand at them.
    place(
      results,
      sites,
      await this.importer.sites(
        sites.map(({ record }) => record),
        options,
      ),
    );
    place(
      results,
      stations,
      await this.importer.stations(
        stations.map(({ record }) => record),
        options,
      ),
    );
    return { results: results.map((result, at) => toMessage(records[at]?.row ?? 0, result)) };
  }
}

function place(into: (Imported | undefined)[], placed: readonly Placed<unknown>[], results: readonly Imported[]): void {
  for (const [index, { at }] of placed.entries()) into[at] = results[index];
}

function siteOf(message: deviceRegistryV1.RegistrySite): SiteRecord {
  const given = toSiteChanges(message);
  checkSite({ ...NO_ATTRIBUTES, ...given });
  return { siteId: checkSiteId(message.siteId), given };
}

function stationOf({
  stationId,
  siteId,
  name,
  evses,
  securityProfileMin,
  password,
  tags,
}: deviceRegistryV1.RegistryStation): StationRecord {
  checkProfile(securityProfileMin);
  return {
    stationId: checkStationId(stationId),
    siteId: siteId === undefined || siteId === '' ? siteId : checkSiteId(siteId),
    name: name === undefined ? undefined : checkName(name),
    evses: toEvses(evses),
    securityProfileMin,
    tags: tags === undefined ? undefined : checkTags(tags.tags),
    password: password === '' ? '' : checkPassword(password),
  };
}

const toMessage = (row: number, result: Imported | undefined): deviceRegistryV1.ImportResult => ({
  row,
  outcome: result === undefined ? ImportOutcome.UNSPECIFIED : OUTCOMES[result.outcome],
  problem: result?.outcome === 'Failed' ? result.problem : '',
  password: result === undefined || result.outcome === 'Failed' ? '' : result.password,
});
