export { Checkpoints } from './checkpoints.js';
export { openFile, SQLITE_BUSY } from './file.js';
