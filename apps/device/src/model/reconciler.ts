import type { AppliedVariable, ConfigurationReconciled, IntendedVariable } from '@voltlog/device-contract';
import {
  attributeKey,
  type Configuration,
  type ConfigurationCommand,
  type ConfigurationEvent,
  type ConfigurationRefusal,
  type Intended,
  intendedOf,
  nameOf,
  sameValue,
  spoken,
  variableKey,
} from '@voltlog/device-domain';
import { isoTime, RequestError } from '@voltlog/kernel';
import type { connectionV1 } from '@voltlog/proto';
import type { ServiceContext } from '@voltlog/service';
import type { Collection } from '@voltlog/store';
import { DONE, type Intent, type IntentHandler, type Intents, LATER, type Step } from '../security/intents.js';
import type { StationLine } from '../security/station-line.js';
import type { DocumentedStreams } from '../store/documented-streams.js';
import type { StationMemory } from '../store/station-memory.js';
import type { Alerts } from './alerts.js';
import type { ConfigurationDoc, DeviceModelDoc } from './documents.js';
import { notTaken } from './monitor-keeper.js';
import type { Templates } from './templates.js';

/** A station that does not come for this long is reconciled when it next boots, ms. */
const RECONCILE_MS = 7 * 86_400_000;
/** Variables in one message to a station that has not told how many it takes. */
const PER_MESSAGE = 10;
const PER_MESSAGE_MAX = 50;
const ALERT = 'configuration';

export type ConfigurationStreams = DocumentedStreams<
  ConfigurationCommand,
  Configuration,
  ConfigurationEvent,
  ConfigurationRefusal,
  ConfigurationDoc
>;

export interface ReconcilerParts {
  readonly context: Pick<ServiceContext, 'clock' | 'ids'>;
  readonly configurations: ConfigurationStreams;
  readonly configurationDocs: Collection<ConfigurationDoc>;
  readonly models: Collection<DeviceModelDoc>;
  readonly templates: Pick<Templates, 'all'>;
  readonly memory: Pick<StationMemory, 'docs' | 'outOfQuarantine'>;
  readonly alerts: Pick<Alerts, 'open' | 'clear'>;
  readonly intents: Intents;
  readonly line: StationLine;
}

/** What came of one round with a station. */
export type Reconciled =
  | { readonly kind: 'away' }
  | {
      readonly kind: 'done';
      readonly outcome: ConfigurationReconciled['outcome'] | 'Nothing';
      /** In words. */
      readonly refused: readonly string[];
    };

/** Brings stations to what is intended for them: what they have is read from them, and only the difference is sent. */
export class Reconciler implements IntentHandler<null> {
  constructor(private readonly parts: ReconcilerParts) {}

  /** As soon as the station is there. */
  async ask(stationId: string): Promise<void> {
    const id = `reconcile:${stationId}`;
    await this.parts.intents.begin({ id, stationId, kind: 'Reconcile', data: null }, RECONCILE_MS);
  }

  /** Those of the stations for which something is intended: cheap where there is nothing. */
  async concerned(stationIds: readonly string[]): Promise<readonly string[]> {
    const own = await this.parts.configurationDocs.getMany(stationIds);
    if (this.parts.templates.all.length === 0) return stationIds.filter((id) => (own.get(id)?.variables.length ?? 0) > 0);
    const stations = await this.parts.memory.outOfQuarantine(stationIds);
    return stationIds.filter((id) => {
      const [station, variables] = [stations.get(id), own.get(id)?.variables ?? []];
      return variables.length > 0 || (station !== undefined && intendedOf(this.parts.templates.all, [], station).length > 0);
    });
  }

  /** For a station in quarantine as well, where only what is intended for it alone is set. */
  async intended(stationId: string): Promise<readonly Intended[]> {
    const [own, station] = [await this.parts.configurationDocs.get(stationId), (await this.parts.memory.docs([stationId])).get(stationId)];
    return station === undefined ? [] : intendedOf(this.parts.templates.all, own?.variables ?? [], station);
  }

  async attempt({ stationId }: Intent<null>): Promise<Step<null>> {
    const reconciled = await this.reconcile(stationId);
    if (reconciled.kind === 'away') return LATER;
    const { alerts, context } = this.parts;
    const now = isoTime(context.clock.now());
    if (reconciled.refused.length === 0) await alerts.clear(stationId, ALERT, 'Platform');
    else await alerts.open(stationId, ALERT, notTaken('Configuration', reconciled.refused, now));
    return DONE;
  }

  /** When it next boots it is asked for again. */
  async expired(): Promise<Step<null>> {
    return DONE;
  }

  /**
   * Sets a station to what one template says, whether or not it is about such a station.
   *
   * @throws {RequestError} `NOT_FOUND` when it is not in use
   */
  async apply(stationId: string, templateId: string): Promise<Reconciled> {
    const template = this.parts.templates.all.find((each) => each.templateId === templateId);
    if (template === undefined) throw new RequestError('NOT_FOUND', `template ${templateId} is not in use any more`, 'TemplateUnknown');
    const results = await this.bringTo(stationId, template.variables);
    return results === undefined ? { kind: 'away' } : done(results);
  }

