/**
 * Where the packaged schemas are older than the text they belong to. Each patch names its source, and fails when what it corrects is no
 * longer there: then the package has caught up and the patch goes.
 *
 * Tolerances for stations that break the text are not errata: they live in the translation.
 *
 * @type {Record<string, { message: string, source: string, apply: (schema: any) => void }[]>}
 */
export const ERRATA = {
  'ocpp1.6': [
    {
      message: 'MeterValuesRequest',
      source: 'OCPP 1.6 §6.31: meterValue 1..*; §7.33: sampledValue 1..*',
      apply(schema) {
        const { meterValue } = schema.properties;
        setMissing(meterValue, 'minItems', 1);
        setMissing(meterValue.items.properties.sampledValue, 'minItems', 1);
      },
    },
    {
      message: 'StopTransactionRequest',
      source: 'OCPP 1.6 §7.33 MeterValue: sampledValue 1..*',
      apply(schema) {
        setMissing(schema.properties.transactionData.items.properties.sampledValue, 'minItems', 1);
      },
    },
    ...['MeterValuesRequest', 'StopTransactionRequest'].map((message) => ({
      message,
      // §7.31 has the measurand Frequency; its unit came with the errata sheet and is in the schemas of PyPI `ocpp` for MeterValues.
      source: 'OCPP 1.6 Errata v4.0, UnitOfMeasure: Hertz, the unit of measurand Frequency (§7.31)',
      apply(schema) {
        const meterValue = schema.properties.meterValue ?? schema.properties.transactionData;
        addMissing(meterValue.items.properties.sampledValue.items.properties.unit.enum, 'Hertz');
      },
    })),
  ],
  'ocpp2.0.1': [
    {
      message: 'Get15118EVCertificateResponse',
      source: 'OCPP 2.0.1 Edition 3 Part 2, 1.27.2: exiResponse string[7500] (5600 before)',
      apply(schema) {
        replace(schema.properties.exiResponse, 'maxLength', 5600, 7500);
      },
    },
  ],
  'ocpp2.1': [],
};

function setMissing(schema, keyword, value) {
  if (keyword in schema) throw new Error(`erratum is obsolete: ${keyword} is there`);
  schema[keyword] = value;
}

function addMissing(values, value) {
  if (values.includes(value)) throw new Error(`erratum is obsolete: ${value} is there`);
  values.push(value);
}

function replace(schema, keyword, from, to) {
  if (schema[keyword] !== from) throw new Error(`erratum is obsolete: ${keyword} is ${schema[keyword]}`);
  schema[keyword] = to;
}
