import type {
  ConversationFacts,
  DnsFacts,
  GrpcFacts,
  HttpFacts,
  TlsFacts,
} from '../../../src/model/conversation.ts';
import type {
  ConnectionEvent,
  ConnectionStats,
  DnsEvent,
  GrpcEvent,
  HttpEvent,
  TlsEvent,
} from '../../../src/model/event.ts';
import type { Owner, Workload } from '../../../src/model/process.ts';
import { parseIp } from '../../../src/net/ip.ts';
import { type AggregatorOptions, createAggregator } from '../../../src/telemetry/aggregate/aggregator.ts';
import type { HistogramState } from '../../../src/telemetry/aggregate/metric.ts';
import { createRegistry } from '../../../src/telemetry/aggregate/registry.ts';
import type { SeriesLimits } from '../../../src/telemetry/aggregate/series-table.ts';

export const START_MS = 1_700_000_000_000;

export interface WorldOptions extends Partial<Omit<AggregatorOptions, 'registry'>> {
  readonly limits?: Partial<SeriesLimits>;
}

/** An aggregator, and the figures it comes to. */
export function createWorld({ limits, ...options }: WorldOptions = {}) {
  const registry = createRegistry({ maxValues: 1_000, maxSeries: 10_000, idleMs: 3_600_000, ...limits });
  const aggregator = createAggregator({
    registry,
    tcp: { enabled: true, rtt: true, retransmits: true, connectionTracking: true, sampleRate: 1 },
    naming: 'telegen',
    windowMs: 300_000,
    isInternal: (ip) => ip.family === 4 && [10, 127].includes(ip.w3 >>> 24),
    ...options,
  });
  const points = (name: string): Map<string, number | HistogramState> => {
    const found = new Map<string, number | HistogramState>();
    for (const family of registry.families) {
      if (family.spec.name === name) family.each(({ text, value }) => found.set(text, value));
    }
    return found;
  };
  return {
    registry,
    aggregator,
    see: aggregator.onEvent,
    names: () => registry.families.map(({ spec }) => spec.name),
    /** Series of a counter or gauge by label text. */
    values: (name: string): Record<string, number> =>
      Object.fromEntries(
        [...points(name)].filter((entry): entry is [string, number] => typeof entry[1] === 'number'),
      ),
    histogram: (name: string, text = ''): HistogramState | undefined => {
      const value = points(name).get(text);
      return typeof value === 'object' ? value : undefined;
    },
  };
}

export const owner = (comm: string, pid = 100): Owner => ({
  pid,
  parentPid: 1,
  uid: 0,
  startNs: pid,
  execId: pid,
  comm,
  cgroupId: 1,
});

export interface Talk {
  /** `address port` of the end that opened it. */
  readonly client: string;
  readonly server: string;
  /** Which end the event comes from. */
  readonly by?: 'client' | 'server';
  readonly comm?: string;
  readonly pod?: string;
  /** What the cluster knows; replaces `pod`. */
  readonly workload?: Workload;
  readonly peerWorkload?: Workload;
  /** Asked service, in namespace `default`. */
  readonly service?: string;
  readonly transport?: 'tcp' | 'udp';
  readonly socketId?: number;
  readonly timeMs?: number;
}

function endpoint(text: string) {
  const [address = '', port = '0'] = text.split(' ');
  return { ip: parseIp(address)!, port: Number(port) };
}

/** A pid of its own for each name. */
const pidOf = (comm: string): number =>
  Array.from(comm).reduce((sum, letter) => sum * 31 + letter.charCodeAt(0), 7);

/** The facts of one end of a conversation. */
export function facts({ client, server, by = 'client', ...rest }: Talk): ConversationFacts {
  const [local, remote] = by === 'client' ? [client, server] : [server, client];
  return {
    timeMs: rest.timeMs ?? START_MS,
    transport: rest.transport ?? 'tcp',
    role: by,
    local: endpoint(local),
    remote: endpoint(remote),
    socketId: rest.socketId ?? 1,
    owner: rest.comm === undefined ? undefined : owner(rest.comm, pidOf(rest.comm)),
    attribution: 'socket',
    process: undefined,
    workload:
      rest.workload ?? (rest.pod === undefined ? undefined : { podName: rest.pod, namespace: 'default' }),
    peerWorkload: rest.peerWorkload,
    service: rest.service === undefined ? undefined : { name: rest.service, namespace: 'default' },
  };
}

export function connection(
  talk: Talk,
  rest: Partial<ConnectionEvent> & Pick<ConnectionEvent, 'phase'>,
): ConnectionEvent {
  return { ...facts(talk), kind: 'connection', ...rest };
}

export const stats = (some: Partial<ConnectionStats> = {}): ConnectionStats => ({
  bytesSent: 100,
  bytesReceived: 1_000,
  segmentsSent: 10,
  segmentsReceived: 12,
  retransmits: 1,
  rttUs: 1_250,
  minRttUs: 900,
  durationMs: 50,
  ...some,
});

export function http(talk: Talk, some: Partial<HttpFacts> = {}): HttpEvent {
  return {
    ...facts(talk),
    kind: 'http',
    http: {
      version: '1.1',
      method: 'GET',
      target: '/users/7',
      statusCode: 200,
      requestHeaders: [],
      responseHeaders: [],
      durationMs: 20,
      outcome: 'complete',
      partial: false,
      ...some,
    },
  };
}

export function grpc(talk: Talk, some: Partial<GrpcFacts> = {}): GrpcEvent {
  const { http: call } = http(talk, { version: '2', method: 'POST' });
  return {
    ...facts(talk),
    kind: 'grpc',
    grpc: { http: call, service: 'shop.Orders', method: 'Place', statusCode: 0, ...some },
  };
}

export function tls(talk: Talk, some: Partial<TlsFacts> = {}): TlsEvent {
  const hello = { alpn: [], versions: ['1.3'], cipherCount: 1, ja4: '', encryptedHello: false };
  return { ...facts(talk), kind: 'tls', tls: { ...hello, ...some } };
}

export function dns(talk: Talk, some: Partial<DnsFacts> = {}): DnsEvent {
  return {
    ...facts({ transport: 'udp', ...talk }),
    kind: 'dns',
    dns: {
      id: 1,
      questionName: 'api.example.com',
      questionType: 'A',
      outcome: 'answered',
      responseCode: 'NOERROR',
      latencyMs: 2.5,
      retries: 0,
      ...some,
    },
  };
}
