import { head, type Route } from '../route.js';

export interface BootNotificationRequest {
  readonly reason: string;
  readonly chargingStation: {
    readonly vendorName: string;
    readonly model: string;
    readonly serialNumber?: string;
    readonly firmwareVersion?: string;
    readonly modem?: { readonly iccid?: string; readonly imsi?: string };
  };
}

/** OCPP 2.0.1 Part 2 B01, B02 */
export const bootNotification: Route<BootNotificationRequest> = {
  action: 'BootNotification',
  money: false,
  toFacts(request, context) {
    const station = request.chargingStation;
    const iccid = station.modem?.iccid;
    const imsi = station.modem?.imsi;
    return [
      {
        type: 'voltlog.connection.StationBooted.v1',
        data: {
          ...head(request, context),
          vendor: station.vendorName,
          model: station.model,
          reason: request.reason,
          ...(station.serialNumber === undefined ? {} : { serialNumber: station.serialNumber }),
          ...(station.firmwareVersion === undefined ? {} : { firmwareVersion: station.firmwareVersion }),
          ...(iccid === undefined ? {} : { iccid }),
          ...(imsi === undefined ? {} : { imsi }),
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
