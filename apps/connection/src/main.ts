import { runService } from '@voltlog/service';
import { connectionService } from './connection.module.js';

await runService(connectionService);
