import { stringify } from 'yaml';
import type { FileConfig } from './schema.ts';

const MASK = '<masked>';

/** The effective configuration as YAML. Header values are masked; header files are named. */
export function printConfig(effective: FileConfig): string {
  const headers = Object.entries(effective.otlp.headers).map(([name, value]) => [
    name,
    typeof value === 'string' ? MASK : value,
  ]);
  const shown = { ...effective, otlp: { ...effective.otlp, headers: Object.fromEntries(headers) } };
  return stringify(shown, { lineWidth: 0, aliasDuplicateObjects: false });
}
