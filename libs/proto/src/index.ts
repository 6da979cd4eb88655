export * as authorizationV1 from './generated/voltlog/authorization/v1/authorization.js';
export * as connectionV1 from './generated/voltlog/connection/v1/connection.js';
export * as dataTransferV1 from './generated/voltlog/connection/v1/data_transfer.js';
export * as deviationsV1 from './generated/voltlog/connection/v1/deviations.js';
export * as recordingsV1 from './generated/voltlog/connection/v1/recordings.js';
export * as stationRequestsV1 from './generated/voltlog/connection/v1/station_requests.js';
export * as certificatesV1 from './generated/voltlog/device/v1/certificates.js';
export * as deviceV1 from './generated/voltlog/device/v1/device.js';
export * as deviceModelV1 from './generated/voltlog/device/v1/device_model.js';
export * as deviceJobV1 from './generated/voltlog/device/v1/job.js';
export * as deviceRegistryV1 from './generated/voltlog/device/v1/registry.js';
export * as deviceOperationV1 from './generated/voltlog/device/v1/station_operation.js';
export * as deviceReportsV1 from './generated/voltlog/device/v1/station_reports.js';

export * as deviceSecurityV1 from './generated/voltlog/device/v1/station_security.js';
export * as notificationV1 from './generated/voltlog/notification/v1/notification.js';
export * as reservationV1 from './generated/voltlog/reservation/v1/reservation.js';
export * as sessionV1 from './generated/voltlog/session/v1/session.js';
