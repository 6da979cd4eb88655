import { Button, createTheme, Drawer, type MantineColorsTuple, Modal } from '@mantine/core';

const volt: MantineColorsTuple = [
  '#e6faf1',
  '#cdf3e1',
  '#9fe8c5',
  '#6fdfab',
  '#3fe0a0',
  '#21c98a',
  '#12a972',
  '#0c8f61',
  '#0a7a53',
  '#075c3e',
];

/** Mantine's greys of the dark theme, in the green of this page. */
const dark: MantineColorsTuple = [
  '#e9f2ed',
  '#c6d4cc',
  '#94a89e',
  '#6f837a',
  '#34453d',
  '#26362f',
  '#1a2520',
  '#111916',
  '#0d1411',
  '#0a100e',
];

/** The head of a dialog is no banner of the page; and its close button has a name. */
const dialog = { attributes: { header: { role: 'presentation' } }, closeButtonProps: { 'aria-label': 'Close' } };

export const theme = createTheme({
  colors: { volt, dark },
  primaryColor: 'volt',
  primaryShade: { light: 8, dark: 4 },
  autoContrast: true,
  defaultRadius: 'md',
  fontFamily: 'Inter, "Segoe UI Variable Text", "Segoe UI", system-ui, -apple-system, Roboto, "Noto Sans", "Liberation Sans", sans-serif',
  fontFamilyMonospace: 'ui-monospace, "SF Mono", "Cascadia Code", Menlo, Consolas, "Liberation Mono", monospace',
  respectReducedMotion: true,
  cursorType: 'pointer',
  components: {
    Button: Button.extend({ defaultProps: { variant: 'filled' } }),
    Drawer: Drawer.extend({ defaultProps: dialog }),
    Modal: Modal.extend({ defaultProps: dialog }),
  },
});
