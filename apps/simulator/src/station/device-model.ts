import type { CommandOutcome } from './dialect.js';
import { isObject, listAt, numberAt, type Payload, textAt } from './protocol.js';
import type { SimulatedStation } from './station.js';

/** Variables in one message of a report. */
const REPORT_VARIABLES_MAX = 20;

/** One variable as a report tells it. */
interface Told {
  readonly component: string;
  readonly evseId: number | undefined;
  readonly variable: string;
  readonly value: string;
  readonly readonly: boolean;
  readonly unit?: string;
  readonly monitored: boolean;
}

const status = (word: string, then?: () => void): CommandOutcome => ({
  answer: { payload: { status: word } },
  ...(then === undefined ? {} : { then }),
});

/** What the maker built in, by variable and attribute. Source: OCPP 2.0.1 Part 2 §2.1.7 (LocalAuthListCtrlr) */
function listVariable({ localList }: SimulatedStation, name: string, attributeType: string): number | undefined {
  if (localList === undefined) return undefined;
  if (name === 'LocalAuthListCtrlr.ItemsPerMessage' && attributeType === 'Actual') return localList.limits.itemsPerMessage;
  if (name !== 'LocalAuthListCtrlr.Entries') return undefined;
  return attributeType === 'MaxSet' ? localList.limits.entriesMax : attributeType === 'Actual' ? localList.size : undefined;
}

const nameOf = (item: unknown): string => `${textAt(item, 'component', 'name') ?? ''}.${textAt(item, 'variable', 'name') ?? ''}`;

/** `UnknownComponent` where no variable of the component is known. */
const unknownWord = (station: SimulatedStation, item: unknown): string => {
  const component = textAt(item, 'component', 'name');
  return all(station).some((told) => told.component === component) ? 'UnknownVariable' : 'UnknownComponent';
};

/** OCPP 2.0.1 Part 2 B06 */
export function getVariables(station: SimulatedStation, payload: Payload): CommandOutcome {
  const getVariableResult = listAt(payload, 'getVariableData')
    .filter(isObject)
    .map((item) => {
      const { component, variable } = item;
      const asked = textAt(item, 'attributeType') ?? 'Actual';
      const built = listVariable(station, nameOf(item), asked) ?? (asked === 'Actual' ? station.sensors.find(item)?.read() : undefined);
      if (built !== undefined)
        return { attributeStatus: 'Accepted', attributeType: asked, attributeValue: String(built), component, variable };
      const setting = station.settings.get(nameOf(item));
      if (setting === undefined) return { attributeStatus: unknownWord(station, item), component, variable };
      if (asked !== 'Actual') return { attributeStatus: 'NotSupportedAttributeType', attributeType: asked, component, variable };
      const attributeValue = nameOf(item) === 'ClockCtrlr.DateTime' ? station.timestamp() : setting.value;
      return { attributeStatus: 'Accepted', attributeType: asked, attributeValue, component, variable };
    });
  return { answer: { payload: { getVariableResult } } };
}

/** OCPP 2.0.1 Part 2 B05 */
export function setVariables(station: SimulatedStation, payload: Payload): CommandOutcome {
  let passwordSet = false;
  const setVariableResult = listAt(payload, 'setVariableData')
    .filter(isObject)
    .map((item) => {
      const { component, variable } = item;
      if ((textAt(item, 'attributeType') ?? 'Actual') !== 'Actual')
        return { attributeStatus: 'NotSupportedAttributeType', component, variable };
      const name = nameOf(item);
      const value = textAt(item, 'attributeValue') ?? '';
      // Write-only, so no setting. Source: OCPP 2.0.1 Part 2 A01
      if (name === 'SecurityCtrlr.BasicAuthPassword') {
        passwordSet = station.security.setPassword(value);
        return { attributeStatus: passwordSet ? 'Accepted' : 'Rejected', component, variable };
      }
      if (name === 'OCPPCommCtrlr.NetworkConfigurationPriority' && !station.security.prioritize(value))
        return { attributeStatus: 'Rejected', component, variable };
      const word = station.sensors.find(item) === undefined ? station.settings.set(name, value) : 'Rejected';
      return { attributeStatus: word === 'Unknown' ? unknownWord(station, item) : word, component, variable };
    });
  const then = (): void => {
    station.settingsChanged();
    if (passwordSet) station.reconnect();
  };
  return { answer: { payload: { setVariableResult } }, then };
}

