import 'reflect-metadata';
import { runService } from '@voltlog/service';
import { authorizationService } from './authorization.module.js';

await runService(authorizationService);
