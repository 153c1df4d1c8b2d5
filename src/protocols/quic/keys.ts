import type { QuicVersion } from './initial.ts';

/** The primitives that Initial packets need, put in from outside: this folder is pure. None of them throws. */
export interface QuicCrypto {
  /** HMAC-SHA-256, 32 bytes. */
  hmacSha256(key: Uint8Array, data: Uint8Array): Uint8Array;
  /** One block of AES-128, encrypted. */
  aes128Block(key: Uint8Array, block: Uint8Array): Uint8Array;
  /** AES-128-GCM, tag at the end of `sealed`; undefined when it is not authentic. */
  aes128GcmOpen(
    key: Uint8Array,
    nonce: Uint8Array,
    header: Uint8Array,
    sealed: Uint8Array,
  ): Uint8Array | undefined;
}

/** What protects the Initial packets of a client. */
export interface InitialKeys {
  /** 16 bytes. */
  readonly key: Uint8Array;
  /** 12 bytes. */
  readonly iv: Uint8Array;
  /** Of the header, 16 bytes. */
  readonly hp: Uint8Array;
}

interface Derivation {
  readonly salt: Uint8Array;
  readonly key: Uint8Array;
  readonly iv: Uint8Array;
  readonly hp: Uint8Array;
}

const KEY_BYTES = 16;
const IV_BYTES = 12;
const SECRET_BYTES = 32;
const CLIENT = expansion('client in', SECRET_BYTES);

/** RFC 9001 5.2 and 5.1; RFC 9369 3.3.1 and 3.3.2. */
const DERIVATIONS: Readonly<Record<QuicVersion, Derivation>> = {
  1: {
    salt: fromHex('38762cf7f55934b34d179ae6a4c80cadccbb7f0a'),
    key: expansion('quic key', KEY_BYTES),
    iv: expansion('quic iv', IV_BYTES),
    hp: expansion('quic hp', KEY_BYTES),
  },
  2: {
    salt: fromHex('0dede3def700a6db819381be6e269dcbf9bd2ed9'),
    key: expansion('quicv2 key', KEY_BYTES),
    iv: expansion('quicv2 iv', IV_BYTES),
    hp: expansion('quicv2 hp', KEY_BYTES),
  },
};

/** Keys of the client of a connection, from the destination connection id that it chose (RFC 9001 5.2). */
export function clientKeys(crypto: QuicCrypto, version: QuicVersion, connectionId: Uint8Array): InitialKeys {
  const { salt, key, iv, hp } = DERIVATIONS[version];
  const secret = crypto.hmacSha256(crypto.hmacSha256(salt, connectionId), CLIENT);
  return {
    key: crypto.hmacSha256(secret, key).subarray(0, KEY_BYTES),
    iv: crypto.hmacSha256(secret, iv).subarray(0, IV_BYTES),
    hp: crypto.hmacSha256(secret, hp).subarray(0, KEY_BYTES),
  };
}

/**
 * What HKDF-Expand-Label with an empty context puts through HMAC (RFC 8446 7.1, RFC 5869 2.3); one round gives all that
 * is wanted here.
 */
function expansion(label: string, length: number): Uint8Array {
  const full = `tls13 ${label}`;
  const codes = Array.from(full, (character) => character.charCodeAt(0));
  return Uint8Array.of(0, length, full.length, ...codes, 0, 1);
}

function fromHex(digits: string): Uint8Array {
  return Uint8Array.from({ length: digits.length / 2 }, (_, i) =>
    Number.parseInt(digits.slice(2 * i, 2 * i + 2), 16),
  );
}
