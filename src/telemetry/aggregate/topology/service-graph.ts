import type { Conversation, Observer } from '../conversations.ts';
import { DURATION_BOUNDS } from '../histogram.ts';
import type { Identity } from '../identity.ts';
import { counter, histogram } from '../instruments.ts';
import { closed, type Label, type MetricSpec, open } from '../metric.ts';
import type { Registry } from '../registry.ts';
import { targetOf } from '../target.ts';
import type { SeenRequest } from './graph.ts';

const LABELS: readonly Label[] = [open('client'), open('server'), closed('connection_type')];

const TOTAL: MetricSpec = {
  name: 'traces_service_graph_request',
  kind: 'counter',
  unit: '{request}',
  help: 'Requests between two services.',
};
const FAILED: MetricSpec = {
  name: 'traces_service_graph_request_failed',
  kind: 'counter',
  unit: '{request}',
  help: 'Failed requests between two services.',
};
const SECONDS = { kind: 'histogram', unit: 's', bounds: DURATION_BOUNDS } as const;
const BY_SIDE: Readonly<Record<Observer, MetricSpec>> = {
  server: {
    ...SECONDS,
    name: 'traces_service_graph_request_server_seconds',
    help: 'Duration of requests between two services, as the server sees it.',
  },
  client: {
    ...SECONDS,
    name: 'traces_service_graph_request_client_seconds',
    help: 'Duration of requests between two services, as the client sees it.',
  },
};

/** Empty for a plain service, as the metric's other makers have it. */
function connectionType({ type }: Identity): string {
  if (type === 'database' || type === 'cache') return 'database';
  return type === 'queue' ? 'messaging_system' : '';
}

interface Way {
  readonly source: Identity;
  readonly target: Identity;
  readonly ends: readonly string[];
}
const WAY_SLOTS = 64;

/** Label values of conversations; for the ways that were asked for lately the same list again, which tables find at once. */
function createEnds(): (conversation: Conversation) => readonly string[] {
  const ways: (Way | undefined)[] = Array.from({ length: WAY_SLOTS });
  return (conversation) => {
    const { source } = conversation;
    const target = targetOf(conversation);
    const slot = (source.id.length * 7 + target.id.length) % WAY_SLOTS;
    const last = ways[slot];
    if (last?.source === source && last.target === target) return last.ends;
    const ends = [source.id, target.id, connectionType(target)];
    ways[slot] = { source, target, ends };
    return ends;
  };
}

/** Registers the service graph under its usual names; gives what counts one request, seen by the end `side`. */
export function createServiceGraph(
  registry: Registry,
): (conversation: Conversation, side: Observer, request: SeenRequest) => void {
  const total = counter(registry, TOTAL, { labels: LABELS });
  const failed = counter(registry, FAILED, { labels: LABELS });
  const seconds = {
    server: histogram(registry, BY_SIDE.server, LABELS),
    client: histogram(registry, BY_SIDE.client, LABELS),
  };
  const endsOf = createEnds();
  return (conversation, side, { isError, latencyMs, timeMs }) => {
    const ends = endsOf(conversation);
    if (latencyMs !== undefined) seconds[side](ends, timeMs, { value: latencyMs / 1000 });
    if (side !== conversation.observer) return;
    total(ends, timeMs, 1);
    failed(ends, timeMs, isError ? 1 : 0);
  };
}
