import type { ListStatus } from '../../reputation/snapshot.ts';
import { closed, open } from '../../telemetry/aggregate/metric.ts';
import type { Gauges } from '../../telemetry/aggregate/registry.ts';
import { counter, gauge, one, parts, type Rows } from './metric-rows.ts';
import type { AgentPorts, SelfFacts } from './self-metrics.ts';

/** Lists, feeds and rules: what is in force, since when, and what failed. */
export function judgeMetrics({ ports, now = Date.now }: SelfFacts): Gauges[] {
  return [...lists(ports, now), ...feeds(ports, now), ...rules(ports), ...reloads(ports)];
}

function lists(ports: () => AgentPorts, now: () => number): Gauges[] {
  const all = (): readonly ListStatus[] => ports().lists?.() ?? [];
  const each = (figure: (list: ListStatus) => number | undefined): Rows =>
    all().flatMap((list) => {
      const value = figure(list);
      return value === undefined ? [] : [[[list.name], value] as const];
    });
  return [
    {
      spec: gauge('telegen_list_entries', 'Entries in use of each blocklist.'),
      labels: [open('list')],
      read: () => each(({ entries }) => entries),
    },
    {
      spec: counter(
        'telegen_list_hits',
        'Look-ups that a list answered, by list; several on one connection count each.',
      ),
      labels: [open('list')],
      read: () => each(({ name }) => ports().listHits?.().get(name) ?? 0),
    },
    {
      spec: {
        ...gauge('telegen_list_age_seconds', 'Since when the version in use of a list was written.'),
        unit: 's',
      },
      labels: [open('list')],
      read: () => each(({ modifiedMs }) => modifiedMs && Math.max(0, now() - modifiedMs) / 1000),
    },
    {
      spec: gauge(
        'telegen_list_generation',
        'Generation with which a list came into use; it rises at each change.',
      ),
      labels: [open('list')],
      read: () => each(({ generation }) => generation),
    },
    {
      spec: gauge('telegen_list_failed', '1 when the file as it is now is not in use, else 0.'),
      labels: [open('list')],
      read: () => each(({ error }) => (error === undefined ? 0 : 1)),
    },
    {
      spec: counter(
        'telegen_list_errors',
        'Versions of a list that were not taken into use: broken, suspicious, gone.',
      ),
      labels: [open('list')],
      read: () => each(({ name }) => ports().listErrors?.().get(name) ?? 0),
    },
    {
      spec: gauge('telegen_list_invalid_lines', 'Lines of the version in use that could not be read.'),
      labels: [open('list')],
      read: () => each(({ invalidLines }) => invalidLines),
    },
  ];
}

function feeds(ports: () => AgentPorts, now: () => number): Gauges[] {
  const all = () => ports().feeds?.() ?? [];
  return [
    {
      spec: counter('telegen_feed_fetches', 'Fetches of a feed by result (fetched, unchanged, failed).'),
      labels: [open('feed'), closed('result')],
      read: () =>
        all().flatMap(({ name, fetched, unchanged, failed }) =>
          Object.entries({ fetched, unchanged, failed }).map(
            ([result, count]) => [[name, result], count] as const,
          ),
        ),
    },
    {
      spec: {
        ...gauge('telegen_feed_age_seconds', 'Since when the server has not confirmed the version at hand.'),
        unit: 's',
      },
      labels: [open('feed')],
      read: () =>
        all().flatMap(({ name, confirmedMs }) =>
          confirmedMs === undefined ? [] : [[[name], Math.max(0, now() - confirmedMs) / 1000] as const],
        ),
    },
  ];
}

function rules(ports: () => AgentPorts): Gauges[] {
  return [
    {
      spec: gauge('telegen_rules', 'Documents of rules by state (loaded, partial, inert, refused).'),
      labels: [closed('state')],
      read: () => parts(ports().rules?.().states ?? {}),
    },
    {
      spec: gauge(
        'telegen_rules_generation',
        'Rises by one whenever a set of rules comes into force; 1 is that of the start.',
      ),
      read: () => one(ports().rules?.().generation),
    },
  ];
}

function reloads(ports: () => AgentPorts): Gauges[] {
  return [
    {
      spec: counter(
        'telegen_reloads',
        'Reloads by what (rules, tuning, config) and result (done, failed); after a failed one the last good stays.',
      ),
      labels: [closed('what'), closed('result')],
      read: () =>
        Object.entries(ports().reloads?.() ?? {}).flatMap(([what, { done, failed }]) => [
          [[what, 'done'], done] as const,
          [[what, 'failed'], failed] as const,
        ]),
    },
  ];
}
