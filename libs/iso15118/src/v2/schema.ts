import type { Entry } from '../exi/codec.js';
import type { AttributeRule, ChildRule, ContentRule, ElementRule, ValueRule } from '../exi/grammar.js';

/** Of the messages described here: OCPP's `iso15118SchemaVersion` names it. */
export const SCHEMA_V2 = 'urn:iso:15118:2:2013:MsgDef';

const text = (max?: number): ValueRule => ({ kind: 'string', ...(max === undefined ? {} : { max }) });
const binary = (max?: number): ValueRule => ({ kind: 'binary', ...(max === undefined ? {} : { max }) });
const rule = (name: string, content: ContentRule, attributes: readonly AttributeRule[] = []): ElementRule => ({
  name,
  attributes,
  content,
});
const simple = (name: string, value: ValueRule, attributes: readonly AttributeRule[] = []): ElementRule =>
  rule(name, { kind: 'value', value }, attributes);
const sequence = (name: string, children: readonly ChildRule[], attributes: readonly AttributeRule[] = []): ElementRule =>
  rule(name, { kind: 'sequence', children }, attributes);
const one = (element: ElementRule): ChildRule => ({ element, min: 1, max: 1 });
const maybe = (element: ElementRule | string): ChildRule => ({ element, min: 0, max: 1 });
const many = (element: ElementRule | string, min: number, max = Number.POSITIVE_INFINITY): ChildRule => ({ element, min, max });
const attribute = (name: string, isRequired: boolean): AttributeRule => ({ name, isRequired });

const optionalId = attribute('Id', false);
const algorithm = (name: string, elements: number): ElementRule => rule(name, { kind: 'open', elements }, [attribute('Algorithm', true)]);

const reference = sequence(
  'Reference',
  [
    maybe(sequence('Transforms', [many(algorithm('Transform', 2), 1)])),
    one(algorithm('DigestMethod', 1)),
    one(simple('DigestValue', binary())),
  ],
  [optionalId, attribute('Type', false), attribute('URI', false)],
);
const signedInfo = sequence(
  'SignedInfo',
  [one(algorithm('CanonicalizationMethod', 1)), one(algorithm('SignatureMethod', 2)), many(reference, 1)],
  [optionalId],
);
const signature = sequence(
  'Signature',
  [one(signedInfo), one(simple('SignatureValue', binary(), [optionalId])), maybe('KeyInfo'), many('Object', 0)],
  [optionalId],
);

const header = sequence('Header', [
  one(simple('SessionID', binary(8))),
  maybe(
    sequence('Notification', [
      one(simple('FaultCode', { kind: 'enumeration', values: ['ParsingError', 'NoTLSRootCertificatAvailable', 'UnknownError'] })),
      maybe(simple('FaultMsg', text(64))),
    ]),
  ),
  maybe(signature),
]);

const requiredId = attribute('Id', true);
const certificate = (name: string): ElementRule => simple(name, binary(800));
const chain = (name: string): ElementRule =>
  sequence(
    name,
    [one(certificate('Certificate')), maybe(sequence('SubCertificates', [many(certificate('Certificate'), 1, 4)]))],
    [optionalId],
  );
const contractChain = chain('ContractSignatureCertChain');
const encryptedKey = simple('ContractSignatureEncryptedPrivateKey', binary(48), [requiredId]);
const dhPublicKey = simple('DHpublickey', binary(65), [requiredId]);
const emaid = text(15);
const rootIds = sequence('ListOfRootCertificateIDs', [
  many(sequence('RootCertificateID', [one(simple('X509IssuerName', text())), one(simple('X509SerialNumber', { kind: 'integer' }))]), 1, 20),
]);

const installationReq = sequence('CertificateInstallationReq', [one(certificate('OEMProvisioningCert')), one(rootIds)], [requiredId]);
const updateReq = sequence('CertificateUpdateReq', [one(contractChain), one(simple('eMAID', emaid)), one(rootIds)], [requiredId]);

