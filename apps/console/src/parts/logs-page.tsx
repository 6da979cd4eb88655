import { ListPage } from './table.js';
import { Uploads } from './uploads.js';

/** Logs of all stations. */
export const LogsPage = () => (
  <ListPage title="Logs of stations">
    <Uploads />
  </ListPage>
);
