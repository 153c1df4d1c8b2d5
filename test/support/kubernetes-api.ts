import {
  createServer as createHttpServer,
  type IncomingMessage,
  type Server,
  type ServerResponse,
} from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';

/** An object of the API; metadata.uid and resourceVersion are filled in where they are missing. */
export interface ApiObject {
  readonly metadata: { readonly name: string; readonly namespace?: string; readonly uid?: string } & Record<
    string,
    unknown
  >;
  readonly [key: string]: unknown;
}

/** One question to the API, in the words of RBAC. */
export interface Asked {
  readonly verb: 'get' | 'list' | 'watch';
  readonly group: string;
  readonly resource: string;
  readonly query: URLSearchParams;
  readonly authorization: string | undefined;
}

/** What the server does instead of answering. */
export interface Trouble {
  /** Answers every question about the resource with this status. */
  readonly status?: number;
  readonly retryAfter?: string;
  /** Takes questions and never answers. */
  readonly silent?: boolean;
  /** Sends bodies one byte at a time. */
  readonly trickle?: boolean;
  /** An answer that is cut off in its middle. */
  readonly cut?: boolean;
  /** Text instead of the body. */
  readonly body?: string;
}

/**
 * A Kubernetes API server as far as reading goes: lists in pages with continue tokens, field selectors, watches that
 * stream changes from a version on, bookmarks, 410 for versions that were forgotten, tokens, refusals.
 */
export interface KubernetesApi {
  readonly url: string;
  readonly port: number;
  /** Everything that was asked, refusals included. */
  readonly asked: Asked[];
  /** Tokens that are let in; empty: anybody. */
  readonly tokens: Set<string>;
  readonly trouble: Map<string, Trouble>;
  /** Adds or changes; watchers are told. Gives its uid. */
  put(resource: string, object: ApiObject): string;
  remove(resource: string, uid: string): void;
  /** A change that no watcher hears of and no later watch can learn. */
  changeSilently(resource: string, change: () => void): void;
  bookmark(resource: string): void;
  /** Writes bytes into the open watches of a resource. */
  inject(resource: string, text: string): void;
  /** Forgets all changes so far: watches from older versions are 410, and so are continue tokens. */
  compact(): void;
  /** Ends the open watches: in good order, by reset, or in the middle of a line. */
  cut(resource: string, how: 'end' | 'reset' | 'mid-line'): void;
  watchers(resource: string): number;
  /** Stops listening, and breaks all connections. */
  stop(): Promise<void>;
  /** Listens again on the same port. */
  restart(): Promise<void>;
}

export interface KubernetesApiOptions {
  readonly tls?: { readonly cert: Buffer; readonly key: Buffer; readonly ca?: Buffer };
  /** The server's own bound on pages. */
  readonly maxPage?: number;
  /** 410 as HTTP status; otherwise as an event of the stream, as newer servers do. */
  readonly goneByStatus?: boolean;
}

interface Stored {
  readonly object: ApiObject;
  readonly version: number;
}

interface Change {
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED';
  readonly object: ApiObject;
  readonly version: number;
}

interface Watcher {
  readonly response: ServerResponse;
  readonly fits: (object: ApiObject) => boolean;
}

class Collection {
  readonly objects = new Map<string, Stored>();
  history: Change[] = [];
  readonly watchers = new Set<Watcher>();
}

const PATH = /^\/(?:api|apis\/([^/]+))\/(v1)(?:\/namespaces\/([^/]+))?\/([a-z]+)(?:\/([^/]+))?$/;

class Double implements KubernetesApi {
  readonly asked: Asked[] = [];
  readonly tokens = new Set<string>();
  readonly trouble = new Map<string, Trouble>();
  port = 0;
  readonly #options: KubernetesApiOptions;
  readonly #collections = new Map<string, Collection>();
  readonly #sockets = new Set<Socket>();
  #server: Server | undefined;
  #version = 1_000;
  #compacted = 0;
  #isQuiet = false;

  constructor(options: KubernetesApiOptions) {
    this.#options = options;
  }

  get url(): string {
    return `${this.#options.tls ? 'https' : 'http'}://127.0.0.1:${this.port}`;
  }

