/** The versions, the file each comes from in the package, and the library each goes to; `soap`: the library for its XML. */
export const VERSIONS = [
  { name: 'ocpp1.6', urn: 'urn:ocpp:1.6', source: 'ocpp1_6.json', folder: 'v16', soap: 'v16-soap', schemas: 78 },
  { name: 'ocpp2.0.1', urn: 'urn:ocpp:2.0.1', source: 'ocpp2_0_1.json', folder: 'v201', schemas: 128 },
  { name: 'ocpp2.1', urn: 'urn:ocpp:2.1', source: 'ocpp2_1.json', folder: 'v21', schemas: 181 },
];
