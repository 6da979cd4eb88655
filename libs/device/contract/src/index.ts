export type {
  ConnectorsLearnt,
  ConnectorTopology,
  DeviceEvents,
  DeviceEventType,
  EvseTopology,
  SiteAttributes,
  SiteChanged,
  SiteEvent,
  SiteRegistered,
  SiteRetired,
  StationAccepted,
  StationAttributes,
  StationChanged,
  StationCredentialSet,
  StationEvent,
  StationIdentityReported,
  StationQuarantined,
  StationRegistered,
  StationRetired,
} from './device-events.js';
export { DEVICE_TOPIC } from './device-events.js';
export { DEVICE_SAMPLES } from './samples.js';
