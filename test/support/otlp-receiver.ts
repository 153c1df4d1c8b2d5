import {
  Metadata,
  Server,
  ServerCredentials,
  ServerInterceptingCall,
  type ServerUnaryCall,
  type sendUnaryData,
  type status,
} from '@grpc/grpc-js';
import { type ReceivedSpan, traceService } from './otlp-traces.ts';
import {
  loadService,
  type RawKeyValue,
  type RawValue,
  type ReceivedValue,
  unpack,
  unpackAll,
} from './otlp-values.ts';

/** A log record as it arrived, values unpacked. */
export interface ReceivedRecord {
  readonly timeUnixNano: bigint;
  readonly observedTimeUnixNano: bigint;
  readonly severityNumber: number;
  readonly severityText: string;
  readonly body: ReceivedValue | undefined;
  readonly eventName: string;
  readonly attributes: Record<string, ReceivedValue>;
  readonly droppedAttributesCount: number;
  readonly resource: Record<string, ReceivedValue>;
  readonly scope: { readonly name: string; readonly version: string };
}

/** One Export call, also one that was refused. */
export interface ReceivedRequest {
  readonly metadata: Record<string, string>;
  readonly encoding: string;
  readonly records: readonly ReceivedRecord[];
  readonly accepted: boolean;
}

export interface ReceiverTls {
  readonly cert: Buffer;
  readonly key: Buffer;
  /** With it a client certificate of this CA is demanded. */
  readonly clientCa?: Buffer;
}

/** What the receiver does with a call; `undefined` accepts it. */
export type Judge = (records: readonly ReceivedRecord[]) => Verdict | undefined;
export type Verdict =
  | {
      readonly kind: 'fail';
      readonly code: status;
      readonly message: string;
      /** google.rpc.RetryInfo in the details. */
      readonly retryAfterMs?: number;
    }
  | { readonly kind: 'partial'; readonly rejected: number; readonly message: string };

export interface OtlpReceiver {
  readonly port: number;
  /** `127.0.0.1:port`. */
  readonly address: string;
  /** Records of accepted requests, in order of arrival, repeats included. */
  readonly records: readonly ReceivedRecord[];
  readonly requests: readonly ReceivedRequest[];
  /** Spans of accepted requests. */
  readonly spans: readonly ReceivedSpan[];
  /** Judges every further call; undefined accepts all again. */
  judge(judge: Judge | undefined): void;
  /** Judges every further call that brings spans, by their number. */
  judgeSpans(judge: ((count: number) => Verdict | undefined) | undefined): void;
  /** Fails the next `times` calls. */
  failNext(times: number, code: status, message: string): void;
  /** Answers every further call this much later. */
  delay(delayMs: number): void;
  /** Ends all connections at once and stops listening; what was received stays readable. */
  stop(): Promise<void>;
}

export interface ReceiverOptions {
  /** 0 (default) takes any free port. */
  readonly port?: number;
  readonly tls?: ReceiverTls;
  /** Largest message in bytes; gRPC's own default is 4 MiB. */
  readonly maxMessageBytes?: number;
}

interface RawRecord {
  timeUnixNano: string;
  observedTimeUnixNano: string;
  severityNumber: number;
  severityText: string;
  body: RawValue | null;
  eventName: string;
  attributes: RawKeyValue[];
  droppedAttributesCount: number;
}
interface RawRequest {
  resourceLogs: {
    resource: { attributes: RawKeyValue[] } | null;
    scopeLogs: { scope: { name: string; version: string } | null; logRecords: RawRecord[] }[];
  }[];
}
interface RawResponse {
  partialSuccess?: { rejectedLogRecords: number; errorMessage: string };
}

function flatten(request: RawRequest): ReceivedRecord[] {
  return request.resourceLogs.flatMap(({ resource, scopeLogs }) =>
    scopeLogs.flatMap(({ scope, logRecords }) =>
      logRecords.map((raw) => ({
        timeUnixNano: BigInt(raw.timeUnixNano),
        observedTimeUnixNano: BigInt(raw.observedTimeUnixNano),
        severityNumber: raw.severityNumber,
        severityText: raw.severityText,
        body: unpack(raw.body),
        eventName: raw.eventName,
        attributes: unpackAll(raw.attributes),
        droppedAttributesCount: raw.droppedAttributesCount,
        resource: unpackAll(resource?.attributes ?? []),
        scope: { name: scope?.name ?? '', version: scope?.version ?? '' },
      })),
    ),
  );
}

