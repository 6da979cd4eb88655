export { EMAID, plainEmaid } from './emaid.js';
export { MalformedExi } from './exi/bits.js';
export { type ExiElement, type ExiValue, element } from './exi/element.js';
export { decryptKey, encryptKey, isP256, keyOf, pointOf } from './key-transport.js';
export { type InstalledContract, TestCar } from './test-car.js';
export { type IssuedContract, type ProvisioningService, writeContractResponse } from './v2/answer.js';
export {
  type ContractRequest,
  type RootId,
  readContractRequest,
  readContractResponse,
  rootIdsElement,
  writeMessage,
} from './v2/messages.js';
export { SCHEMA_V2 } from './v2/schema.js';
export { checkSignature, type SignatureProblem, signatureOf } from './v2/signature.js';
