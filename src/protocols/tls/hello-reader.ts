import type { Side, StreamConsumer, TlsFacts } from '../../model/conversation.ts';
import { parseClientHello } from './client-hello.ts';
import { tlsFacts } from './facts.ts';

const RECORD_HEADER_BYTES = 5;
const HANDSHAKE_HEADER_BYTES = 4;
const HANDSHAKE = 22;
const CLIENT_HELLO = 1;
const MAX_RECORD_BYTES = 16_384;
/** Hellos with post-quantum keys have about 2 KiB. */
const MAX_HELLO_BYTES = 65_536;
const FIRST_BUFFER_BYTES = 512;

/**
 * Why there is no hello. `not-tls`: something else begins the stream. `not-hello`: another handshake message does, as
 * when joining late. `malformed`, `too-large`: a hello that no server takes. `gap`, `cut`: not all of it was seen.
 */
export type TlsFault = 'not-tls' | 'not-hello' | 'malformed' | 'too-large' | 'gap' | 'cut';

export interface TlsCounters {
  hellos: number;
  readonly failures: Record<TlsFault, number>;
}

export function createTlsCounters(): TlsCounters {
  const failures = { 'not-tls': 0, 'not-hello': 0, malformed: 0, 'too-large': 0, gap: 0, cut: 0 };
  return { hellos: 0, failures };
}

export interface TlsHelloReaderOptions {
  onHello(facts: TlsFacts, timeMs: number): void;
  /** May be shared by many readers. */
  readonly counters?: TlsCounters;
}

export interface TlsHelloReader extends StreamConsumer {
  readonly isDone: boolean;
  readonly counters: TlsCounters;
}

/** Reads the first ClientHello of a stream, over as many records and segments as it takes. Reports at most once. */
export function createTlsHelloReader(options: TlsHelloReaderOptions): TlsHelloReader {
  return new HelloReader(options);
}

const NOTHING = new Uint8Array(0);

class HelloReader implements TlsHelloReader {
  readonly counters: TlsCounters;
  readonly #options: TlsHelloReaderOptions;
  readonly #header = new Uint8Array(RECORD_HEADER_BYTES);
  #headerBytes = 0;
  #recordLeft = 0;
  /** Handshake bytes so far, without record headers. */
  #hello = NOTHING;
  #helloBytes = 0;
  #done = false;

  constructor(options: TlsHelloReaderOptions) {
    this.#options = options;
    this.counters = options.counters ?? createTlsCounters();
  }

  get isDone(): boolean {
    return this.#done;
  }

  get #begun(): boolean {
    return this.#headerBytes > 0 || this.#recordLeft > 0 || this.#helloBytes > 0;
  }

  data(side: Side, bytes: Uint8Array, timeMs: number): void {
    if (side === 'server') return;
    for (let at = 0; at < bytes.length && !this.#done; ) {
      at = this.#recordLeft === 0 ? this.#takeHeader(bytes, at) : this.#takeBody(bytes, at, timeMs);
    }
  }

  gap(side: Side): void {
    if (side === 'server' || this.#done) return;
    // What comes behind a gap in front of everything is judged as a beginning all the same.
    if (this.#begun) this.#fail('gap');
  }

  end(): void {
    if (this.#done) return;
    if (this.#begun) this.#fail('cut');
    this.#done = true;
  }

  #takeHeader(bytes: Uint8Array, at: number): number {
    const header = this.#header;
    header[this.#headerBytes++] = bytes[at] ?? 0;
    const [type, major, , high = 0, low = 0] = header;
    const length = high * 256 + low;
    if (type !== HANDSHAKE || (this.#headerBytes > 1 && major !== 3)) this.#fail('not-tls');
    else if (this.#headerBytes === RECORD_HEADER_BYTES) {
      if (length > MAX_RECORD_BYTES) this.#fail('not-tls');
      this.#recordLeft = length;
      this.#headerBytes = 0;
    }
    return at + 1;
  }

  #takeBody(bytes: Uint8Array, at: number, timeMs: number): number {
    const take = Math.min(this.#recordLeft, bytes.length - at);
    this.#keep(bytes, at, take);
    this.#recordLeft -= take;
    const [type, high = 0, middle = 0, low = 0] = this.#hello;
    if (type !== CLIENT_HELLO) this.#fail('not-hello');
    else if (this.#helloBytes >= HANDSHAKE_HEADER_BYTES) {
      const end = HANDSHAKE_HEADER_BYTES + (high * 256 + middle) * 256 + low;
      if (end > MAX_HELLO_BYTES) this.#fail('too-large');
      else if (this.#helloBytes >= end) this.#finish(end, timeMs);
    }
    return at + take;
  }

  #keep(bytes: Uint8Array, at: number, take: number): void {
    const needed = this.#helloBytes + take;
    if (needed > this.#hello.length) {
      const grown = new Uint8Array(Math.max(FIRST_BUFFER_BYTES, needed, 2 * this.#hello.length));
      grown.set(this.#hello.subarray(0, this.#helloBytes));
      this.#hello = grown;
    }
    this.#hello.set(bytes.subarray(at, at + take), this.#helloBytes);
    this.#helloBytes = needed;
  }

  #finish(end: number, timeMs: number): void {
    const hello = parseClientHello(this.#hello, HANDSHAKE_HEADER_BYTES, end);
    if (hello === undefined) {
      this.#fail('malformed');
      return;
    }
    this.#close();
    this.counters.hellos++;
    this.#options.onHello(tlsFacts(hello), timeMs);
  }

  #fail(fault: TlsFault): void {
    this.counters.failures[fault]++;
    this.#close();
  }

  #close(): void {
    this.#done = true;
    this.#hello = NOTHING;
  }
}
