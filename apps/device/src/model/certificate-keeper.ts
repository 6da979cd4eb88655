import { X509Certificate } from 'node:crypto';
import type { IntendedCertificate } from '@voltlog/device-contract';
import { intendedCertificates } from '@voltlog/device-domain';
import { isoTime } from '@voltlog/kernel';
import type { ServiceContext } from '@voltlog/service';
import { type CertificateId, certificateIdOf, textOfId, toCertificateId } from '../pki/certificate-id.js';
import { DONE, type Intent, type IntentHandler, type Intents, LATER, type Step } from '../security/intents.js';
import type { StationLine } from '../security/station-line.js';
import type { StationMemory } from '../store/station-memory.js';
import type { Alerts } from './alerts.js';
import { notTaken } from './monitor-keeper.js';
import type { Templates } from './templates.js';

/** A station that does not come for this long is looked at when it next boots, ms. */
const KEEP_MS = 7 * 86_400_000;
const ALERT = 'certificates';
/** However deep an answer is nested: hash data lies in a chain, in a list, in the text of a DataTransfer. */
const DEPTH_MAX = 8;

export interface CertificateKeeperParts {
  readonly context: Pick<ServiceContext, 'clock'>;
  readonly memory: Pick<StationMemory, 'outOfQuarantine'>;
  readonly templates: Pick<Templates, 'all'>;
  readonly alerts: Pick<Alerts, 'open' | 'clear'>;
  readonly intents: Intents;
  readonly line: StationLine;
}

/**
 * Has stations trust the roots that their templates say: what they have is read from them, and what is missing is installed. What a template
 * no longer says stays. Source: OCPP 2.0.1 Part 2 M03, M05
 */
export class CertificateKeeper implements IntentHandler<null> {
  constructor(private readonly parts: CertificateKeeperParts) {}

  /** As soon as the station is there. */
  async ask(stationId: string): Promise<void> {
    const id = `roots:${stationId}`;
    await this.parts.intents.begin({ id, stationId, kind: 'Roots', data: null }, KEEP_MS);
  }

  /** Those of the stations about which a template says something. */
  async concerned(stationIds: readonly string[]): Promise<readonly string[]> {
    if (!this.parts.templates.all.some(({ certificates = [] }) => certificates.length > 0)) return [];
    const stations = await this.parts.memory.outOfQuarantine(stationIds);
    return stationIds.filter((id) => {
      const station = stations.get(id);
      return station !== undefined && intendedCertificates(this.parts.templates.all, station).length > 0;
    });
  }

  async attempt({ stationId }: Intent<null>): Promise<Step<null>> {
    const station = (await this.parts.memory.outOfQuarantine([stationId])).get(stationId);
    const intended = station === undefined ? [] : intendedCertificates(this.parts.templates.all, station);
    const refused: string[] = [];
    // One type at a time: a 1.6 station is asked for no more.
    for (const [type, certificates] of byType(intended)) {
      const told = await this.parts.line.say(stationId, { $case: 'getInstalledCertificateIds', value: { certificateTypes: [type] } });
      if (told.kind === 'away') return LATER;
      if (told.kind === 'refused') {
        refused.push(`${type}: it does not tell what it has: ${told.reason}`);
        continue;
      }
      const held = idsIn(told.response.responseJson);
      for (const { certificate } of certificates.filter((each) => !isHeld(each, held))) {
        const said = await this.parts.line.say(stationId, { $case: 'installCertificate', value: { certificateType: type, certificate } });
        if (said.kind === 'away') return LATER;
        if (said.kind === 'refused') refused.push(`${type} of ${nameOf(certificate)}: ${said.reason}`);
      }
    }
    const { alerts, context } = this.parts;
    if (refused.length === 0) await alerts.clear(stationId, ALERT, 'Platform');
    else await alerts.open(stationId, ALERT, notTaken('Certificates', refused, isoTime(context.clock.now())));
    return DONE;
  }

  /** When it next boots it is asked for again. */
  async expired(): Promise<Step<null>> {
    return DONE;
  }
}

function byType(intended: readonly IntendedCertificate[]): ReadonlyMap<string, readonly IntendedCertificate[]> {
  return Map.groupBy(intended, ({ certificateType }) => certificateType);
}

/** By the digest that the station uses; the issuer of a root is the root. */
function isHeld({ certificate }: IntendedCertificate, held: readonly CertificateId[]): boolean {
  const { raw, serialNumber } = new X509Certificate(certificate);
  return held.some((each) => textOfId(each) === textOfId(certificateIdOf(serialNumber, raw, each.hashAlgorithm)));
}

const nameOf = (certificate: string): string => new X509Certificate(certificate).subject.replaceAll('\n', ', ');

/** The hash data in an answer of whatever version. */
function idsIn(responseJson: string): readonly CertificateId[] {
  const found: CertificateId[] = [];
  const look = (value: unknown, depth: number): void => {
    if (depth > DEPTH_MAX || value === null || value === undefined) return;
    if (typeof value === 'string') {
      // The text of a DataTransfer.
      if (value.startsWith('{')) look(parsed(value), depth + 1);
    } else if (Array.isArray(value)) for (const each of value) look(each, depth + 1);
    else if (typeof value === 'object') {
      const { hashAlgorithm, issuerNameHash, issuerKeyHash, serialNumber }: Partial<Record<string, unknown>> = { ...value };
      const id = toCertificateId({
        hashAlgorithm: String(hashAlgorithm),
        issuerNameHash: String(issuerNameHash),
        issuerKeyHash: String(issuerKeyHash),
        serialNumber: String(serialNumber),
      });
      if (id !== undefined) found.push(id);
      for (const each of Object.values(value)) look(each, depth + 1);
    }
  };
  look(responseJson, 0);
  return found;
}

function parsed(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    return undefined;
  }
}
