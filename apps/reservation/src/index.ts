export { type ReservationConfig, reservationConfig } from './config.js';
export { createReservation, type ReservationApp } from './reservation.js';
export { reservationService } from './reservation.module.js';
