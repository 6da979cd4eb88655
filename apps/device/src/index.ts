export { type DeviceConfig, deviceConfig } from './config.js';
export { createDevice, type Device } from './device.js';
export { deviceService } from './device.module.js';
