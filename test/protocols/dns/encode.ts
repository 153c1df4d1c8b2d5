/** Octets of DNS messages for tests, written from RFC 1035 without any of the code under test. */
export interface Section {
  readonly name: readonly number[];
  readonly type: number;
  readonly class?: number;
  readonly ttl?: number;
  readonly data: readonly number[];
  /** When it is to lie about the length of its data. */
  readonly length?: number;
}

export interface Parts {
  readonly id?: number;
  readonly flags?: number;
  readonly questions?: readonly Omit<Section, 'data' | 'ttl'>[];
  readonly answers?: readonly Section[];
  readonly authorities?: readonly Section[];
  readonly additionals?: readonly Section[];
}

export const QUERY = 0x0100;
export const RESPONSE = 0x8180;

/** `value`, so many times. */
export const repeated = <T>(times: number, value: T): T[] => Array.from({ length: times }, () => value);

export const u16 = (value: number): number[] => [(value >> 8) & 255, value & 255];
export const u32 = (value: number): number[] => [...u16(Math.floor(value / 65_536)), ...u16(value % 65_536)];
export const ascii = (text: string): number[] => [...Buffer.from(text, 'latin1')];
export const string = (text: string): number[] => [text.length, ...ascii(text)];
export const pointer = (offset: number): number[] => u16(0xc000 | offset);
export const v4 = (text: string): number[] => text.split('.').map(Number);
export const fromHex = (hex: string): number[] => [...Buffer.from(hex.replaceAll(/[\s:]/g, ''), 'hex')];

/** `mail.example.com`, `.` for the root; `end` in place of the zero makes it compressed. */
export function name(text: string, end: readonly number[] = [0]): number[] {
  const labels = text === '.' ? [] : text.split('.');
  return [...labels.flatMap((label) => string(label)), ...end];
}

export function message(parts: Parts): Uint8Array {
  const {
    id = 0x1234,
    flags = RESPONSE,
    questions = [],
    answers = [],
    authorities = [],
    additionals = [],
  } = parts;
  const counts = [questions, answers, authorities, additionals].flatMap((section) => u16(section.length));
  const asked = questions.flatMap((q) => [...q.name, ...u16(q.type), ...u16(q.class ?? 1)]);
  const records = [...answers, ...authorities, ...additionals].flatMap((r) => {
    const head = [...r.name, ...u16(r.type), ...u16(r.class ?? 1), ...u32(r.ttl ?? 300)];
    return [...head, ...u16(r.length ?? r.data.length), ...r.data];
  });
  return Uint8Array.from([...u16(id), ...u16(flags), ...counts, ...asked, ...records]);
}

/** An OPT record (RFC 6891). */
export function opt(
  options: { size?: number; extended?: number; version?: number; flags?: number } = {},
): Section {
  const { size = 1232, extended = 0, version = 0, flags = 0 } = options;
  const ttl = extended * 2 ** 24 + version * 65_536 + flags;
  return { name: [0], type: 41, class: size, ttl, data: [] };
}

/** A usual response: a question, an alias, two addresses, all compressed, with EDNS. */
export function usualResponse(id = 0x1234): Uint8Array {
  const asked = name('www.example.com');
  const alias = name('edge', pointer(12 + 4));
  const aliasAt = 12 + asked.length + 4 + 12;
  return message({
    id,
    questions: [{ name: asked, type: 1 }],
    answers: [
      { name: pointer(12), type: 5, data: alias },
      { name: pointer(aliasAt), type: 1, ttl: 60, data: v4('192.0.2.1') },
      { name: pointer(aliasAt), type: 1, ttl: 60, data: v4('192.0.2.2') },
    ],
    authorities: [{ name: pointer(16), type: 2, data: name('ns1', pointer(16)) }],
    additionals: [{ name: name('ns1', pointer(16)), type: 1, data: v4('198.51.100.7') }, opt({ size: 1232 })],
  });
}
