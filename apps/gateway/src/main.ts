import 'reflect-metadata';
import { runService } from '@voltlog/service';
import { gatewayService } from './gateway.module.js';

await runService(gatewayService);
