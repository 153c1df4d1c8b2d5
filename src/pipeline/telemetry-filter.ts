import type { DnsEvent, EventKind, GrpcEvent, HttpEvent, TelegenEvent } from '../model/event.ts';
import { compileGlob } from '../net/glob.ts';
import { pathOf } from '../net/url-path.ts';
import { DNS_TIMEOUT_MS } from '../protocols/dns/pairing.ts';

/** What telemetry is to show; `agent.network` and `agent.ebpf.network` have it so. */
export interface TelemetryFilterOptions {
  /** Kinds of events that are switched on. */
  readonly kinds: ReadonlySet<EventKind>;
  readonly dns: {
    readonly captureQueries: boolean;
    readonly captureResponses: boolean;
    readonly captureContent: boolean;
  };
  /** Either end counts; empty: all. */
  readonly includePorts: readonly number[];
  /** Wins over `includePorts`. */
  readonly excludePorts: readonly number[];
  /** Paths of HTTP requests and gRPC calls; `*` stands for any run of characters. */
  readonly excludePaths: readonly string[];
}

/** `offered === shown + sum of withheld`. */
export interface TelemetryFilterCounters {
  readonly offered: number;
  readonly shown: number;
  readonly withheld: Readonly<Record<Withheld, number>>;
}

export type Withheld = 'switched_off' | 'port' | 'path';

export interface TelemetryFilter {
  /** The event as telemetry shows it; undefined when it does not. */
  apply(event: TelegenEvent): TelegenEvent | undefined;
  readonly counters: TelemetryFilterCounters;
}

/**
 * Shapes telemetry: the last stage before events are printed or exported. Detectors and rules have judged the event
 * by then, so nothing configured here blinds them.
 */
export function createTelemetryFilter(options: TelemetryFilterOptions): TelemetryFilter {
  const { kinds, dns } = options;
  const wrongPort = compilePorts(options);
  const excluded = compilePaths(options.excludePaths);
  const withheld = { switched_off: 0, port: 0, path: 0 };
  const counters = { offered: 0, shown: 0, withheld };

  function shapeOf(event: TelegenEvent): TelegenEvent | Withheld {
    if (!kinds.has(event.kind)) return 'switched_off';
    if (event.kind === 'process' || event.kind === 'loss' || event.kind === 'packet_rate') return event;
    if (event.kind === 'probe') return wrongPort(event.port, event.port) ? 'port' : event;
    if (wrongPort(event.local.port, event.remote.port)) return 'port';
    if (event.kind === 'dns') return shapeDns(event, dns) ?? 'switched_off';
    if ((event.kind === 'http' || event.kind === 'grpc') && excluded(event)) return 'path';
    return event;
  }

  return {
    counters,
    apply(event) {
      counters.offered += 1;
      const shape = shapeOf(event);
      if (typeof shape === 'string') {
        withheld[shape] += 1;
        return undefined;
      }
      counters.shown += 1;
      return shape;
    },
  };
}

function compilePorts({
  includePorts,
  excludePorts,
}: TelemetryFilterOptions): (a: number, b: number) => boolean {
  const include = new Set(includePorts);
  const exclude = new Set(excludePorts);
  if (include.size === 0 && exclude.size === 0) return () => false;
  return (a, b) =>
    exclude.has(a) || exclude.has(b) || (include.size > 0 && !include.has(a) && !include.has(b));
}

function compilePaths(patterns: readonly string[]): (event: HttpEvent | GrpcEvent) => boolean {
  if (patterns.length === 0) return () => false;
  const globs = patterns.map(compileGlob);
  return (event) => {
    const { target } = event.kind === 'http' ? event.http : event.grpc.http;
    const path = pathOf(target);
    return path !== undefined && globs.some((fits) => fits(path));
  };
}

function shapeDns(event: DnsEvent, wanted: TelemetryFilterOptions['dns']): DnsEvent | undefined {
  const { outcome } = event.dns;
  if (!wanted.captureResponses) return wanted.captureQueries ? questionOnly(event) : undefined;
  if (!wanted.captureQueries && (outcome === 'timeout' || outcome === 'asked')) return undefined;
  if (wanted.captureContent || event.dns.answers === undefined) return event;
  const { answers: _, ...dns } = event.dns;
  return withDns(event, event.timeMs, dns);
}

/** As it was when it was asked; a response without its question says nothing of one. */
function questionOnly(event: DnsEvent): DnsEvent | undefined {
  const { id, questionName, questionType, outcome, latencyMs, retries } = event.dns;
  if (outcome === 'unasked') return undefined;
  const waitedMs = outcome === 'timeout' ? DNS_TIMEOUT_MS : (latencyMs ?? 0);
  const asked = { id, questionName, questionType, outcome: 'asked', retries } as const;
  return withDns(event, event.timeMs - waitedMs, asked);
}

/** Spreading an event would lose what its class looks up. */
function withDns(event: DnsEvent, timeMs: number, dns: DnsEvent['dns']): DnsEvent {
  const { transport, role, local, remote, socketId, owner, attribution } = event;
  return {
    kind: 'dns',
    timeMs,
    transport,
    role,
    local,
    remote,
    socketId,
    owner,
    attribution,
    process: event.process,
    workload: event.workload,
    peerNames: event.peerNames,
    peerWorkload: event.peerWorkload,
    service: event.service,
    dns,
  };
}
