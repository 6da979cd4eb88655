import { type DynamicModule, Module } from '@nestjs/common';
import { APP_FILTER, APP_GUARD, APP_INTERCEPTOR, APP_PIPE } from '@nestjs/core';
import { SERVICE_CONFIG, SERVICE_CONTEXT, type ServiceContext, type ServiceDefinition } from '@voltlog/service';
import { AccessGuard } from './auth/access.guard.js';
import { ApiKeys } from './auth/api-keys.js';
import { type GatewayConfig, gatewayConfig } from './config.js';
import { Cancellations } from './driver/cancellations.js';
import { ChargeFeed } from './driver/charge-feed.js';
import { ChargeReader } from './driver/charge-reader.js';
import { DriverChargesController } from './driver/charges.controller.js';
import { DriverContractsController } from './driver/contracts.controller.js';
import { DriverLimits } from './driver/driver-limits.js';
import { DriverLinks } from './driver/driver-links.js';
import { DriverEvsesController } from './driver/evses.controller.js';
import { KeyCodeTries } from './driver/key-code-tries.js';
import { Payers } from './driver/payers.js';
import { Places } from './driver/places.js';
import { DriverPushController } from './driver/push.controller.js';
import { DriverReservationsController } from './driver/reservations.controller.js';
import { Reservations } from './driver/reservations.js';
import { Starter } from './driver/starter.js';
import { FileSweep } from './files/file-sweep.js';
import { StationFiles } from './files/station-files.js';
import { LimitCurrency } from './limit-currency.js';
import { EventTickets } from './live/event-tickets.js';
import { LiveHub } from './live/live-hub.js';
import { ProblemFilter } from './problems/problem.filter.js';
import { ValidationPipe } from './problems/validation.pipe.js';
import { RegistryController, RegistryFiles } from './registry/registry.controller.js';
import { ApiKeysController } from './resources/api-keys.controller.js';
import { AuthorizationPoliciesController } from './resources/authorization-policies.controller.js';
import { CallCredentialController } from './resources/call-credential.controller.js';
import { ChargingController } from './resources/charging.controller.js';
import { CommandsController } from './resources/commands.controller.js';
import { ConfigurationTemplatesController } from './resources/configuration-templates.controller.js';
import { ContractsController } from './resources/contracts.controller.js';
import { CustomerErasuresController } from './resources/customer-erasures.controller.js';
import { DataTransferVendorsController } from './resources/data-transfer-vendors.controller.js';
import { DecisionsController } from './resources/decisions.controller.js';
import { DeviceModelController } from './resources/device-model.controller.js';
import { EventsController } from './resources/events.controller.js';
import { FirmwareCampaignsController } from './resources/firmware-campaigns.controller.js';
import { BinaryBodies, FirmwareImagesController } from './resources/firmware-images.controller.js';
import { JobsController } from './resources/jobs.controller.js';
import { LocalListsController } from './resources/local-lists.controller.js';
import { LogUploadsController } from './resources/log-uploads.controller.js';
import { MovesController } from './resources/moves.controller.js';
import { NotificationsController } from './resources/notifications.controller.js';
import { OperationController } from './resources/operation.controller.js';
import { PlugAndChargeController } from './resources/plug-and-charge.controller.js';
import { QrCodesController } from './resources/qr-codes.controller.js';
import { QuirksController } from './resources/quirks.controller.js';
import { RecordingsController } from './resources/recordings.controller.js';
import { ReservationsController } from './resources/reservations.controller.js';
import { SessionsController } from './resources/sessions.controller.js';
import { SitesController } from './resources/sites.controller.js';
import { StationReportsController } from './resources/station-reports.controller.js';
import { StationRequestsController } from './resources/station-requests.controller.js';
import { StationSecurityController } from './resources/station-security.controller.js';
import { StationsController } from './resources/stations.controller.js';
import { SubscriptionsController } from './resources/subscriptions.controller.js';
import { TokenLinksController } from './resources/token-links.controller.js';
import { TokensController } from './resources/tokens.controller.js';
import { Services } from './services.js';
import { TokenFilesController } from './tokens/token-files.controller.js';
import { ConsoleController } from './web/console.controller.js';
import { DocsController } from './web/docs.controller.js';
import { DriverPageController } from './web/driver-page.controller.js';
import { httpErrors } from './web/http-errors.js';
import { HttpRim } from './web/http-rim.js';
import { OcspController } from './web/ocsp.controller.js';
import { OutboxPageController } from './web/outbox-page.controller.js';
import { RevocationListController } from './web/revocation-list.controller.js';
import { TracingInterceptor } from './web/tracing.interceptor.js';
import { UnsubscribeController } from './web/unsubscribe.controller.js';
import { IdempotencyInterceptor } from './writes/idempotency.interceptor.js';

@Module({})
class GatewayModule {}

function gatewayModule(context: ServiceContext, config: GatewayConfig): DynamicModule {
  return {
    module: GatewayModule,
    controllers: [
      SitesController,
      StationsController,
      CallCredentialController,
      CommandsController,
      JobsController,
      FirmwareImagesController,
      FirmwareCampaignsController,
      LogUploadsController,
      RegistryController,
      DeviceModelController,
      OperationController,
      ConfigurationTemplatesController,
      StationRequestsController,
      StationReportsController,
      DataTransferVendorsController,
      MovesController,
      QuirksController,
      RecordingsController,
      CustomerErasuresController,
      StationSecurityController,
      TokenFilesController,
      TokensController,
      ContractsController,
      DecisionsController,
      LocalListsController,
      AuthorizationPoliciesController,
      SessionsController,
      ChargingController,
      ReservationsController,
      EventsController,
      SubscriptionsController,
      NotificationsController,
      OutboxPageController,
      OcspController,
      RevocationListController,
      UnsubscribeController,
      ApiKeysController,
      PlugAndChargeController,
      QrCodesController,
      TokenLinksController,
      DriverEvsesController,
      DriverChargesController,
      DriverContractsController,
      DriverPushController,
      DriverReservationsController,
      DocsController,
      ConsoleController,
      DriverPageController,
    ],
    providers: [
      { provide: SERVICE_CONTEXT, useValue: context },
      { provide: SERVICE_CONFIG, useValue: config },
      Services,
      LimitCurrency,
      ApiKeys,
      EventTickets,
      LiveHub,
      DriverLinks,
      Places,
      DriverLimits,
      KeyCodeTries,
      Payers,
      Starter,
      Reservations,
      ChargeReader,
      ChargeFeed,
      Cancellations,
      HttpRim,
      RegistryFiles,
      BinaryBodies,
      StationFiles,
      FileSweep,
      { provide: APP_FILTER, useClass: ProblemFilter },
      { provide: APP_PIPE, useClass: ValidationPipe },
      { provide: APP_GUARD, useClass: AccessGuard },
      { provide: APP_INTERCEPTOR, useClass: TracingInterceptor },
      { provide: APP_INTERCEPTOR, useClass: IdempotencyInterceptor },
    ],
  };
}

/** The public API, the live stream and the console. It owns no topic: it asks the services and shows what they publish. */
export const gatewayService: ServiceDefinition<GatewayConfig> = {
  name: 'gateway',
  topics: [],
  config: gatewayConfig,
  module: gatewayModule,
  httpErrors,
};
