/**
 * Where the packaged schemas are older than the text they belong to. Each patch names its source, and fails when what it corrects is no
 * longer there: then the package has caught up and the patch goes.
 *
 * @type {Record<string, { message: string, source: string, apply: (schema: any) => void }[]>}
 */
export const ERRATA = {
  'ocpp1.6': [
    {
      message: 'MeterValuesRequest',
      // Not in StopTransaction: an empty transactionData must not cost the end of a transaction, and the official schema lets it pass.
      source: 'OCPP 1.6 §6.31: meterValue 1..*; §7.33: sampledValue 1..*',
      apply(schema) {
        const { meterValue } = schema.properties;
        setMissing(meterValue, 'minItems', 1);
        setMissing(meterValue.items.properties.sampledValue, 'minItems', 1);
      },
    },
    ...['MeterValuesRequest', 'StopTransactionRequest'].map((message) => ({
      message,
      source: 'OCPP 1.6 Errata v4.0 §3.84: the unit of any SampledValue with measurand Frequency is Hertz',
      apply(schema) {
        addMissing(unitsOf(schema), 'Hertz');
      },
    })),
  ],
  'ocpp2.0.1': [
    {
      message: 'Get15118EVCertificateResponse',
      source: 'OCPP 2.0.1, later schemas (as in PyPI ocpp 2.1.0): Get15118EVCertificateResponse.exiResponse string[7500], 5600 before',
      apply(schema) {
        replace(schema.properties.exiResponse, 'maxLength', 5600, 7500);
      },
    },
  ],
  'ocpp2.1': [],
};

/**
 * What real stations send although the text does not have it, and what would cost meter readings if it were refused. Only values for
 * which it is clear what was meant; the translation then reads them as that. Never used for what we send.
 *
 * @type {Record<string, { name: string, message: string, source: string, apply: (schema: any) => void }[]>}
 */
export const TOLERANCES = {
  'ocpp1.6': [
    {
      name: 'occupiedOf15',
      message: 'StatusNotificationRequest',
      source: 'OCPP 1.5 ChargePointStatus: a station of that edition (SOAP) does not say more; its messages are read as those of 1.6',
      apply: (schema) => allow(schema.properties.status.enum, 'Occupied'),
    },
    ...['MeterValuesRequest', 'StopTransactionRequest'].flatMap((message) => [
      {
        name: 'celciusMisspelled',
        message,
        source: 'OCPP 1.6 Errata v4.0: the first schemas had "Celcius"; a Central System accepts both spellings',
        apply: (schema) => allow(unitsOf(schema), 'Celcius'),
      },
      {
        name: 'hertzAbbreviated',
        message,
        source: 'stations that send "Hz" for Frequency, as the errata gave the unit no place in the schema (mobilityhouse/ocpp #733, #759)',
        apply: (schema) => allow(unitsOf(schema), 'Hz'),
      },
    ]),
  ],
  'ocpp2.0.1': [],
  'ocpp2.1': [],
};

function unitsOf(schema) {
  const meterValue = schema.properties.meterValue ?? schema.properties.transactionData;
  return meterValue.items.properties.sampledValue.items.properties.unit.enum;
}

function allow(values, value) {
  if (!values.includes(value)) values.push(value);
}

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