/** OCPP 2.0.1 Part 2 B07: all there is, or what can be set. */
export function baseReport(station: SimulatedStation, payload: Payload): CommandOutcome {
  const base = payload['reportBase'];
  if (base === 'SummaryInventory') return status('NotSupported');
  const told = all(station).filter((each) => base === 'FullInventory' || !each.readonly);
  return status('Accepted', () => report(station, numberAt(payload, 'requestId') ?? 0, told));
}

/** OCPP 2.0.1 Part 2 B08: what is named; this station's components are all available and enabled, and none has a problem. */
export function someReport(station: SimulatedStation, payload: Payload): CommandOutcome {
  const criteria = listAt(payload, 'componentCriteria');
  const wanted = listAt(payload, 'componentVariable');
  if (criteria.length > 0 && criteria.every((word) => word === 'Problem')) return status('EmptyResultSet');
  const told = all(station).filter((each) => wanted.length === 0 || wanted.some((item) => isAsked(item, each)));
  return told.length === 0
    ? status('EmptyResultSet')
    : status('Accepted', () => report(station, numberAt(payload, 'requestId') ?? 0, told));
}

/** Without a variable all of a component is asked for, without an EVSE all of that name. */
export function isAsked(item: unknown, told: Pick<Told, 'component' | 'evseId' | 'variable'>): boolean {
  const evseId = numberAt(item, 'component', 'evse', 'id');
  const variable = textAt(item, 'variable', 'name');
  return (
    textAt(item, 'component', 'name') === told.component &&
    (evseId === undefined || evseId === told.evseId) &&
    (variable === undefined || variable === told.variable)
  );
}

function all(station: SimulatedStation): readonly Told[] {
  const settings = station.settings.names().map((name): Told => {
    const [component = '', variable = ''] = name.split('.');
    const setting = station.settings.get(name);
    const value = name === 'ClockCtrlr.DateTime' ? station.timestamp() : (setting?.value ?? '');
    return { component, evseId: undefined, variable, value, readonly: setting?.readonly === true, monitored: false };
  });
  const sensors = station.sensors.all.map(
    ({ component, evseId, variable, unit, read }): Told => ({
      component,
      evseId,
      variable,
      value: String(read()),
      readonly: true,
      unit,
      monitored: true,
    }),
  );
  return [...settings, ...sensors];
}

function report(station: SimulatedStation, requestId: number, told: readonly Told[]): void {
  for (let from = 0; from < Math.max(1, told.length); from += REPORT_VARIABLES_MAX) {
    const reportData = told.slice(from, from + REPORT_VARIABLES_MAX).map((each) => ({
      component: { name: each.component, ...(each.evseId === undefined ? {} : { evse: { id: each.evseId } }) },
      variable: { name: each.variable },
      variableAttribute: [{ type: 'Actual', value: each.value, mutability: each.readonly ? 'ReadOnly' : 'ReadWrite' }],
      variableCharacteristics: {
        dataType: each.unit !== undefined ? 'decimal' : /^\d+$/.test(each.value) ? 'integer' : 'string',
        ...(each.unit === undefined ? {} : { unit: each.unit }),
        supportsMonitoring: each.monitored,
      },
    }));
    void station.call('NotifyReport', {
      requestId,
      generatedAt: station.timestamp(),
      seqNo: from / REPORT_VARIABLES_MAX,
      tbc: from + REPORT_VARIABLES_MAX < told.length,
      ...(reportData.length === 0 ? {} : { reportData }),
    });
  }
}
