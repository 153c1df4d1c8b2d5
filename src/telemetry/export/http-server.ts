import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { BlockList, isIP } from 'node:net';
import type { HttpGuard } from './http-guard.ts';

export interface HttpAnswer {
  readonly status: number;
  readonly type: string;
  readonly body: string | Buffer;
}

/** Answers one path. `accept` and `query` are what the client sent. */
export type HttpRoute = (request: {
  readonly accept: string | undefined;
  readonly query: URLSearchParams;
}) => HttpAnswer;

export interface HttpServerOptions {
  /** IP address to listen on. */
  readonly address: string;
  /** 0 takes any free port. */
  readonly port: number;
  /** By path, such as `/metrics`. */
  readonly routes: Readonly<Record<string, HttpRoute>>;
  readonly limits?: Partial<HttpLimits>;
  /** Who may have an answer; absent: everybody. */
  readonly guard?: HttpGuard;
  /** Speaks TLS, and nothing else. */
  readonly tls?: HttpTls;
}

/** In PEM form. */
export interface HttpTls {
  readonly cert: Buffer;
  readonly key: Buffer;
}

export interface HttpLimits {
  readonly maxConnections: number;
  /** For the request's head to arrive, and for the client to take the answer. */
  readonly timeoutMs: number;
  /** A connection without a request is closed after this. */
  readonly keepAliveMs: number;
  /** Answers under way at once; further requests get 503. */
  readonly maxAnswers: number;
}

/** Requests by what became of them. `refused`: too many at once, wrong host, method or token; `broken`: the client gave up or was too slow. */
export interface HttpCounters {
  readonly answered: number;
  readonly refused: number;
  readonly broken: number;
}

export interface HttpServer {
  readonly port: number;
  readonly counters: HttpCounters;
  /** For the connections to come; throws when the two do not fit. */
  renewTls(tls: HttpTls): void;
  /** Ends all connections at once. */
  close(): Promise<void>;
}

const DEFAULT_LIMITS: HttpLimits = {
  maxConnections: 64,
  timeoutMs: 10_000,
  keepAliveMs: 30_000,
  maxAnswers: 8,
};
const MAX_HEAD_BYTES = 8_192;
/** Requests on one connection before it is closed. */
const MAX_REQUESTS = 10_000;

const TLS = { minVersion: 'TLSv1.2' } as const;

const loopback = new BlockList();
loopback.addSubnet('127.0.0.0', 8, 'ipv4');
loopback.addAddress('::1', 'ipv6');

const text = (status: number, body: string): HttpAnswer => ({
  status,
  type: 'text/plain; charset=utf-8',
  body: `${body}\n`,
});

/** `localhost`, an IP address, or nothing: what nobody can make a browser believe to be a site of theirs. */
function isLocalName(host: string | undefined): boolean {
  const name = (host ?? '').replace(/:\d+$/, '').replace(/^\[|\]$/g, '');
  return name === '' || name === 'localhost' || isIP(name) !== 0;
}

/**
 * Read-only HTTP for a few paths. Whatever clients do, the number of connections, the size of what they send and the
 * time they may take are bounded. Rejects with the system's error when it cannot listen.
 */
