import { fileURLToPath } from 'node:url';
import react from '@vitejs/plugin-react';
import { defineConfig } from 'vite';

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url));

export default defineConfig({
  root: here('.'),
  base: '/driver/',
  plugins: [react()],
  // A data: URL of a script or style would need a hole in the page's content security policy.
  build: { outDir: here('../../dist/driver'), emptyOutDir: true, assetsInlineLimit: 0, modulePreload: { polyfill: false } },
  // `npx vite apps/driver` beside a running platform
  server: { proxy: { '/driver/v1': 'http://127.0.0.1:8080' } },
});
