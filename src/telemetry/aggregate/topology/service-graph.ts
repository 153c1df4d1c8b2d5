import type { Conversation, Observer } from '../conversations.ts';
import { DURATION_BOUNDS } from '../histogram.ts';
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
function connectionType(conversation: Conversation): string {
  const { type } = targetOf(conversation);
  if (type === 'database' || type === 'cache') return 'database';
  return type === 'queue' ? 'messaging_system' : '';
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
  return (conversation, side, { isError, latencyMs, timeMs }) => {
    const ends = [conversation.source.id, targetOf(conversation).id, connectionType(conversation)];
    if (latencyMs !== undefined) seconds[side](ends, timeMs, { value: latencyMs / 1000 });
    if (side !== conversation.observer) return;
    total(ends, timeMs, 1);
    failed(ends, timeMs, isError ? 1 : 0);
  };
}
