import type { Conversations } from './conversations.ts';
import { closed } from './metric.ts';
import type { Registry } from './registry.ts';
import type { ToldTotals } from './told-totals.ts';
import type { Graph } from './topology/graph.ts';

interface Bounded {
  readonly conversations: Conversations;
  readonly told: Pick<ToldTotals, 'size' | 'refused'>;
  readonly graph: Graph;
  /** By signal. */
  readonly sampleRates: Readonly<Record<string, number>>;
}

/** Registers how full the aggregator's tables are, what they gave up, and how telemetry is sampled. */
export function observeBounds(registry: Registry, bounded: Bounded): void {
  const { conversations, told, graph, sampleRates } = bounded;
  const single = (value: number) => [[[], value] as const];
  registry.observe({
    spec: {
      name: 'telegen_sample_rate',
      kind: 'gauge',
      help: 'Telemetry looks at 1 in so many; counters are scaled back.',
    },
    labels: [closed('signal')],
    read: () => Object.entries(sampleRates).map(([signal, rate]) => [[signal], rate] as const),
  });
  registry.observe({
    spec: {
      name: 'telegen_tracked_conversations',
      kind: 'gauge',
      help: 'Conversations remembered for telemetry.',
    },
    read: () => single(conversations.size),
  });
  registry.observe({
    spec: {
      name: 'telegen_tracked_conversations_evicted',
      kind: 'counter',
      help: 'Conversations forgotten before their end to make room.',
    },
    read: () => single(conversations.evicted),
  });
  registry.observe({
    spec: {
      name: 'telegen_tracked_sockets',
      kind: 'gauge',
      help: 'Open TCP sockets whose counters were told before their end.',
    },
    read: () => single(told.size),
  });
  registry.observe({
    spec: {
      name: 'telegen_tracked_sockets_refused',
      kind: 'counter',
      help: 'Times that the counters of an open TCP socket found no room; they are counted at its end.',
    },
    read: () => single(told.refused),
  });
  registry.observe({
    spec: { name: 'telegen_topology_edges', kind: 'gauge', help: 'Edges of the topology.' },
    read: () => single(graph.edges.size),
  });
  registry.observe({
    spec: {
      name: 'telegen_topology_folds',
      kind: 'counter',
      help: 'Times that a conversation found no room for an edge of its own and went to ~other.',
    },
    read: () => single(graph.edges.folded),
  });
}
