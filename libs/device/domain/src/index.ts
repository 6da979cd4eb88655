export {
  ADDRESS_KEYS,
  type AddressGroup,
  type AddressKeys,
  addressAfter,
  addressBefore,
  addressGroupsOf,
  type KeyValue,
  keysIn,
  type ToldKey,
} from './address-keys.js';
export {
  ALERT_SEVERITY_MAX,
  type AlertCommand,
  type AlertEvent,
  type AlertRefusal,
  type AlertReport,
  type AlertState,
  alertDecider,
  isSecurityEventKnown,
  securitySeverity,
} from './alert.decider.js';
export {
  type CampaignCommand,
  type CampaignRefusal,
  type CampaignRollBack,
  type CampaignState,
  type CampaignTally,
  campaignDecider,
  type KnownCampaign,
} from './campaign.decider.js';
export { type RollBackTurn, rollBackOf, rollBackTurn } from './campaign-roll-back.js';
export {
  type Configuration,
  type ConfigurationCommand,
  type ConfigurationEvent,
  type ConfigurationRefusal,
  configurationDecider,
  inoperativeAt,
  OUTAGES_MAX,
  type Outage,
  PLACES_MAX,
  type Place,
  samePlace,
} from './configuration.decider.js';
export {
  type DeviceModel,
  type DeviceModelCommand,
  type DeviceModelEvent,
  deviceModelDecider,
  MONITORS_MAX,
  VARIABLES_MAX,
} from './device-model.decider.js';
export {
  type FirmwareImageCommand,
  type FirmwareImageRefusal,
  type FirmwareImageState,
  firmwareImageDecider,
  type KnownFirmwareImage,
} from './firmware-image.decider.js';
export {
  type FirmwarePublication,
  type FirmwarePublicationCommand,
  type FirmwarePublicationState,
  firmwarePublicationDecider,
} from './firmware-publication.decider.js';
export {
  type FirmwareUpdate,
  type FirmwareUpdateCommand,
  type FirmwareUpdateState,
  firmwareFailure,
  firmwareUpdateDecider,
  isOfUpdate,
  mayRunImage,
  UPDATE_STEPS_MAX,
  type UpdateStep,
} from './firmware-update.decider.js';
export {
  bootAnswer,
  bootOf,
  type Comparison,
  compare,
  fits,
  type Intended,
  type IntentSource,
  intendedOf,
  matches,
  matching,
  repeated,
  sameValue,
  type Template,
  type TemplateSubject,
} from './intended.js';
export { CERTIFICATE_USES, INTENDED_CERTIFICATES_MAX, intendedCertificates } from './intended-certificates.js';
export {
  failuresOf,
  type JobAttributes,
  type JobCommandIn,
  type JobRefusal,
  type JobState,
  jobDecider,
  type KnownJob,
  type NoJob,
  tooManyFailed,
} from './job.decider.js';
export {
  type JobPart,
  type JobPartCommand,
  type JobPartState,
  type JobStation,
  jobPartDecider,
  PART_STATIONS_MAX,
} from './job-part.decider.js';
export {
  type LogUpload,
  type LogUploadCommand,
  type LogUploadRefusal,
  type LogUploadState,
  logUploadDecider,
  UPLOAD_ATTEMPTS_MAX,
  UPLOAD_LOST_MS,
  type UploadHeard,
  uploadLostAt,
} from './log-upload.decider.js';
export { isWindowOpen, windowProblem } from './maintenance-window.js';
export {
  heldMonitor,
  INTENDED_MONITORS_MAX,
  type IntendedMonitoring,
  intendedMonitoring,
  isHeld,
  monitorKey,
  monitorsToSet,
} from './monitoring.js';
export {
  type KnownMove,
  MOVE_STATIONS_MAX,
  type MoveCommand,
  type MoveRefusal,
  type MoveState,
  type MoveTally,
  moveDecider,
} from './move.decider.js';
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
  filled,
  type KnownStationMove,
  type StationMoveCommand,
  type StationMoveRefusal,
  type StationMoveState,
  stationMoveDecider,
} from './station-move.decider.js';
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
  INTENDED_MAX,
  type TemplateCommand,
  type TemplateEvent,
  type TemplateRefusal,
  type TemplateState,
  templateDecider,
} from './template.decider.js';
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
  tagsProblem,
} from './validation.js';
export { attributeKey, nameOf, spoken, VARIABLE_NAME_MAX, variableKey } from './variable-name.js';
export { type InWaves, mayStartWave, nextWaveAt, stopsAtFailed, type Wave, waveSizes } from './waves.js';
