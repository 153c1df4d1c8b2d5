import type { Config } from '../config/config.ts';
import { createDnsNames, type DnsNames, type DnsNamesOptions } from '../enrich/dns-names.ts';
import type { AskedKind, Detector } from '../model/detector.ts';
import {
  CONTENT_KINDS,
  type ContentKind,
  type EventKind,
  type HttpEvent,
  PACKET_KINDS,
  type PacketKind,
  type TelegenEvent,
} from '../model/event.ts';
import type { RuleMatcher } from '../model/rule-matcher.ts';
import { routeOf, type Shown } from '../net/content-attributes.ts';
import { createRename, type Rename } from '../net/conventions.ts';
import { type Describe, eventAttributes } from '../net/event-attributes.ts';
import { createRoutes, type Routes } from '../net/http-route.ts';
import type { ContentsOptions } from '../pipeline/contents.ts';
import { createTelemetryFilter, type TelemetryFilterCounters } from '../pipeline/telemetry-filter.ts';

export interface TelemetryParts {
  readonly config: Config;
  /** What they ask for is decoded, whatever telemetry shows. */
  readonly detectors: readonly Detector[];
  /** The same of rules; what they ask for when they begin. */
  readonly rules?: Pick<RuleMatcher, 'asks'> | undefined;
  readonly host: DnsNamesOptions['host'];
  /** Kinds of events that are printed or exported. */
  readonly wanted: readonly EventKind[];
}

/** What the settings of telemetry come to, for a live run and a replay alike. */
export interface Telemetry {
  /** For createContents, and for whoever decides what payload is worth capturing. */
  readonly contents: Required<ContentsOptions>;
  /** Kinds of packet events that somebody judges or wants to see; others need not be made. */
  readonly packets: ReadonlySet<PacketKind>;
  /** For createEngine. */
  readonly names: DnsNames;
  /** The route of a request, as `http.route` tells it. */
  readonly routeOf: (event: HttpEvent) => string | undefined;
  /** Attributes with our names, for alerts and whatever else works with them. */
  readonly describe: Describe;
  /** Puts attributes into the names that leave. */
  readonly rename: Rename;
  /** Attributes as they leave. */
  readonly describeOut: Describe;
  /** Feeds consumers with the events that telemetry shows, as it shows them: for createEngine's `onEvent`. */
  readonly feed: (...consumers: readonly ((event: TelegenEvent) => void)[]) => (event: TelegenEvent) => void;
  readonly counters: TelemetryFilterCounters;
  /** The books in words, for the end of a run; empty when there is nothing to tell. */
  readonly summary: () => readonly string[];
}

/** Kinds of events that the switches leave on. */
function switchedOn({ network }: Config): ReadonlySet<EventKind> {
  const { dns, enabled, http, grpc } = network;
  const hasDns = dns.enabled && (dns.captureQueries || dns.captureResponses);
  const on: Readonly<Record<ContentKind, boolean>> = {
    dns: hasDns,
    http: enabled && http.enabled,
    grpc: enabled && grpc.enabled,
    tls: enabled,
  };
  return new Set<EventKind>([
    'connection',
    'process',
    'loss',
    ...PACKET_KINDS,
    ...CONTENT_KINDS.filter((kind) => on[kind]),
  ]);
}

/** What somebody wants to see or judge. Names for addresses come out of DNS, as long as that is switched on. */
function asked(
  { config, detectors, rules, wanted }: TelemetryParts,
  on: ReadonlySet<EventKind>,
): Set<AskedKind> {
  const judged = [...detectors.flatMap(({ asks = CONTENT_KINDS }) => asks), ...(rules?.asks ?? [])];
  const shown = [...CONTENT_KINDS, ...PACKET_KINDS].filter((kind) => wanted.includes(kind) && on.has(kind));
  const names =
    config.network.dns.enabled && (detectors.length > 0 || rules !== undefined || wanted.length > 0);
  return new Set([...judged, ...shown, ...(names ? (['dns'] as const) : [])]);
}

/** Puts the settings of telemetry to work. */
export function createTelemetry(parts: TelemetryParts): Telemetry {
  const { network, semanticConventions } = parts.config;
  const on = switchedOn(parts.config);
  const wanted = asked(parts, on);
  const filter = createTelemetryFilter({
    kinds: on,
    dns: network.dns,
    includePorts: network.includePorts,
    excludePorts: network.excludePorts,
    excludePaths: network.http.excludePaths,
  });
  const names = createDnsNames({ host: parts.host });
  const routes = createRoutes(network.http.route);
  const shown: Shown = {
    headers: new Set(network.http.captureHeaders),
    maxHeaders: network.http.maxHeaders,
    routes,
  };
  const describe: Describe = (event) => eventAttributes(event, shown);
  const rename = createRename(semanticConventions);
  return {
    contents: {
      kinds: new Set(CONTENT_KINDS.filter((kind) => wanted.has(kind))),
      maxBodyBytes: network.http.maxBodyCaptureBytes,
    },
    packets: new Set(PACKET_KINDS.filter((kind) => wanted.has(kind))),
    names,
    routeOf: (event) => routeOf(event.http, event, shown),
    describe,
    rename,
    describeOut: (event) => rename(describe(event)),
    feed: (...consumers) => {
      return (event) => {
        const shape = filter.apply(event);
        if (shape !== undefined) for (const consumer of consumers) consumer(shape);
      };
    },
    counters: filter.counters,
    summary: () => summaryOf(filter.counters, names, routes),
  };
}

function summaryOf(
  { offered, shown, withheld }: TelemetryFilterCounters,
  names: DnsNames,
  routes: Routes,
): readonly string[] {
  const reasons = Object.entries(withheld).filter(([, count]) => count > 0);
  const why = reasons.map(([reason, count]) => `, ${count} withheld (${reason})`).join('');
  const { learned, evicted } = names.counters;
  const { folded, forgotten } = routes.counters;
  return [
    offered === 0 ? '' : `telemetry: ${shown} events shown${why}`,
    learned === 0 ? '' : `names for addresses: ${learned} learned, ${evicted} forgotten for lack of room`,
    folded + forgotten === 0 ? '' : `routes: ${folded} requests told as /*, ${forgotten} services forgotten`,
  ].filter((line) => line !== '');
}
