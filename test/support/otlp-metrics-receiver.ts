import {
  Server,
  ServerCredentials,
  type ServerUnaryCall,
  type sendUnaryData,
  type status,
} from '@grpc/grpc-js';
import { loadService, type RawKeyValue, type ReceivedValue, unpackAll } from './otlp-values.ts';

/** A point of a metric as it arrived. */
export interface ReceivedPoint {
  readonly name: string;
  readonly unit: string;
  readonly kind: 'gauge' | 'sum' | 'histogram';
  /** 2 is cumulative; only of sums and histograms. */
  readonly temporality: number;
  readonly attributes: Record<string, ReceivedValue>;
  readonly startMs: number;
  readonly timeMs: number;
  readonly value: number;
  /** Of histograms. */
  readonly counts: readonly number[];
  readonly bounds: readonly number[];
  readonly resource: Record<string, ReceivedValue>;
}

interface RawPoint {
  startTimeUnixNano: string;
  timeUnixNano: string;
  attributes: RawKeyValue[];
  asDouble?: number;
  count?: string;
  sum?: number;
  bucketCounts?: string[];
  explicitBounds?: number[];
}
interface RawData {
  dataPoints: RawPoint[];
  aggregationTemporality?: number;
}
interface RawMetric {
  name: string;
  unit: string;
  data: 'gauge' | 'sum' | 'histogram';
  gauge?: RawData;
  sum?: RawData;
  histogram?: RawData;
}
interface RawRequest {
  resourceMetrics: {
    resource: { attributes: RawKeyValue[] } | null;
    scopeMetrics: { metrics: RawMetric[] }[];
  }[];
}

const ms = (nanoseconds: string): number => Number(BigInt(nanoseconds) / 1_000_000n);

function pointsOf(metric: RawMetric, resource: Record<string, ReceivedValue>): ReceivedPoint[] {
  const data = metric[metric.data];
  return (data?.dataPoints ?? []).map((raw) => ({
    name: metric.name,
    unit: metric.unit,
    kind: metric.data,
    temporality: data?.aggregationTemporality ?? 0,
    attributes: unpackAll(raw.attributes),
    startMs: ms(raw.startTimeUnixNano),
    timeMs: ms(raw.timeUnixNano),
    value: metric.data === 'histogram' ? (raw.sum ?? 0) : (raw.asDouble ?? 0),
    counts: (raw.bucketCounts ?? []).map(Number),
    bounds: raw.explicitBounds ?? [],
    resource,
  }));
}

export interface MetricsReceiver {
  readonly address: string;
  /** Points of each accepted request. */
  readonly requests: readonly (readonly ReceivedPoint[])[];
  readonly metadata: readonly Record<string, string>[];
  /** Fails further calls with this status; undefined accepts them again. */
  fail(code: status | undefined): void;
  /** Lets calls wait until the function that this gives is called. */
  hold(): () => void;
  stop(): void;
}

/** A real OTLP/gRPC metrics receiver in this process, on the address given or any free port. */
export async function startMetricsReceiver(address = '127.0.0.1:0'): Promise<MetricsReceiver> {
  const requests: ReceivedPoint[][] = [];
  const metadata: Record<string, string>[] = [];
  let code: status | undefined;
  let gate = Promise.resolve();
  function onExport(call: ServerUnaryCall<RawRequest, object>, reply: sendUnaryData<object>): void {
    metadata.push(
      Object.fromEntries(
        Object.entries(call.metadata.getMap()).map(([name, value]) => [name, String(value)]),
      ),
    );
    const points = call.request.resourceMetrics.flatMap(({ resource, scopeMetrics }) =>
      scopeMetrics.flatMap(({ metrics }) =>
        metrics.flatMap((metric) => pointsOf(metric, unpackAll(resource?.attributes ?? []))),
      ),
    );
    void gate.then(() => {
      if (code !== undefined) return reply({ code, details: 'no' });
      requests.push(points);
      reply(null, {});
    });
  }
  const server = new Server();
  const service = 'opentelemetry.proto.collector.metrics.v1.MetricsService';
  server.addService(loadService('./otlp-metrics.proto', service), { Export: onExport });
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync(address, ServerCredentials.createInsecure(), (error, bound) =>
      error ? reject(error) : resolve(bound),
    );
  });
  return {
    address: `127.0.0.1:${port}`,
    requests,
    metadata,
    fail(next) {
      code = next;
    },
    hold() {
      let release = (): void => {};
      gate = new Promise((resolve) => {
        release = resolve;
      });
      return release;
    },
    stop: () => server.forceShutdown(),
  };
}
