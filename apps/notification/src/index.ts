export type { NotificationConfig } from './config.js';
export { notificationService } from './notification.module.js';
