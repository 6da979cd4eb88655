import { STATION_TOPIC } from '@voltlog/connection-contract';
import { readTogether } from '@voltlog/event-log';
import {
  certificatesV1,
  deviceFirmwareV1,
  deviceJobV1,
  deviceLogUploadV1,
  deviceModelV1,
  deviceMoveV1,
  deviceOperationV1,
  deviceRegistryV1,
  deviceReportsV1,
  deviceSecurityV1,
  deviceV1,
} from '@voltlog/proto';
import type { ServiceContext } from '@voltlog/service';
import type { DeviceConfig } from './config.js';
import { createFirmware, createImages } from './firmware/firmware.js';
import { CertificatesGrpc } from './grpc/certificates.grpc.js';
import { DeviceGrpc } from './grpc/device.grpc.js';
import { DeviceModelGrpc } from './grpc/device-model.grpc.js';
import { RegistryGrpc } from './grpc/registry.grpc.js';
import { StationOperationGrpc } from './grpc/station-operation.grpc.js';
import { StationReportsGrpc } from './grpc/station-reports.grpc.js';
import { StationSecurityGrpc } from './grpc/station-security.grpc.js';
import { createJobs } from './jobs/jobs.js';
import { createModel } from './model/model.js';
import { createMoves } from './moves/moves.js';
import { createPki } from './pki/pki.js';
import { createPlugAndCharge } from './plug-and-charge/plug-and-charge.js';
import { DeviceEvents } from './projections/device-events.js';
import { StationFollower } from './projections/station-follower.js';
import { Importer } from './registry/importer.js';
import { openReportCollections } from './reports/report-documents.js';
import { ReportFollower } from './reports/report-follower.js';
import { createSecurity } from './security/security.js';
import { DeviceRepository } from './store/device-repository.js';
import { openCollections } from './store/documents.js';
import { createOutbox } from './store/outbox.js';
import { StationMemory } from './store/station-memory.js';
import { createUploads } from './uploads/uploads.js';

/** The parts of the service, joined. */
export interface Device {
  readonly grpc: deviceV1.DeviceService;
  readonly securityGrpc: deviceSecurityV1.StationSecurityService;
  readonly certificatesGrpc: certificatesV1.CertificateService;
  readonly jobGrpc: deviceJobV1.JobService;
  readonly firmwareGrpc: deviceFirmwareV1.FirmwareService;
  readonly uploadGrpc: deviceLogUploadV1.LogUploadService;
  readonly reportsGrpc: deviceReportsV1.StationReportsService;
  readonly registryGrpc: deviceRegistryV1.RegistryService;
  readonly modelGrpc: deviceModelV1.DeviceModelService;
  readonly moveGrpc: deviceMoveV1.MoveService;
  readonly operationGrpc: deviceOperationV1.StationOperationService;
  readonly repository: DeviceRepository;
  readonly follower: StationFollower;
  start(): Promise<void>;
  stop(): Promise<void>;
}