const RESPONSE_CODES = [
  'OK',
  'OK_NewSessionEstablished',
  'OK_OldSessionJoined',
  'OK_CertificateExpiresSoon',
  'FAILED',
  'FAILED_SequenceError',
  'FAILED_ServiceIDInvalid',
  'FAILED_UnknownSession',
  'FAILED_ServiceSelectionInvalid',
  'FAILED_PaymentSelectionInvalid',
  'FAILED_CertificateExpired',
  'FAILED_SignatureError',
  'FAILED_NoCertificateAvailable',
  'FAILED_CertChainError',
  'FAILED_ChallengeInvalid',
  'FAILED_ContractCanceled',
  'FAILED_WrongChargeParameter',
  'FAILED_PowerDeliveryNotApplied',
  'FAILED_TariffSelectionInvalid',
  'FAILED_ChargingProfileInvalid',
  'FAILED_MeteringSignatureNotValid',
  'FAILED_NoChargeServiceSelected',
  'FAILED_WrongEnergyTransferMode',
  'FAILED_ContactorError',
  'FAILED_CertificateNotAllowedAtThisEVSE',
  'FAILED_CertificateRevoked',
] as const;

const issued: readonly ChildRule[] = [
  one(simple('ResponseCode', { kind: 'enumeration', values: RESPONSE_CODES })),
  one(chain('SAProvisioningCertificateChain')),
  one(contractChain),
  one(encryptedKey),
  one(dhPublicKey),
  one(simple('eMAID', emaid, [requiredId])),
];
const installationRes = sequence('CertificateInstallationRes', issued);
const updateRes = sequence('CertificateUpdateRes', [...issued, maybe(simple('RetryCounter', { kind: 'integer' }))]);

/** All that a body may be, in the order of EXI; those with a rule are read. */
const BODIES: readonly (ElementRule | string)[] = [
  'AuthorizationReq',
  'AuthorizationRes',
  'BodyElement',
  'CableCheckReq',
  'CableCheckRes',
  installationReq,
  installationRes,
  updateReq,
  updateRes,
  'ChargeParameterDiscoveryReq',
  'ChargeParameterDiscoveryRes',
  'ChargingStatusReq',
  'ChargingStatusRes',
  'CurrentDemandReq',
  'CurrentDemandRes',
  'MeteringReceiptReq',
  'MeteringReceiptRes',
  'PaymentDetailsReq',
  'PaymentDetailsRes',
  'PaymentServiceSelectionReq',
  'PaymentServiceSelectionRes',
  'PowerDeliveryReq',
  'PowerDeliveryRes',
  'PreChargeReq',
  'PreChargeRes',
  'ServiceDetailReq',
  'ServiceDetailRes',
  'ServiceDiscoveryReq',
  'ServiceDiscoveryRes',
  'SessionSetupReq',
  'SessionSetupRes',
  'SessionStopReq',
  'SessionStopRes',
  'WeldingDetectionReq',
  'WeldingDetectionRes',
];

const body = rule('Body', { kind: 'choice', children: BODIES.map((each) => maybe(each)) });

/** A message whole: the 77th of the 80 global elements of all its schemas. */
export const MESSAGE: Entry = { rule: sequence('V2G_Message', [one(header), one(body)]), code: 76, width: 7 };

/** Elements that schemas name, global or not: each may begin a fragment. */
const V2G_NAMES = 243;
/** The same of the schema of XML signature alone. */
const DSIG_NAMES = 45;

/** How a fragment ends: after all names, and any other element. */
export const V2G_FRAGMENT_END = V2G_NAMES + 1;
export const DSIG_FRAGMENT_END = DSIG_NAMES + 1;

/** What is signed alone, by its place among all names (by local name, then namespace). */
export const FRAGMENTS: Readonly<Record<string, Entry>> = {
  CertificateInstallationReq: { rule: installationReq, code: 15, width: 8 },
  CertificateUpdateReq: { rule: updateReq, code: 17, width: 8 },
  ContractSignatureCertChain: { rule: contractChain, code: 33, width: 8 },
  ContractSignatureEncryptedPrivateKey: { rule: encryptedKey, code: 34, width: 8 },
  DHpublickey: { rule: dhPublicKey, code: 45, width: 8 },
};
/** It has a grammar of XML signature alone. Source: ISO 15118-2 §7.9.2.4.2, as all known codecs have it */
export const SIGNED_INFO: Entry = { rule: signedInfo, code: 32, width: 6 };

/**
 * eMAID is of two types in the schema (with an Id in answers, without in requests), so that as a fragment it has a grammar for anything: codes of the
 * 10 attributes and 243 elements that all schemas name. Source: W3C EXI 1.0 §8.5.3
 */
export const EMAID_FRAGMENT = {
  code: 236,
  width: 8,
  id: { code: 4, width: 9 },
  value: { code: 256, width: 9 },
  end: { code: V2G_FRAGMENT_END, width: 8 },
} as const;
