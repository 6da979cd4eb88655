export { Checkpoints } from './checkpoints.js';
export { openFile, SQLITE_BUSY } from './file.js';
export { moveAll, WalSync } from './wal-sync.js';