export async function createDevice(context: ServiceContext, config: DeviceConfig): Promise<Device> {
  // What stations say is read twice and not by each part: by those that have done with a fact at once, and by those that a long report keeps busy.
  const facts = readTogether(context.log, { group: 'device-facts', topic: STATION_TOPIC });
  const reported = readTogether(context.log, { group: 'device-reported', topic: STATION_TOPIC });
  const brief: ServiceContext = { ...context, log: facts.log };
  const lengthy: ServiceContext = { ...context, log: reported.log };
  const collections = await openCollections(context.store);
  const memory = new StationMemory(collections, config);
  const outbox = createOutbox(context);
  const repository = new DeviceRepository(context, collections, memory, outbox);
  const follower = new StationFollower(brief, repository, memory, collections);
  const events = new DeviceEvents(context, repository, memory);
  const reportCollections = await openReportCollections(context.store);
  const reports = new ReportFollower(lengthy, reportCollections, config.reportDays);
  const pki = await createPki(context, config, repository);
  const plugAndCharge = await createPlugAndCharge(context, config, pki);
  const security = await createSecurity(brief, config, repository, memory, pki);
  const images = await createImages(context, config, outbox);
  const uploads = await createUploads(brief, config, outbox, { links: images.links, memory });
  const model = await createModel(lengthy, outbox, memory, { repository, statuses: collections.statuses }, security, config.security);
  const jobs = await createJobs(brief, config, collections, outbox, { model, uploads: uploads.grpc, forStation: images.forStation });
  const firmware = createFirmware(brief, config, collections, images, jobs, model.alerts);
  const moves = await createMoves(
    context,
    { collections, memory, fallbackMs: config.security.fallbackMs, allowPrivate: config.pki.allowPrivateTargets },
    security,
    outbox,
  );
  context.metrics.gauge('voltlog_device_stations_in_memory', 'Stations kept in memory', () => memory.size);
  return {
    grpc: new DeviceGrpc(context, repository, memory, collections, security),
    securityGrpc: new StationSecurityGrpc(context, repository, security),
    certificatesGrpc: new CertificatesGrpc(context, pki, plugAndCharge),
    jobGrpc: jobs.grpc,
    firmwareGrpc: firmware.grpc,
    uploadGrpc: uploads.grpc,
    reportsGrpc: new StationReportsGrpc(reportCollections),
    registryGrpc: new RegistryGrpc(new Importer(context, repository, collections, config.scryptN)),
    modelGrpc: new DeviceModelGrpc(context, memory, model),
    moveGrpc: moves.grpc,
    operationGrpc: new StationOperationGrpc(context, memory, model),
    repository,
    follower,
    async start() {
      // Memory listens before it is filled, so that no change is missed.
      await events.start();
      outbox.start();
      // Before anything is held against them: a station that booted meanwhile is to get what is intended, not nothing.
      await model.templates.refresh();
      // Together: each joins groups of consumers, and a group that another instance is in takes seconds to join.
      await Promise.all([follower, reports, model, moves, security, jobs, firmware, uploads].map((part) => part.start()));
      await Promise.all([facts.start(), reported.start(), pki.follower?.start()]);
    },
    async stop() {
      await uploads.stop();
      await firmware.stop();
      await jobs.stop();
      await pki.follower?.stop();
      await security.stop();
      await moves.stop();
      await reports.stop();
      await model.stop();
      await follower.stop();
      await events.stop();
      await outbox.stop();
    },
  };
}

/** Offers the services to others. */
export function serveDevice(context: ServiceContext, device: Device): void {
  context.rpc.serve<deviceV1.DeviceService>(deviceV1.DeviceServiceDefinition, device.grpc);
  context.rpc.serve<deviceSecurityV1.StationSecurityService>(deviceSecurityV1.StationSecurityServiceDefinition, device.securityGrpc);
  context.rpc.serve<certificatesV1.CertificateService>(certificatesV1.CertificateServiceDefinition, device.certificatesGrpc);
  context.rpc.serve<deviceJobV1.JobService>(deviceJobV1.JobServiceDefinition, device.jobGrpc);
  context.rpc.serve<deviceFirmwareV1.FirmwareService>(deviceFirmwareV1.FirmwareServiceDefinition, device.firmwareGrpc);
  context.rpc.serve<deviceLogUploadV1.LogUploadService>(deviceLogUploadV1.LogUploadServiceDefinition, device.uploadGrpc);
  context.rpc.serve<deviceReportsV1.StationReportsService>(deviceReportsV1.StationReportsServiceDefinition, device.reportsGrpc);
  context.rpc.serve<deviceRegistryV1.RegistryService>(deviceRegistryV1.RegistryServiceDefinition, device.registryGrpc);
  context.rpc.serve<deviceModelV1.DeviceModelService>(deviceModelV1.DeviceModelServiceDefinition, device.modelGrpc);
  context.rpc.serve<deviceMoveV1.MoveService>(deviceMoveV1.MoveServiceDefinition, device.moveGrpc);
  context.rpc.serve<deviceOperationV1.StationOperationService>(deviceOperationV1.StationOperationServiceDefinition, device.operationGrpc);
}
