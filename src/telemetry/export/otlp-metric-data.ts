import { type Attributes, type HrTime, ValueType } from '@opentelemetry/api';
import {
  AggregationTemporality,
  type DataPoint,
  DataPointType,
  type HistogramMetricData,
  type MetricData,
} from '@opentelemetry/sdk-metrics';
import type { HistogramState, MetricFamily, MetricPoint } from '../aggregate/metric.ts';
import { toHrTime } from './otlp-record.ts';

/** A receiver takes messages of 4 MiB by default; a point is a few hundred bytes. */
const MAX_POINTS = 2_000;

/**
 * All families as OTLP metric data, in pieces that a receiver takes: sums since each series began (cumulative), so that a
 * lost export costs resolution and nothing else.
 */
export function toMetricData(families: readonly MetricFamily[], nowMs: number): MetricData[][] {
  const pieces: MetricData[][] = [];
  let piece: MetricData[] = [];
  let room = MAX_POINTS;
  for (const family of families) {
    for (let points = pointsOf(family); points.length > 0; ) {
      const taken = points.slice(0, room);
      piece.push(dataOf(family, taken, nowMs));
      points = points.slice(taken.length);
      room -= taken.length;
      if (room > 0) continue;
      pieces.push(piece);
      [piece, room] = [[], MAX_POINTS];
    }
  }
  return piece.length === 0 ? pieces : [...pieces, piece];
}

function pointsOf(family: MetricFamily): MetricPoint[] {
  const points: MetricPoint[] = [];
  family.each((point) => points.push(point));
  return points;
}

function dataOf({ spec, labels }: MetricFamily, points: readonly MetricPoint[], nowMs: number): MetricData {
  const descriptor = {
    name: spec.otelName ?? spec.name,
    description: spec.help,
    unit: spec.unit ?? '',
    valueType: ValueType.DOUBLE,
  };
  const base = { descriptor, aggregationTemporality: AggregationTemporality.CUMULATIVE };
  const names = labels.map(({ name, otelName }) => otelName ?? name);
  const endTime = toHrTime(nowMs);
  if (spec.kind === 'histogram') {
    const dataPoints = points.flatMap((point) =>
      histogramPoint(point, { names, endTime, bounds: spec.bounds ?? [] }),
    );
    return { ...base, dataPointType: DataPointType.HISTOGRAM, dataPoints };
  }
  const dataPoints = points.flatMap((point) => {
    const { value } = point;
    return typeof value === 'number' ? [{ ...pointFrame(point, names, endTime), value }] : [];
  });
  if (spec.kind === 'gauge') return { ...base, dataPointType: DataPointType.GAUGE, dataPoints };
  return { ...base, dataPointType: DataPointType.SUM, isMonotonic: true, dataPoints };
}

function pointFrame({ values, startMs }: MetricPoint, names: readonly string[], endTime: HrTime) {
  const attributes: Attributes = {};
  for (const [i, name] of names.entries()) if (values[i] !== '') attributes[name] = values[i];
  return { startTime: toHrTime(startMs), endTime, attributes };
}

interface HistogramFrame {
  readonly names: readonly string[];
  readonly endTime: HrTime;
  readonly bounds: readonly number[];
}

function histogramPoint(
  point: MetricPoint,
  { names, endTime, bounds }: HistogramFrame,
): HistogramMetricData['dataPoints'] {
  const { value } = point;
  if (typeof value === 'number') return [];
  return [{ ...pointFrame(point, names, endTime), value: histogramValue(value, bounds) }];
}

function histogramValue(
  { counts, sum, count }: HistogramState,
  bounds: readonly number[],
): DataPoint<HistogramMetricData['dataPoints'][number]['value']>['value'] {
  return { buckets: { boundaries: [...bounds], counts: [...counts] }, sum, count };
}
