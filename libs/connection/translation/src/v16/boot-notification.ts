import { head, type Route } from '../route.js';

export interface BootNotificationRequest {
  readonly chargePointVendor: string;
  readonly chargePointModel: string;
  readonly chargePointSerialNumber?: string;
  readonly chargeBoxSerialNumber?: string;
  readonly firmwareVersion?: string;
  readonly iccid?: string;
  readonly imsi?: string;
}

/** OCPP 1.6 §4.2 */
export const bootNotification: Route<BootNotificationRequest> = {
  action: 'BootNotification',
  money: false,
  toFacts(request, context) {
    const serialNumber = request.chargePointSerialNumber ?? request.chargeBoxSerialNumber;
    return [
      {
        type: 'voltlog.connection.StationBooted.v1',
        data: {
          ...head(request, context),
          vendor: request.chargePointVendor,
          model: request.chargePointModel,
          reason: 'Unknown',
          ...(serialNumber === undefined ? {} : { serialNumber }),
          ...(request.firmwareVersion === undefined ? {} : { firmwareVersion: request.firmwareVersion }),
          ...(request.iccid === undefined ? {} : { iccid: request.iccid }),
          ...(request.imsi === undefined ? {} : { imsi: request.imsi }),
          registrationStatus: context.registrationStatus,
        },
      },
    ];
  },
  toResponse: (_request, context) => ({
    status: context.registrationStatus,
    currentTime: context.receivedAt,
    interval: context.heartbeatIntervalSeconds,
  }),
};