function credentialsOf(tls: ReceiverTls | undefined): ServerCredentials {
  if (tls === undefined) return ServerCredentials.createInsecure();
  const { cert, key, clientCa } = tls;
  return ServerCredentials.createSsl(
    clientCa ?? null,
    [{ cert_chain: cert, private_key: key }],
    clientCa !== undefined,
  );
}

function bind(server: Server, port: number, tls: ReceiverTls | undefined): Promise<number> {
  return new Promise((resolve, reject) => {
    server.bindAsync(`127.0.0.1:${port}`, credentialsOf(tls), (error, bound) =>
      error ? reject(error) : resolve(bound),
    );
  });
}

/** The details of an error that asks to wait, in protobuf by hand: lengths stay below 128. */
function retryInfo(retryAfterMs: number | undefined): Metadata {
  const metadata = new Metadata();
  if (retryAfterMs === undefined) return metadata;
  const message = (tag: number, bytes: Buffer): Buffer =>
    Buffer.concat([Buffer.from([tag, bytes.length]), bytes]);
  const varint = (value: number): number[] =>
    value < 128 ? [value] : [(value % 128) + 128, ...varint(Math.floor(value / 128))];
  const seconds = Math.floor(retryAfterMs / 1000);
  const nanos = Math.round((retryAfterMs % 1000) * 1e6);
  const duration = Buffer.from([8, ...varint(seconds), 16, ...varint(nanos)]);
  const any = [
    message(10, Buffer.from('type.googleapis.com/google.rpc.RetryInfo')),
    message(18, message(10, duration)),
  ];
  metadata.set(
    'grpc-status-details-bin',
    Buffer.concat([Buffer.from([8, 8]), message(26, Buffer.concat(any))]),
  );
  return metadata;
}

/** A real OTLP/gRPC logs receiver in this process: plaintext, TLS or mutual TLS, with switchable failures. */
export async function startOtlpReceiver(options: ReceiverOptions = {}): Promise<OtlpReceiver> {
  const records: ReceivedRecord[] = [];
  const requests: ReceivedRequest[] = [];
  const spans: ReceivedSpan[] = [];
  let judgeSpans: ((count: number) => Verdict | undefined) | undefined;
  let judge: Judge | undefined;
  let delayMs = 0;
  let encoding = 'identity';

  function answer(
    received: readonly ReceivedRecord[],
    metadata: Record<string, string>,
  ): Verdict | undefined {
    const verdict = judge?.(received);
    const accepted = verdict?.kind !== 'fail';
    requests.push({ metadata, encoding, records: received, accepted });
    if (accepted) records.push(...received);
    return verdict;
  }

  function onExport(call: ServerUnaryCall<RawRequest, RawResponse>, reply: sendUnaryData<RawResponse>): void {
    const metadata = Object.fromEntries(
      Object.entries(call.metadata.getMap()).map(([name, value]) => [name, value.toString()]),
    );
    const verdict = answer(flatten(call.request), metadata);
    setTimeout(() => {
      if (verdict?.kind === 'fail')
        return reply({
          code: verdict.code,
          details: verdict.message,
          metadata: retryInfo(verdict.retryAfterMs),
        });
      if (verdict === undefined) return reply(null, {});
      const { rejected, message } = verdict;
      reply(null, { partialSuccess: { rejectedLogRecords: rejected, errorMessage: message } });
    }, delayMs);
  }

  const server = new Server({
    'grpc.max_receive_message_length': options.maxMessageBytes ?? 4 * 1024 * 1024,
    interceptors: [
      (_method, call) => {
        // gRPC strips the header before the handler sees it.
        encoding = String((call as unknown as { incomingEncoding?: string }).incomingEncoding ?? 'unknown');
        return new ServerInterceptingCall(call);
      },
    ],
  });
  const logs = loadService('./otlp-logs.proto', 'opentelemetry.proto.collector.logs.v1.LogsService');
  server.addService(logs, { Export: onExport });
  traceService(server, (received) => {
    const verdict = judgeSpans?.(received.length);
    if (verdict?.kind !== 'fail') spans.push(...received);
    return verdict;
  });
  const port = await bind(server, options.port ?? 0, options.tls);
  return {
    port,
    address: `127.0.0.1:${port}`,
    records,
    requests,
    spans,
    judgeSpans(next) {
      judgeSpans = next;
    },
    judge(next) {
      judge = next;
    },
    failNext(times, code, message) {
      let left = times;
      judge = () => {
        if (left === 0) return undefined;
        left -= 1;
        return { kind: 'fail', code, message };
      };
    },
    delay(ms) {
      delayMs = ms;
    },
    async stop() {
      server.forceShutdown();
    },
  };
}
