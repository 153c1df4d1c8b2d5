/** Octets of ClientHellos for tests, written from RFC 8446 without any of the code under test. */
export interface HelloParts {
  readonly legacyVersion?: number;
  readonly sessionId?: readonly number[];
  readonly ciphers?: readonly number[];
  /** Type and body; undefined for a hello that ends behind the compression methods. */
  readonly extensions?: readonly (readonly [type: number, body: readonly number[]])[] | undefined;
}

export const u8 = (value: number): number[] => [value & 255];
/** `value`, so many times. */
export const repeated = <T>(times: number, value: T): T[] => Array.from({ length: times }, () => value);

export const u16 = (value: number): number[] => [(value >> 8) & 255, value & 255];
export const u24 = (value: number): number[] => [(value >> 16) & 255, ...u16(value)];
export const vector8 = (octets: readonly number[]): number[] => [...u8(octets.length), ...octets];
export const vector16 = (octets: readonly number[]): number[] => [...u16(octets.length), ...octets];
const latin1 = (text: string): number[] => [...Buffer.from(text, 'latin1')];

export const sni = (host: string) => [0, vector16([0, ...vector16(latin1(host))])] as const;
export const alpn = (...names: readonly string[]) =>
  [16, vector16(names.flatMap((n) => vector8(latin1(n))))] as const;
export const versions = (...values: readonly number[]) => [43, vector8(values.flatMap(u16))] as const;
export const signatures = (...values: readonly number[]) => [13, vector16(values.flatMap(u16))] as const;

/** The handshake message: type, length, body. */
export function helloMessage(parts: HelloParts): number[] {
  const { legacyVersion = 0x0303, sessionId = [], ciphers = [0x1301] } = parts;
  const extensions = 'extensions' in parts ? parts.extensions : [versions(0x0304)];
  const listed = extensions?.flatMap(([type, body]) => [...u16(type), ...vector16(body)]);
  const random = Array.from({ length: 32 }, (_, i) => i);
  const body = [
    ...u16(legacyVersion),
    ...random,
    ...vector8(sessionId),
    ...vector16(ciphers.flatMap(u16)),
    ...vector8([0]),
    ...(listed ? vector16(listed) : []),
  ];
  return [1, ...u24(body.length), ...body];
}

/** `message` in handshake records of at most `size` octets. */
export function records(message: readonly number[], size = 16_384): Uint8Array {
  const octets: number[] = [];
  for (let at = 0; at < message.length; at += size) {
    octets.push(22, 3, 1, ...vector16(message.slice(at, at + size)));
  }
  return Uint8Array.from(octets);
}

/** The Chrome hello of the JA4 description, with GREASE where Chrome puts it: t13d1516h2_8daaf6152771_e5627efa2ab1. */
export function chromeHello(host: string): number[] {
  const empty = (type: number) => [type, []] as const;
  return helloMessage({
    sessionId: repeated(32, 7),
    ciphers: [
      0x4a4a, 0x1301, 0x1302, 0x1303, 0xc02b, 0xc02f, 0xc02c, 0xc030, 0xcca9, 0xcca8, 0xc013, 0xc014, 0x009c,
      0x009d, 0x002f, 0x0035,
    ],
    extensions: [
      empty(0xfafa),
      [0x001b, [2, 0, 2]],
      sni(host),
      [0x0033, vector16([...u16(0x1a1a), ...vector16([0]), ...u16(29), ...vector16(repeated(32, 9))])],
      alpn('h2', 'http/1.1'),
      [0x4469, vector16([2, 0x68, 0x32])],
      empty(0x0017),
      [0x002d, [1, 1]],
      signatures(0x0403, 0x0804, 0x0401, 0x0503, 0x0805, 0x0501, 0x0806, 0x0601),
      [0x0005, [1, 0, 0, 0, 0]],
      empty(0x0023),
      empty(0x0012),
      versions(0x2a2a, 0x0304, 0x0303),
      [0xff01, [0]],
      [0x000b, [1, 0]],
      [0x000a, vector16([0x1a1a, 29, 23, 24].flatMap(u16))],
      [0x3a3a, [0]],
      [0x0015, repeated(180, 0)],
    ],
  });
}