  async reconcile(stationId: string): Promise<Reconciled> {
    const { configurationDocs, memory, templates } = this.parts;
    const own = (await configurationDocs.get(stationId))?.variables ?? [];
    const station = (await memory.outOfQuarantine([stationId])).get(stationId);
    const intended = station === undefined ? own : intendedOf(templates.all, own, station);
    if (intended.length === 0) return { kind: 'done', outcome: 'Nothing', refused: [] };
    const results = await this.bringTo(stationId, intended);
    if (results === undefined) return { kind: 'away' };
    const now = this.parts.context.clock.now();
    await this.parts.configurations.one(
      stationId,
      { kind: 'NoteReconciled', stationId, outcome: outcomeOf(results), results, now },
      this.parts.context.ids.next(),
    );
    return done(results);
  }

  /** What was sent since it differed, and what the station said to it; undefined: it is away. */
  private async bringTo(stationId: string, intended: readonly IntendedVariable[]): Promise<readonly AppliedVariable[] | undefined> {
    const perMessage = itemsPerMessage(await this.parts.models.get(stationId));
    const results: AppliedVariable[] = [];
    const differing: IntendedVariable[] = [];
    for (const some of inSlices(intended, perMessage.get)) {
      const said = await this.parts.line.say(stationId, { $case: 'getVariables', value: { variables: some.map(toVariable) } });
      if (said.kind === 'away') return undefined;
      const read = byKey(said.response.variables);
      for (const variable of some) {
        const result = read.get(attributeKey(variable));
        if (result?.status === 'Accepted' && sameValue(result.variable?.value ?? '', variable.value)) continue;
        if (isUnknown(result?.status)) results.push(applied(variable, result?.status ?? ''));
        else differing.push(variable);
      }
    }
    for (const some of inSlices(differing, perMessage.set)) {
      const said = await this.parts.line.say(stationId, { $case: 'setVariables', value: { variables: some.map(toVariable) } });
      if (said.kind === 'away') return undefined;
      const set = byKey(said.response.variables);
      for (const variable of some)
        results.push(applied(variable, set.get(attributeKey(variable))?.status ?? (said.response.stationStatus || 'NotSupported')));
    }
    return results;
  }
}

const done = (results: readonly AppliedVariable[]): Reconciled => ({
  kind: 'done',
  outcome: outcomeOf(results),
  refused: results.filter(isRefused).map((result) => `${spoken(result)} = ${result.value}: ${result.status}`),
});

function outcomeOf(results: readonly AppliedVariable[]): ConfigurationReconciled['outcome'] {
  if (results.some(isRefused)) return 'Refused';
  return results.some(({ status }) => status === 'RebootRequired') ? 'RebootRequired' : 'InSync';
}

const isRefused = ({ status }: AppliedVariable): boolean => status !== 'Accepted' && status !== 'RebootRequired';
const isUnknown = (status: string | undefined): boolean =>
  status === 'UnknownComponent' || status === 'UnknownVariable' || status === 'NotSupportedAttributeType';

const applied = (variable: IntendedVariable, status: string): AppliedVariable => ({
  ...nameOf(variable),
  ...(variable.attributeType === undefined ? {} : { attributeType: variable.attributeType }),
  value: variable.value,
  status,
});

const toVariable = (variable: IntendedVariable): connectionV1.Variable => ({
  component: variable.component,
  name: variable.name,
  value: variable.value,
  evseId: variable.evseId ?? 0,
  instance: variable.instance ?? '',
  ...(variable.componentInstance === undefined ? {} : { componentInstance: variable.componentInstance }),
  ...(variable.connectorId === undefined ? {} : { connectorId: variable.connectorId }),
  ...(variable.attributeType === undefined ? {} : { attributeType: variable.attributeType }),
});

const byKey = (results: readonly connectionV1.VariableResult[]): ReadonlyMap<string, connectionV1.VariableResult> =>
  new Map(
    results.flatMap((result) => {
      const { variable } = result;
      if (variable === undefined) return [];
      const key = variableKey({
        component: variable.component,
        componentInstance: variable.componentInstance ?? '',
        evseId: variable.evseId,
        connectorId: variable.connectorId ?? 0,
        name: variable.name,
        instance: variable.instance,
      });
      return [[`${key}\t${variable.attributeType || 'Actual'}`, result] as const];
    }),
  );

function* inSlices<T>(list: readonly T[], size: number): Generator<readonly T[]> {
  for (let from = 0; from < list.length; from += size) yield list.slice(from, from + size);
}

/** As the station told it. Source: OCPP 2.0.1 Part 2 DeviceDataCtrlr.ItemsPerMessage; 1.6: GetConfigurationMaxKeys */
function itemsPerMessage(model: DeviceModelDoc | undefined): { readonly get: number; readonly set: number } {
  const of = (instance: string): number => {
    const key = variableKey({ component: 'DeviceDataCtrlr', name: 'ItemsPerMessage', instance });
    const told = model?.variables
      .find((variable) => variableKey(variable) === key)
      ?.attributes.find(({ type }) => type === 'Actual')?.value;
    const number = Number(told ?? PER_MESSAGE);
    return Number.isInteger(number) && number > 0 ? Math.min(number, PER_MESSAGE_MAX) : PER_MESSAGE;
  };
  return { get: of('GetVariables'), set: of('SetVariables') };
}
