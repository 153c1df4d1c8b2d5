import { closed } from '../../telemetry/aggregate/metric.ts';
import type { Gauges } from '../../telemetry/aggregate/registry.ts';
import { counter, gauge, one, parts } from './metric-rows.ts';
import type { SelfFacts } from './self-metrics.ts';

/** What was given up to stay within the budget, and what is kept for a restart. */
export function resourceMetrics({ ports }: SelfFacts): Gauges[] {
  return [
    {
      spec: counter(
        'telegen_shed',
        'Records of telemetry given up because telegen was over its budget, by class.',
      ),
      labels: [closed('class')],
      // Events and spans for the collector are in the books of their exporter.
      read: () => {
        const { lines, metrics } = ports().shedder?.counters ?? {};
        return parts({ lines, metrics });
      },
    },
    {
      spec: gauge(
        'telegen_shed_level',
        'Classes of telemetry given up now, of 4 (spans, events, lines, metrics).',
      ),
      read: () => one(ports().shedder?.level),
    },
    {
      spec: counter(
        'telegen_snapshots',
        'Snapshots of open windows and correlations (written, failed, restored, ignored because damaged).',
      ),
      labels: [closed('result')],
      read: () => parts({ ...ports().state }),
    },
  ];
}
