import 'reflect-metadata';
import { runService } from '@voltlog/service';
import { sessionService } from './session.module.js';

await runService(sessionService);
