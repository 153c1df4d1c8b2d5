import type { TlsFacts } from '../../../src/model/conversation.ts';
import { quicCrypto } from '../../../src/pipeline/quic-crypto.ts';
import {
  createQuicHelloReader,
  type QuicCounters,
  type QuicCrypto,
  type QuicHelloReader,
} from '../../../src/protocols/quic/hello-reader.ts';
import type { Bytes } from '../../support/packets.ts';
import { alpn, chromeHello, helloMessage, repeated, sni, versions } from '../tls/hello-bytes.ts';

export const DCID = Uint8Array.from([0x83, 0x94, 0xc8, 0xf0, 0x3e, 0x51, 0x57, 0x08]);
export const fromHex = (digits: string): Bytes => Uint8Array.from(Buffer.from(digits, 'hex'));

/** Hellos of about 560 and of `size` bytes, and one that differs in its random. */
export const HELLO = Uint8Array.from(chromeHello('www.example.com'));
export const NAME = 'www.example.com';
export const otherHello = (): Bytes => HELLO.map((byte, i) => (i === 10 ? byte ^ 0xff : byte));
export const longHello = (size: number): Bytes =>
  Uint8Array.from(
    helloMessage({
      extensions: [sni('long.example.com'), alpn('h3'), versions(0x0304), [51, repeated(size, 7)]],
    }),
  );

export interface Told {
  readonly tls: TlsFacts;
  readonly conversation: string;
  readonly timeMs: number;
}

export interface Watched {
  readonly reader: QuicHelloReader<string>;
  readonly told: readonly Told[];
  readonly counters: QuicCounters;
  /** Names and versions of what was told. */
  readonly names: () => (string | undefined)[];
  /** Calls of the primitives so far. */
  readonly calls: () => number;
  /** Hands datagrams over in a buffer that is overwritten afterwards. */
  readonly feed: (datagrams: readonly Bytes[], timeMs?: number, conversation?: string) => void;
}

/** Of a reader for which conversations are texts. */
export function watch(crypto: QuicCrypto = quicCrypto): Watched {
  const told: Told[] = [];
  let calls = 0;
  const count = <A extends readonly unknown[], R>(primitive: (...all: A) => R) => {
    return (...all: A): R => {
      calls++;
      return primitive(...all);
    };
  };
  const counted: QuicCrypto = {
    hmacSha256: count((key: Bytes, data: Bytes) => crypto.hmacSha256(key, data)),
    aes128Block: count((key: Bytes, block: Bytes) => crypto.aes128Block(key, block)),
    aes128GcmOpen: count((...all: Parameters<QuicCrypto['aes128GcmOpen']>) => crypto.aes128GcmOpen(...all)),
  };
  const reader = createQuicHelloReader<string>({
    crypto: counted,
    keyOf: (conversation) => conversation,
    onHello: (tls, conversation, timeMs) => told.push({ tls, conversation, timeMs }),
  });
  return {
    reader,
    told,
    counters: reader.counters,
    names: () => told.map(({ tls }) => tls.serverName),
    calls: () => calls,
    feed(datagrams, timeMs = 0, conversation = 'a') {
      for (const datagram of datagrams) {
        // A Buffer, as from a socket: its `slice` would not copy.
        const reused = Buffer.from(datagram);
        reader.datagram(conversation, reused, timeMs);
        reused.fill(0xee);
      }
    },
  };
}

/** Takes every packet for authentic, and does not protect headers: to reach what lies behind with broken frames. */
export const openCrypto: QuicCrypto = {
  hmacSha256: (key, data) => quicCrypto.hmacSha256(key, data),
  aes128Block: () => new Uint8Array(16),
  aes128GcmOpen: (_key, _nonce, _header, sealed) => sealed.slice(0, Math.max(0, sealed.length - 16)),
};

/** What counters say when all is well, but for these. */
export const counted = (more: Partial<Record<string, number>> = {}) => {
  const { hellos = 0, unauthentic = 0, ...failures } = more;
  return { hellos, unauthentic, failures: { malformed: 0, 'too-large': 0, cut: 0, evicted: 0, ...failures } };
};
