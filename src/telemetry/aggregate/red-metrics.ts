import type { HeaderField, HttpFacts } from '../../model/conversation.ts';
import type { GrpcEvent, HttpEvent } from '../../model/event.ts';
import { grpcStatusName } from '../../net/grpc-status.ts';
import { isServerError } from './grpc-status.ts';
import { DURATION_BOUNDS, Histogram } from './histogram.ts';
import { dotted, type Label, type MetricSpec, open } from './metric.ts';
import type { NamingSet } from './naming.ts';
import type { Registry } from './registry.ts';
import type { SeriesTable } from './series-table.ts';
import { exemplarFrom } from './trace-context.ts';

/** Which end of a request this host was. */
type Side = 'server' | 'client';
const SIDES: readonly Side[] = ['server', 'client'];

/** Names of the end that was observed, and of the other one. */
export interface Ends {
  readonly side: Side;
  readonly service: string;
  readonly peer: string;
}

/** Rate, errors and duration of requests, as servers of this host answered them and as clients of it saw them. */
export interface RedMetrics {
  http(event: HttpEvent, ends: Ends): void;
  grpc(event: GrpcEvent, ends: Ends): void;
}

interface Requests {
  count: number;
  readonly duration: Histogram;
}

type Table = SeriesTable<Requests>;
type Tables = Readonly<Record<Side, Table | undefined>>;

const METHODS = new Set([
  'CONNECT',
  'DELETE',
  'GET',
  'HEAD',
  'OPTIONS',
  'PATCH',
  'POST',
  'PUT',
  'QUERY',
  'TRACE',
]);
const SECONDS = { kind: 'histogram', unit: 's', bounds: DURATION_BOUNDS } as const;

/** The labels of both ends; a client also names who it asked. */
function labelsOf(side: Side, names: readonly string[]): readonly Label[] {
  const both = ['service_name', ...names].map(open);
  return side === 'client' ? [...both, open('peer_service')] : both;
}

/** The same under OpenTelemetry's names. */
function otelLabelsOf(side: Side, names: readonly string[]): readonly Label[] {
  const both = ['service.name', ...names].map(dotted);
  return side === 'client' ? [...both, dotted('service.peer.name')] : both;
}

const createRequests = (): Requests => ({ count: 0, duration: new Histogram(DURATION_BOUNDS) });
const durationOf = ({ duration }: Requests): Histogram | undefined =>
  duration.count > 0 ? duration : undefined;

/** Telegen's names: a counter and a histogram over the same series. */
function telegenTables(registry: Registry, what: 'http' | 'rpc', names: readonly string[]): Tables {
  const noun = what === 'http' ? 'HTTP requests' : 'gRPC calls';
  const [server, client] = SIDES.map((side) => {
    const verb = side === 'server' ? 'answered by' : 'made by';
    const requests: MetricSpec = {
      name: `${what}_${side}_requests`,
      kind: 'counter',
      unit: '{request}',
      help: `${noun} ${verb} services on this host.`,
    };
    const duration: MetricSpec = {
      ...SECONDS,
      name: `${what}_${side}_duration`,
      help: `Duration of ${noun} ${verb} services on this host, in seconds.`,
    };
    return registry.table<Requests>({ labels: labelsOf(side, names), create: createRequests }, [
      { spec: requests, read: (state) => state.count },
      { spec: duration, read: durationOf },
    ]);
  });
  return { server, client };
}

/** OpenTelemetry's names: the histogram's count is the number of requests. */
function otelTables(registry: Registry, what: 'http' | 'rpc', names: readonly string[]): Tables {
  const noun = what === 'http' ? 'request' : 'call';
  const [server, client] = SIDES.map((side) => {
    const spec: MetricSpec = {
      ...SECONDS,
      name: `${what}_${side}_${noun}_duration_seconds`,
      otelName: `${what}.${side}.${noun}.duration`,
      help: `Duration of ${what === 'http' ? 'HTTP requests' : 'gRPC calls'}, ${side} side (OpenTelemetry's name).`,
    };
    return registry.table<Requests>({ labels: otelLabelsOf(side, names), create: createRequests }, [
      { spec, read: durationOf },
    ]);
  });
  return { server, client };
}

const NONE: Tables = { server: undefined, client: undefined };

/** Registers the metrics of both ends under the names of the naming. */
export function createRedMetrics(
  registry: Registry,
  naming: NamingSet,
  routeOf: (event: HttpEvent) => string | undefined = () => undefined,
): RedMetrics {
  const http = naming.telegen
    ? telegenTables(registry, 'http', ['method', 'http_route', 'status_code'])
    : NONE;
  const rpc = naming.telegen
    ? telegenTables(registry, 'rpc', ['rpc_system', 'rpc_service', 'rpc_method', 'rpc_grpc_status_code'])
    : NONE;
  const otelHttp = naming.otel
    ? otelTables(registry, 'http', [
        'http.request.method',
        'http.route',
        'http.response.status_code',
        'error.type',
      ])
    : NONE;
  const otelRpc = naming.otel
    ? otelTables(registry, 'rpc', ['rpc.system.name', 'rpc.method', 'rpc.response.status_code', 'error.type'])
    : NONE;

  return {
    http(event, ends) {
      const { http: facts, timeMs } = event;
      const method = methodOf(facts.method);
      const route = routeOf(event) ?? '';
      const status = facts.statusCode === undefined ? '' : String(facts.statusCode);
      const { side, service } = ends;
      const request = { ends, timeMs, durationMs: facts.durationMs, headers: facts.requestHeaders };
      record(http[side], [service, method, route, status], request);
      if (otelHttp[side] === undefined) return;
      record(otelHttp[side], [service, method, route, status, httpError(facts, side)], request);
    },
    grpc(event, ends) {
      const { grpc, timeMs } = event;
      const { service = '', method = '', statusCode: code } = grpc;
      const { side } = ends;
      const request = { ends, timeMs, durationMs: grpc.http.durationMs, headers: grpc.http.requestHeaders };
      const status = code === undefined ? '' : String(code);
      record(rpc[side], [ends.service, 'grpc', service, method, status], request);
      if (otelRpc[side] === undefined) return;
      const name = code === undefined ? '' : grpcStatusName(code);
      const isError = side === 'server' ? isServerError(code) : name !== 'OK';
      const full = service === '' ? '' : `${service}/${method}`;
      record(otelRpc[side], [ends.service, 'grpc', full, name, isError ? name || '_OTHER' : ''], request);
    },
  };
}

/** Methods are few, unless somebody makes them up. */
const methodOf = (method: string | undefined): string =>
  method === undefined ? '' : METHODS.has(method) ? method : '_OTHER';

/** `error.type` of the conventions: the status of a failed request, or how it ended without one. */
function httpError({ statusCode, outcome }: HttpFacts, side: Side): string {
  if (statusCode === undefined) return outcome;
  return statusCode >= (side === 'server' ? 500 : 400) ? String(statusCode) : '';
}

interface Request {
  readonly ends: Ends;
  readonly timeMs: number;
  readonly durationMs: number | undefined;
  readonly headers: readonly HeaderField[];
}

/** `values`: of the labels of both ends; whoever was asked is added here. */
function record(
  table: Table | undefined,
  values: string[],
  { ends, timeMs, durationMs, headers }: Request,
): void {
  if (table === undefined) return;
  if (ends.side === 'client') values.push(ends.peer);
  const { state } = table.at(values, timeMs);
  state.count += 1;
  if (durationMs === undefined) return;
  const seconds = durationMs / 1000;
  state.duration.observe(seconds, 1, exemplarFrom(headers, seconds, timeMs));
}
