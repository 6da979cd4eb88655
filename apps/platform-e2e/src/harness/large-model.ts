import type { Frame, RawStation } from './raw-station.js';

const PER_PART = 5;

export interface ReportPart {
  readonly seqNo: number;
  readonly tbc: boolean;
  readonly reportData: readonly object[];
}

/** Parts of a full inventory: `EVSE[n].Value<i>` and, of the first of each EVSE, a limit too. */
export function inventory(variables: number, perPart = PER_PART): readonly ReportPart[] {
  const parts = Math.ceil(variables / perPart);
  return Array.from({ length: parts }, (_, seqNo) => ({
    seqNo,
    tbc: seqNo < parts - 1,
    reportData: Array.from({ length: Math.min(perPart, variables - seqNo * perPart) }, (_each, index) => variable(seqNo * perPart + index)),
  }));
}

const variable = (number: number): object => ({
  component: { name: 'EVSE', evse: { id: 1 + Math.floor(number / 500) } },
  variable: { name: `Value${number}` },
  variableAttribute: [{ type: 'Actual', value: String(number), mutability: 'ReadWrite' }],
  variableCharacteristics: { dataType: 'integer', supportsMonitoring: true },
});

/** A 2.x station that takes every command as it comes: reports are sent by `send`, values are what they are set to. */
export function answering(station: RawStation, send: (requestId: number) => void): void {
  station.socket.on('message', (data) => {
    const [kind, id, action, payload] = JSON.parse(String(data)) as Frame;
    if (kind !== 2) return;
    const asked = payload as Record<string, unknown>;
    const reply = (answer: object): void => station.send(JSON.stringify([3, id, answer]));
    const each = (list: string, of: (item: Record<string, unknown>) => object): readonly object[] =>
      (asked[list] as readonly Record<string, unknown>[]).map(of);
    if (action === 'GetBaseReport') {
      reply({ status: 'Accepted' });
      send(Number(asked['requestId']));
    } else if (action === 'GetVariables') {
      reply({
        getVariableResult: each('getVariableData', ({ component, variable: name }) => ({
          attributeStatus: 'UnknownVariable',
          component,
          variable: name,
        })),
      });
    } else if (action === 'SetVariables') {
      reply({
        setVariableResult: each('setVariableData', ({ component, variable: name }) => ({
          attributeStatus: 'Accepted',
          component,
          variable: name,
        })),
      });
    } else station.send(JSON.stringify([4, id, 'NotSupported', `${action} is not supported`, {}]));
  });
}

/** A boot of 2.x that is accepted. */
export const bootV2 = (station: RawStation, vendorName = 'Large'): Promise<Record<string, unknown>> =>
  station.result('BootNotification', { reason: 'PowerUp', chargingStation: { vendorName, model: 'Model' } });
