import PdfDocument from 'pdfkit';
import { escapeXml, qrCode } from './qr-code.js';

/** What is printed for one EVSE. */
export interface Label {
  readonly stationName: string;
  readonly evseId: number;
  readonly siteName: string;
  readonly address: string;
  /** What the code opens. */
  readonly url: string;
}

/** A4 in points of 1/72 inch. */
const PAGE_WIDTH = 595;
const PAGE_HEIGHT = 842;
const MARGIN = 28;
const COLUMNS = 2;
const ROWS = 3;
const CELL_WIDTH = (PAGE_WIDTH - 2 * MARGIN) / COLUMNS;
const CELL_HEIGHT = (PAGE_HEIGHT - 2 * MARGIN) / ROWS;
const CODE_SIDE = 158;
const CODE_TOP = 12;

/** Labels on a page. */
export const LABELS_PER_PAGE = COLUMNS * ROWS;

interface Line {
  readonly text: string;
  readonly size: number;
  readonly bold: boolean;
  /** Of the baseline, from the cell's top. */
  readonly y: number;
  readonly grey: boolean;
}

interface Cell {
  readonly page: number;
  readonly x: number;
  readonly y: number;
  readonly label: Label;
  readonly lines: readonly Line[];
}

/** Where each label goes; both forms are drawn from this. */
function cellsOf(labels: readonly Label[]): readonly Cell[] {
  return labels.map((label, index) => {
    const place = index % LABELS_PER_PAGE;
    return {
      page: Math.floor(index / LABELS_PER_PAGE),
      x: MARGIN + (place % COLUMNS) * CELL_WIDTH,
      y: MARGIN + Math.floor(place / COLUMNS) * CELL_HEIGHT,
      label,
      lines: [
        { text: cut(label.stationName, 34), size: 13, bold: true, y: 190, grey: false },
        { text: `EVSE ${label.evseId}`, size: 20, bold: true, y: 214, grey: false },
        {
          text: cut([label.siteName, label.address].filter((part) => part !== '').join(', '), 56),
          size: 8,
          bold: false,
          y: 230,
          grey: true,
        },
        { text: cut(label.url.replace(/^https?:\/\//, ''), 60), size: 7, bold: false, y: 243, grey: true },
      ],
    };
  });
}

const cut = (text: string, max: number): string => (text.length <= max ? text : `${text.slice(0, max - 1)}\u2026`);

/** Every label as one drawing, the pages below each other. */
export function labelSheetSvg(labels: readonly Label[]): string {
  const cells = cellsOf(labels);
  const pages = (cells.at(-1)?.page ?? 0) + 1;
  const drawn = cells.map(({ page, x, y, label, lines }) => {
    const { size, path } = qrCode(label.url);
    const middle = x + CELL_WIDTH / 2;
    const top = page * PAGE_HEIGHT + y;
    const texts = lines.map(
      (line) =>
        `<text x="${middle}" y="${top + line.y}" font-size="${line.size}"${line.bold ? ' font-weight="700"' : ''}${line.grey ? ' fill="#444"' : ''}>${escapeXml(line.text)}</text>`,
    );
    return (
      `<rect x="${x}" y="${top}" width="${CELL_WIDTH}" height="${CELL_HEIGHT}" fill="none" stroke="#ccc" stroke-dasharray="3 3"/>` +
      `<path shape-rendering="crispEdges" transform="translate(${middle - CODE_SIDE / 2} ${top + CODE_TOP}) scale(${CODE_SIDE / size})" d="${path}"/>${texts.join('')}`
    );
  });
  const height = pages * PAGE_HEIGHT;
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${PAGE_WIDTH} ${height}" width="${PAGE_WIDTH}pt" height="${height}pt" font-family="Helvetica, Arial, sans-serif" text-anchor="middle"><title>QR codes</title><path fill="#fff" d="M0 0h${PAGE_WIDTH}v${height}H0z"/>${drawn.join('')}</svg>\n`;
}

/** Every label on sheets of A4. */
export function labelSheetPdf(labels: readonly Label[], createdAt: Date): Promise<Buffer> {
  const document = new PdfDocument({ size: 'A4', margin: 0, autoFirstPage: false, info: { Title: 'QR codes', CreationDate: createdAt } });
  const chunks: Buffer[] = [];
  const done = new Promise<Buffer>((resolve, reject) => {
    document.on('data', (chunk: Buffer) => chunks.push(chunk));
    document.on('end', () => resolve(Buffer.concat(chunks)));
    document.on('error', reject);
  });
  let page = -1;
  for (const { page: cellPage, x, y, label, lines } of cellsOf(labels)) {
    if (cellPage !== page) document.addPage();
    page = cellPage;
    document.rect(x, y, CELL_WIDTH, CELL_HEIGHT).dash(3, { space: 3 }).lineWidth(0.5).stroke('#cccccc').undash();
    const { size, path } = qrCode(label.url);
    document
      .save()
      .translate(x + CELL_WIDTH / 2 - CODE_SIDE / 2, y + CODE_TOP)
      .scale(CODE_SIDE / size)
      .path(path)
      .fill('#000000')
      .restore();
    for (const line of lines) {
      document
        .font(line.bold ? 'Helvetica-Bold' : 'Helvetica')
        .fontSize(line.size)
        .fillColor(line.grey ? '#444444' : '#000000')
        .text(printable(line.text), x, y + line.y - line.size, { width: CELL_WIDTH, align: 'center', lineBreak: false });
    }
  }
  if (labels.length === 0) document.addPage();
  document.end();
  return done;
}

/** Every PDF reader has these fonts, for Western European letters; another letter is shown by a question mark. */
const printable = (text: string): string => text.replaceAll(/[^\x20-\x7e\xa0-\xff\u2026\u2013\u2014\u2018\u2019\u201c\u201d\u20ac]/gu, '?');
