import { isMet, type Row } from './model.ts';

const GROUPED = new Intl.NumberFormat('en-US', { maximumFractionDigits: 0 });

/** Three significant digits below 1,000, whole and grouped above. */
export function formatNumber(value: number): string {
  if (!Number.isFinite(value)) return '-';
  return Math.abs(value) >= 1000 ? GROUPED.format(value) : String(Number(value.toPrecision(3)));
}

const HEADINGS = ['Figure', 'Value', 'Spread', 'Samples', 'Target', 'Met'];

/** Headings and rows of a table, all with the same number of cells; without notes when there are none. */
export function table(rows: readonly Row[]): { readonly headings: string[]; readonly lines: string[][] } {
  if (rows.every(({ note }) => note === undefined)) return { headings: HEADINGS, lines: rows.map(cells) };
  return {
    headings: [...HEADINGS, 'Beside it'],
    lines: rows.map((row) => [...cells(row), row.note ?? '']),
  };
}

/** The cells of a row without its note. */
export function cells(row: Row): string[] {
  const met = isMet(row);
  return [
    row.label,
    `${formatNumber(row.value)}${row.unit === '' ? '' : ` ${row.unit}`}`,
    `${formatNumber(row.low)} .. ${formatNumber(row.high)}${row.spread === undefined ? '' : ` (${row.spread})`}`,
    formatNumber(row.samples),
    row.target === undefined ? '' : `${row.target.sense} ${formatNumber(row.target.value)}`,
    met === undefined ? '' : met ? 'yes' : 'NO',
  ];
}

/** A table for the terminal. */
export function renderTable(rows: readonly Row[]): string {
  const { headings, lines: body } = table(rows);
  const lines = [headings, ...body];
  const widths = headings.map((_, column) => Math.max(...lines.map((line) => line[column]?.length ?? 0)));
  return lines
    .map((line) => `  ${line.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join('  ')}`.trimEnd())
    .join('\n');
}
