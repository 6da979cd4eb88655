export {
  type JobAttributes,
  type JobCommandIn,
  type JobRefusal,
  type JobState,
  jobDecider,
  type KnownJob,
  type NoJob,
} from './job.decider.js';
export {
  type JobPart,
  type JobPartCommand,
  type JobPartState,
  type JobStation,
  jobPartDecider,
  PART_STATIONS_MAX,
} from './job-part.decider.js';
export { type KnownSite, type NoSite, type SiteCommand, type SiteRefusal, type SiteState, siteDecider } from './site.decider.js';
export {
  type ChangeStation,
  type RegisterStation,
  type StationCommand,
  type StationRefusal,
  sameIdentity,
  stationDecider,
} from './station.decider.js';
export {
  connectorsPerEvse,
  hasConnector,
  type KnownStation,
  type NoStation,
  type StationIdentity,
  type StationState,
  withConnectors,
} from './station.state.js';
export {
  type CertificateState,
  isUnderWay,
  NO_SECURITY,
  type ProfileChange,
  type ProfileChangeOutcome,
  type ProfileChangePhase,
  SECURITY_PROFILE_MAX,
  type SecurityCommand,
  type SecurityRefusal,
  type StationSecurity,
} from './station-security.js';
export {
  CONNECTORS_PER_EVSE_MAX,
  EVSES_MAX,
  evsesProblem,
  isConnector,
  isPassword,
  isSiteId,
  isStationId,
  NAME_LENGTH_MAX,
  PASSWORD_LENGTH_MAX,
  PASSWORD_LENGTH_MIN,
  POWER_W_MAX,
  STATION_ID_LENGTH_MAX,
  siteProblem,
} from './validation.js';
