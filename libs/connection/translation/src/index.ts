export { toldByAnswer } from './commands/answered.js';
export type { Command, CommandContext, CommandOutcome, NotSupportedHere, OutgoingMessage } from './commands/command.js';
export { type CommandPlan, planCommand } from './commands/plan.js';
export { hash128 } from './hash128.js';
export type {
  CertificateHashData,
  CertificateStatusFinding,
  CertificateStatusQuestion,
  EvCertificateFinding,
  EvCertificateInquiry,
  FinalCostQuestion,
  Finding,
  Inquiry,
  ShownContract,
  VendorFinding,
  VendorInquiry,
} from './inquiry.js';
export { type ActiveQuirks, activeQuirks, type Message, mend, mendable, readAsMeant, type Tolerated } from './quirks/tolerate.js';
export type { CallContext, Fact, Route, ShownToken, TokenQuestion, TransactionLimit } from './route.js';
export { routesOf } from './routing-table.js';
export { clockBehind, OFFLINE_AFTER_MS } from './station-time.js';
