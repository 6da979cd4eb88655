import { fileURLToPath } from 'node:url';
import react from '@vitejs/plugin-react';
import { defineConfig } from 'vite';

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url));

export default defineConfig({
  root: here('.'),
  plugins: [react()],
  build: { outDir: here('../../dist/console'), emptyOutDir: true, chunkSizeWarningLimit: 900 },
  // `npx vite apps/console` beside a running platform
  server: { proxy: { '/v1': 'http://127.0.0.1:8080' } },
});