  put(resource: string, object: ApiObject): string {
    const { objects } = this.#of(resource);
    const uid =
      object.metadata.uid ?? `uid-${resource}-${object.metadata.namespace ?? ''}-${object.metadata.name}`;
    this.#version += 1;
    const metadata = { ...object.metadata, uid, resourceVersion: String(this.#version) };
    const stored = { ...object, metadata };
    const type = objects.has(uid) ? 'MODIFIED' : 'ADDED';
    objects.set(uid, { object: stored, version: this.#version });
    this.#tell(resource, { type, object: stored, version: this.#version });
    return uid;
  }

  remove(resource: string, uid: string): void {
    const { objects } = this.#of(resource);
    const stored = objects.get(uid);
    if (stored === undefined) throw new Error(`there is no ${resource} ${uid}`);
    objects.delete(uid);
    this.#version += 1;
    const metadata = { ...stored.object.metadata, resourceVersion: String(this.#version) };
    this.#tell(resource, { type: 'DELETED', object: { ...stored.object, metadata }, version: this.#version });
  }

  changeSilently(resource: string, change: () => void): void {
    this.#isQuiet = true;
    change();
    this.#isQuiet = false;
    this.#of(resource).history = [];
  }

  bookmark(resource: string): void {
    const object = { metadata: { resourceVersion: String(this.#version) } };
    this.inject(resource, `${JSON.stringify({ type: 'BOOKMARK', object })}\n`);
  }

  inject(resource: string, text: string): void {
    for (const { response } of this.#of(resource).watchers) response.write(text);
  }

  compact(): void {
    this.#version += 1;
    this.#compacted = this.#version;
    for (const collection of this.#collections.values()) collection.history = [];
  }

  cut(resource: string, how: 'end' | 'reset' | 'mid-line'): void {
    for (const { response } of this.#of(resource).watchers) {
      if (how === 'end') response.end();
      else if (how === 'reset') response.socket?.resetAndDestroy();
      else response.write('{"type":"MODIFIED","object":{"metadata":{"na', () => response.destroy());
    }
    this.#of(resource).watchers.clear();
  }

  watchers(resource: string): number {
    return this.#of(resource).watchers.size;
  }

  async stop(): Promise<void> {
    const server = this.#server;
    this.#server = undefined;
    for (const socket of this.#sockets) socket.destroy();
    for (const { watchers } of this.#collections.values()) watchers.clear();
    await new Promise<void>((resolve) => (server === undefined ? resolve() : server.close(() => resolve())));
  }

  async restart(): Promise<void> {
    const { tls } = this.#options;
    const listener = (request: IncomingMessage, response: ServerResponse): void =>
      this.#answer(request, response);
    const server = tls === undefined ? createHttpServer(listener) : createHttpsServer({ ...tls }, listener);
    server.on('connection', (socket: Socket) => {
      this.#sockets.add(socket);
      socket.on('close', () => this.#sockets.delete(socket)).on('error', () => undefined);
    });
    this.#server = server;
    await new Promise<void>((resolve, reject) => {
      server.on('error', reject).listen(this.port, '127.0.0.1', resolve);
    });
    this.port = (server.address() as AddressInfo).port;
  }

  #of(resource: string): Collection {
    const known = this.#collections.get(resource) ?? new Collection();
    this.#collections.set(resource, known);
    return known;
  }

  #tell(resource: string, change: Change): void {
    if (this.#isQuiet) return;
    const { history, watchers } = this.#of(resource);
    history.push(change);
    for (const watcher of watchers) send(watcher, change);
  }

  #answer(request: IncomingMessage, response: ServerResponse): void {
    const url = new URL(request.url ?? '/', 'http://localhost');
    const [, group = '', , namespace, resource = '', name] = PATH.exec(url.pathname) ?? [];
    const query = url.searchParams;
    const verb = name !== undefined ? 'get' : query.get('watch') === 'true' ? 'watch' : 'list';
    const { authorization } = request.headers;
    this.asked.push({ verb, group, resource, query, authorization });
    const trouble = this.trouble.get(resource) ?? {};
    if (trouble.silent === true) return;
    const refused = this.#refusal(resource, authorization, trouble);
    if (refused !== undefined) refuse(response, refused, trouble);
    else if (verb === 'watch') this.#watch(resource, query, response);
    else {
      const body = verb === 'get' ? this.#one(resource, namespace, name) : this.#list(resource, query);
      if (typeof body === 'number') refuse(response, body);
      else write(response, trouble.body ?? JSON.stringify(body), trouble);
    }
  }

  #refusal(resource: string, authorization = '', { status }: Trouble): number | undefined {
    if (this.tokens.size > 0 && !this.tokens.has(authorization.replace(/^Bearer /, ''))) return 401;
    return resource === '' ? 404 : status;
  }

  #one(resource: string, namespace: string | undefined, name: string | undefined): unknown {
    for (const { object } of this.#of(resource).objects.values())
      if (object.metadata.name === name && object.metadata.namespace === namespace) return object;
    return 404;
  }

  #list(resource: string, query: URLSearchParams): unknown {
    const token = query.get('continue');
    const [version = this.#version, start = 0] = token === null ? [] : (JSON.parse(token) as number[]);
    if (token !== null && version < this.#compacted) return 410;
    const fits = selector(query);
    const all = [...this.#of(resource).objects.values()].map(({ object }) => object).filter(fits);
    const limit = Math.min(
      Number(query.get('limit') ?? Number.POSITIVE_INFINITY),
      this.#options.maxPage ?? 500,
    );
    const items = all.slice(start, start + limit);
    const next = start + limit < all.length ? { continue: JSON.stringify([version, start + limit]) } : {};
    return { kind: 'List', metadata: { resourceVersion: String(version), ...next }, items };
  }

  #watch(resource: string, query: URLSearchParams, response: ServerResponse): void {
    const from = Number(query.get('resourceVersion'));
    const isGone = from < this.#compacted;
    if (isGone && this.#options.goneByStatus === true) {
      refuse(response, 410);
      return;
    }
    response.writeHead(200, { 'content-type': 'application/json' });
    response.flushHeaders();
    if (isGone) {
      const object = { kind: 'Status', code: 410, reason: 'Expired', message: 'too old resource version' };
      response.end(`${JSON.stringify({ type: 'ERROR', object })}\n`);
      return;
    }
    const { history, watchers } = this.#of(resource);
    const watcher = { response, fits: selector(query) };
    for (const change of history) if (change.version > from) send(watcher, change);
    watchers.add(watcher);
    response.on('close', () => watchers.delete(watcher));
  }
}

function refuse(response: ServerResponse, code: number, { retryAfter }: Trouble = {}): void {
  const headers = retryAfter === undefined ? {} : { 'retry-after': retryAfter };
  response.writeHead(code, { 'content-type': 'application/json', ...headers });
  response.end(JSON.stringify({ kind: 'Status', status: 'Failure', message: `refused with ${code}`, code }));
}

function selector(query: URLSearchParams): (object: ApiObject) => boolean {
  const [path, value] = (query.get('fieldSelector') ?? '').split('=');
  if (path === undefined || value === undefined) return () => true;
  return (object) =>
    path
      .split('.')
      .reduce<unknown>((each, key) => (each as Record<string, unknown> | undefined)?.[key], object) === value;
}

function send({ response, fits }: Watcher, { type, object }: Change): void {
  if (fits(object)) response.write(`${JSON.stringify({ type, object })}\n`);
}

function write(response: ServerResponse, body: string, { trickle, cut }: Trouble): void {
  response.writeHead(200, { 'content-type': 'application/json' });
  if (cut === true) {
    response.write(body.slice(0, body.length / 2), () => response.destroy());
    return;
  }
  if (trickle !== true) {
    response.end(body);
    return;
  }
  let at = 0;
  const next = (): void => {
    if (at >= body.length) response.end();
    else response.write(body[at++], next);
  };
  next();
}

/** Starts a server on a free port of loopback. */
export async function openKubernetesApi(options: KubernetesApiOptions = {}): Promise<KubernetesApi> {
  const double = new Double(options);
  await double.restart();
  return double;
}
