import type { Exemplar, HistogramState, MetricFamily, MetricPoint } from '../aggregate/metric.ts';

export type TextFormat = 'prometheus' | 'openmetrics';

export const CONTENT_TYPES: Readonly<Record<TextFormat, string>> = {
  prometheus: 'text/plain; version=0.0.4; charset=utf-8',
  openmetrics: 'application/openmetrics-text; version=1.0.0; charset=utf-8',
};

/** Units that a name may end in, by UCUM. OpenMetrics allows a UNIT line only then. */
const UNIT_SUFFIXES: Readonly<Record<string, string>> = { s: 'seconds', By: 'bytes' };

/** OpenMetrics when the client asks for it, as Prometheus does; else the text format 0.0.4. */
export function formatFor(accept: string | undefined): TextFormat {
  return accept?.includes('application/openmetrics-text') === true ? 'openmetrics' : 'prometheus';
}

/** All families as text, each with its HELP and TYPE; a family without series is left out. */
export function renderMetrics(families: readonly MetricFamily[], format: TextFormat): string {
  const parts: string[] = [];
  for (const family of families) {
    const lines: string[] = [];
    family.each(
      family.spec.kind === 'histogram' ? histogramLines(family, format, lines) : scalarLines(family, lines),
    );
    if (lines.length > 0) parts.push(head(family, format), ...lines);
  }
  if (format === 'openmetrics') parts.push('# EOF\n');
  return parts.join('');
}

/** Name of a family's samples in Prometheus: counters end in `_total`. */
export function sampleName({ name, kind }: MetricFamily['spec']): string {
  return kind === 'counter' ? `${name}_total` : name;
}

function head({ spec }: MetricFamily, format: TextFormat): string {
  const name = format === 'openmetrics' ? spec.name : sampleName(spec);
  const suffix = UNIT_SUFFIXES[spec.unit ?? ''];
  const hasUnit = format === 'openmetrics' && suffix !== undefined && spec.name.endsWith(`_${suffix}`);
  const help = spec.help
    .replaceAll('\\', '\\\\')
    .replaceAll('\n', '\\n')
    .replaceAll('"', format === 'openmetrics' ? '\\"' : '"');
  const unit = hasUnit ? `# UNIT ${name} ${suffix}\n` : '';
  return `# TYPE ${name} ${spec.kind}\n${unit}# HELP ${name} ${help}\n`;
}

function scalarLines({ spec }: MetricFamily, lines: string[]): (point: MetricPoint) => void {
  const name = sampleName(spec);
  return ({ text, value }) => {
    if (typeof value === 'number') lines.push(`${name}${braces(text)} ${numberText(value)}\n`);
  };
}

function histogramLines(
  { spec }: MetricFamily,
  format: TextFormat,
  lines: string[],
): (point: MetricPoint) => void {
  const { name, bounds = [] } = spec;
  const les = [...bounds.map((bound) => leText(bound, format)), 'le="+Inf"'];
  return ({ text, value }) => {
    if (typeof value === 'number') return;
    let sum = 0;
    for (const [i, le] of les.entries()) {
      sum += value.counts[i] ?? 0;
      const labels = text === '' ? le : `${text},${le}`;
      lines.push(`${name}_bucket{${labels}} ${numberText(sum)}${exemplarOf(value, i, format)}\n`);
    }
    lines.push(`${name}_sum${braces(text)} ${numberText(value.sum)}\n`);
    lines.push(`${name}_count${braces(text)} ${numberText(value.count)}\n`);
  };
}

/** OpenMetrics wants `1.0` where the older format has `1`. */
function leText(bound: number, format: TextFormat): string {
  const text = numberText(bound);
  return `le="${format === 'openmetrics' && Number.isInteger(bound) ? `${text}.0` : text}"`;
}

function exemplarOf({ exemplars }: HistogramState, bucket: number, format: TextFormat): string {
  const exemplar = format === 'openmetrics' ? exemplars[bucket] : undefined;
  return exemplar === undefined ? '' : exemplarText(exemplar);
}

function exemplarText({ traceId, spanId, value, timeMs }: Exemplar): string {
  return ` # {trace_id="${traceId}",span_id="${spanId}"} ${numberText(value)} ${(timeMs / 1000).toFixed(3)}`;
}

const braces = (text: string): string => (text === '' ? '' : `{${text}}`);

function numberText(value: number): string {
  if (Number.isFinite(value)) return String(value);
  if (Number.isNaN(value)) return 'NaN';
  return value > 0 ? '+Inf' : '-Inf';
}
