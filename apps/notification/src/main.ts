import 'reflect-metadata';
import { runService } from '@voltlog/service';
import { notificationService } from './notification.module.js';

await runService(notificationService);
