/** What is written on plugs, for OCPP 2.1 ConnectorEnumType; a name of its own is shown as it is. */
const NAMES: Readonly<Record<string, string>> = {
  cCCS1: 'CCS 1',
  cCCS2: 'CCS 2',
  cChaoJi: 'ChaoJi',
  cG105: 'CHAdeMO',
  cGBT: 'GB/T DC',
  cLECCS: 'LECCS',
  cMCS: 'MCS',
  cNACS: 'NACS',
  'cNACS-CCS1': 'NACS',
  cTesla: 'Tesla',
  cType1: 'Type 1',
  cType2: 'Type 2',
  cUltraChaoJi: 'Ultra-ChaoJi',
  s309_1P_16A: 'CEE 16 A',
  s309_1P_32A: 'CEE 32 A',
  s309_3P_16A: 'CEE 16 A (3)',
  s309_3P_32A: 'CEE 32 A (3)',
  sBS1361: 'BS 1363',
  sCEE_7_7: 'Schuko',
  sType2: 'Type 2',
  sType3: 'Type 3',
};

export const connectorName = (type: string | null): string => (type === null ? 'EV' : (NAMES[type] ?? type));
