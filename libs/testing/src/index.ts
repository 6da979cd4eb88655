export { type Given, given, type Then } from './decider-spec.js';
export { fullRequest } from './full-request.js';
export { PushBrowser } from './push-browser.js';
export { type Answer, type Received, Receiver } from './receiver.js';
export { openTestContext, type TestClock, type TestContext, until, untilPassed } from './service-context.js';
export { hashDataOf, TestAuthority, type TestIdentity, type TestSubject, testCsr } from './test-pki.js';
export { STORE_KINDS, type StoreKind, startTestMongo, type TestMongo, TestStores } from './test-stores.js';
