export { EMAID, plainEmaid } from './emaid.js';
export { type InstalledContract, TestCar } from './test-car.js';
export { decryptKey, encryptKey, pointOf, readContainer, type TestContainer, writeContainer } from './test-container.js';
