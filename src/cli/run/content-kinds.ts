import type { ContentKind } from '../../capture/live/plan.ts';
import type { EventKind } from '../../model/event.ts';

const CONTENT_OF: Partial<Record<EventKind, ContentKind>> = {
  dns: 'dns',
  http: 'http',
  grpc: 'http',
  tls: 'tls',
};

/** What has to be read in conversations so that events of these kinds can be told. */
export function contentKinds(events: readonly EventKind[]): readonly ContentKind[] {
  return [...new Set(events.flatMap((kind) => CONTENT_OF[kind] ?? []))];
}