export async function openHttpServer(options: HttpServerOptions): Promise<HttpServer> {
  const limits = { ...DEFAULT_LIMITS, ...options.limits };
  const counters = { answered: 0, refused: 0, broken: 0 };
  const guardHost = loopback.check(options.address, isIP(options.address) === 6 ? 'ipv6' : 'ipv4');
  let underWay = 0;

  function judge(request: IncomingMessage): HttpAnswer | HttpRoute {
    if (guardHost && !isLocalName(request.headers.host))
      return text(403, 'this listener answers to localhost only');
    if (request.method !== 'GET' && request.method !== 'HEAD') return text(405, 'only GET and HEAD');
    if (request.headers['content-length'] !== undefined || request.headers['transfer-encoding'] !== undefined)
      return text(413, 'requests have no body here');
    const path = pathOf(request);
    const { authorization } = request.headers;
    if (options.guard?.({ path, authorization }) === false)
      return text(401, 'a token is needed: Authorization: Bearer TOKEN');
    const route = Object.hasOwn(options.routes, path) ? options.routes[path] : undefined;
    if (route === undefined)
      return text(404, `not found; there is ${Object.keys(options.routes).join(', ')}`);
    return underWay >= limits.maxAnswers ? text(503, 'too many requests at once') : route;
  }

  function handle(request: IncomingMessage, response: ServerResponse): void {
    const found = judge(request);
    const isRefusal = typeof found !== 'function';
    const answer = isRefusal ? found : answerOf(found, request);
    if (isRefusal) counters.refused += 1;
    else underWay += 1;
    // Whoever takes an answer byte by byte must not keep a place for ever.
    const timer = setTimeout(() => response.destroy(), limits.timeoutMs);
    response.on('close', () => {
      clearTimeout(timer);
      if (isRefusal) return;
      underWay -= 1;
      if (response.writableFinished) counters.answered += 1;
      else counters.broken += 1;
    });
    if (answer.status === 401) response.setHeader('www-authenticate', 'Bearer');
    if (answer.status === 413 || answer.status === 405) response.setHeader('connection', 'close');
    send(response, answer, request.method === 'HEAD');
  }

  const settings = {
    maxHeaderSize: MAX_HEAD_BYTES,
    headersTimeout: limits.timeoutMs,
    requestTimeout: limits.timeoutMs,
    keepAliveTimeout: limits.keepAliveMs,
    connectionsCheckingInterval: Math.min(1_000, limits.timeoutMs),
  };
  const secure =
    options.tls &&
    createTlsServer({ ...settings, ...TLS, handshakeTimeout: limits.timeoutMs, ...options.tls }, handle);
  const server = secure ?? createServer(settings, handle);
  server.maxConnections = limits.maxConnections;
  server.maxRequestsPerSocket = MAX_REQUESTS;
  // A socket without progress for so long, also while an answer waits to be taken.
  server.timeout = Math.max(limits.timeoutMs, limits.keepAliveMs);
  server.on('clientError', (_error, socket) => {
    counters.broken += 1;
    socket.destroy();
  });
  // A client that speaks no TLS, or another.
  secure?.on('tlsClientError', (_error, socket) => {
    counters.broken += 1;
    socket.destroy();
  });
  const port = await listen(server, options);
  return {
    port,
    counters,
    renewTls: (tls) => secure?.setSecureContext({ ...TLS, ...tls }),
    close: () => close(server),
  };
}

function pathOf(request: IncomingMessage): string {
  return (request.url ?? '/').split('?', 1)[0] ?? '/';
}

function answerOf(route: HttpRoute, request: IncomingMessage): HttpAnswer {
  const query = new URLSearchParams((request.url ?? '').split('?').slice(1).join('?'));
  try {
    return route({ accept: request.headers.accept, query });
  } catch (error) {
    return text(500, error instanceof Error ? error.message : String(error));
  }
}

function send(response: ServerResponse, { status, type, body }: HttpAnswer, headOnly: boolean): void {
  const bytes = typeof body === 'string' ? Buffer.from(body) : body;
  response.writeHead(status, {
    'content-type': type,
    'content-length': bytes.length,
    'cache-control': 'no-store',
    'x-content-type-options': 'nosniff',
  });
  response.end(headOnly ? undefined : bytes);
}

function listen(server: Server, { address, port }: HttpServerOptions): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen({ host: address, port }, () => {
      server.off('error', reject);
      // A failed accept (out of descriptors) must not end the program.
      server.on('error', () => {});
      const bound = server.address();
      resolve(typeof bound === 'object' && bound !== null ? bound.port : port);
    });
  });
}

function close(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
}
