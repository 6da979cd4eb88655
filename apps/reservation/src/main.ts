import 'reflect-metadata';
import { runService } from '@voltlog/service';
import { reservationService } from './reservation.module.js';

await runService(reservationService);
