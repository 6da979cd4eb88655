import { createTheme, type MantineColorsTuple } from '@mantine/core';

const volt: MantineColorsTuple = ['#e6faf1', '#cdf3e1', '#9fe8c5', '#6fdfab', '#3fe0a0', '#21c98a', '#12a972', '#0c8f61', '#0a7a53', '#075c3e'];

export const theme = createTheme({
  colors: { volt },
  primaryColor: 'volt',
  primaryShade: { light: 8, dark: 4 },
  autoContrast: true,
  defaultRadius: 'md',
  fontFamily: 'Inter, "Segoe UI Variable Text", "Segoe UI", system-ui, -apple-system, Roboto, "Noto Sans", "Liberation Sans", sans-serif',
  fontFamilyMonospace: 'ui-monospace, "SF Mono", "Cascadia Code", Menlo, Consolas, "Liberation Mono", monospace',
  respectReducedMotion: true,
  cursorType: 'pointer',
});
