import 'reflect-metadata';
import { runService } from '@voltlog/service';
import { deviceService } from './device.module.js';

await runService(deviceService);
