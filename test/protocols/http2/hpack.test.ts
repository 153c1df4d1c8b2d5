import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { HeaderField } from '../../../src/model/conversation.ts';
import { createHpackDecoder } from '../../../src/protocols/http2/hpack.ts';
import { dice } from '../http1/stream-pieces.ts';
import { createHpackEncoder, integer, literalString } from './hpack-encoder.ts';

const hex = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text.replaceAll(/\s/g, ''), 'hex'));

function decoderFromStart(options = {}) {
  const decoder = createHpackDecoder(options);
  decoder.begin();
  return (bytes: Uint8Array | readonly number[]) => decoder.decode(Uint8Array.from(bytes), 0, bytes.length);
}

const WWW = [
  [':method', 'GET'],
  [':scheme', 'http'],
  [':path', '/'],
  [':authority', 'www.example.com'],
];
const HTTPS = [
  [':method', 'GET'],
  [':scheme', 'https'],
  [':path', '/index.html'],
  [':authority', 'www.example.com'],
  ['custom-key', 'custom-value'],
];
const DATES = ['Mon, 21 Oct 2013 20:13:21 GMT', 'Mon, 21 Oct 2013 20:13:22 GMT'];
const LOCATION = ['location', 'https://www.example.com'];
const COOKIE = 'foo=ASDJKHQKBZXOQWEOPIUAXQWEOIU; max-age=3600; version=1';
const RESPONSES = [
  [[':status', '302'], ['cache-control', 'private'], ['date', DATES[0]], LOCATION],
  [[':status', '307'], ['cache-control', 'private'], ['date', DATES[0]], LOCATION],
  [
    [':status', '200'],
    ['cache-control', 'private'],
    ['date', DATES[1]],
    LOCATION,
    ['content-encoding', 'gzip'],
    ['set-cookie', COOKIE],
  ],
];

describe('RFC 7541, appendix C', () => {
  // The integers of C.1 with a prefix of five bits, as sizes of the table.
  test.each([
    ['C.1.1', '2a', 10],
    ['C.1.2', '3f9a 0a', 1337],
  ])('%s', (_, bytes, value) => {
    const errorWith = (maxTableSize: number): string | undefined => {
      const decoder = createHpackDecoder();
      decoder.begin();
      decoder.maxTableSize = maxTableSize;
      return decoder.decode(hex(bytes), 0, hex(bytes).length).error;
    };
    expect([errorWith(value), errorWith(value - 1)]).toEqual([undefined, 'table size']);
  });

  test.each([
    [
      'C.2.1',
      '400a 6375 7374 6f6d 2d6b 6579 0d63 7573 746f 6d2d 6865 6164 6572',
      ['custom-key', 'custom-header'],
    ],
    ['C.2.2', '040c 2f73 616d 706c 652f 7061 7468', [':path', '/sample/path']],
    ['C.2.3', '1008 7061 7373 776f 7264 0673 6563 7265 74', ['password', 'secret']],
    ['C.2.4', '82', [':method', 'GET']],
  ])('%s', (_, bytes, field) => {
    expect(decoderFromStart()(hex(bytes))).toEqual({ fields: [field], unknown: 0, cut: false });
  });

  const requests = [WWW, [...WWW, ['cache-control', 'no-cache']], HTTPS];
  test.each([
    [
      'C.3: requests',
      [
        '8286 8441 0f77 7777 2e65 7861 6d70 6c65 2e63 6f6d',
        '8286 84be 5808 6e6f 2d63 6163 6865',
        '8287 85bf 400a 6375 7374 6f6d 2d6b 6579 0c63 7573 746f 6d2d 7661 6c75 65',
      ],
      requests,
    ],
    [
      'C.4: requests, Huffman',
      [
        '8286 8441 8cf1 e3c2 e5f2 3a6b a0ab 90f4 ff',
        '8286 84be 5886 a8eb 1064 9cbf',
        '8287 85bf 4088 25a8 49e9 5ba9 7d7f 8925 a849 e95b b8e8 b4bf',
      ],
      requests,
    ],
    [
      'C.5: responses, a table of 256',
      [
        `3fe101 4803 3330 3258 0770 7269 7661 7465 611d 4d6f 6e2c 2032 3120 4f63 7420 3230 3133 2032 303a 3133 3a32
         3120 474d 546e 1768 7474 7073 3a2f 2f77 7777 2e65 7861 6d70 6c65 2e63 6f6d`,
        '4803 3330 37c1 c0bf',
        `88c1 611d 4d6f 6e2c 2032 3120 4f63 7420 3230 3133 2032 303a 3133 3a32 3220 474d 54c0 5a04 677a 6970 7738
         666f 6f3d 4153 444a 4b48 514b 425a 584f 5157 454f 5049 5541 5851 5745 4f49 553b 206d 6178 2d61 6765 3d33
         3630 303b 2076 6572 7369 6f6e 3d31`,
      ],
      RESPONSES,
    ],
    [
      'C.6: responses, Huffman, a table of 256',
      [
        `3fe101 4882 6402 5885 aec3 771a 4b61 96d0 7abe 9410 54d4 44a8 2005 9504 0b81 66e0 82a6 2d1b ff6e 919d 29ad
         1718 63c7 8f0b 97c8 e9ae 82ae 43d3`,
        '4883 640e ffc1 c0bf',
        `88c1 6196 d07a be94 1054 d444 a820 0595 040b 8166 e084 a62d 1bff c05a 839b d9ab 77ad 94e7 821d d7f2 e6c7
         b335 dfdf cd5b 3960 d5af 2708 7f36 72c1 ab27 0fb5 291f 9587 3160 65c0 03ed 4ee5 b106 3d50 07`,
      ],
      RESPONSES,
    ],
  ])('%s', (_, blocks, expected) => {
    const decode = decoderFromStart();
    expect(blocks.map((block) => decode(hex(block)).fields)).toEqual(expected);
  });
});

describe('a block that breaks the rules', () => {
  test.each([
    ['index 0', [0x80], 'index'],
    ['an index beyond the table', [0xbe], 'index'],
    ['a name beyond the table', [0x7e, 0], 'index'],
    ['an integer without end', [0xff, 0x80, 0x80, 0x80, 0x80, 0x80, 0x01], 'integer'],
    ['an integer cut short', [0xff, 0x80], 'integer'],
    ['a string longer than the block', [0x00, 0x05, 0x61], 'string'],
    ['a string that is missing', [0x04], 'string'],
    ['the end symbol in a string', [0x04, 0x84, 0xff, 0xff, 0xff, 0xff], 'huffman'],
    ['padding of eight bits', [0x04, 0x82, 0xf8, 0xff], 'huffman'],
    ['padding of zeros', [0x04, 0x81, 0x18], 'huffman'],
    ['a table size behind a field', [0x82, 0x20], 'table size'],
  ] as const)('%s', (_, bytes, error) => {
    const block = decoderFromStart()(bytes);
    expect(block.error).toBe(error);
  });
  test('a table larger than the other side allows', () => {
    const decoder = createHpackDecoder();
    decoder.begin();
    decoder.maxTableSize = 4096;
    expect(decoder.decode(Uint8Array.from(integer(4096, 5, 0x20)), 0, 3).error).toBeUndefined();
    expect(decoder.decode(Uint8Array.from(integer(4097, 5, 0x20)), 0, 3).error).toBe('table size');
  });
  test('what it leaves is unknown, not wrong', () => {
    const decode = decoderFromStart();
    decode([0x40, ...literalString('a', false), ...literalString('1', false)]);
    expect(decode([0xbe, 0x80]).fields).toEqual([['a', '1']]);
    expect(decode([0xbe, 0x82])).toEqual({ fields: [[':method', 'GET']], unknown: 1, cut: false });
  });
});

describe('bounds', () => {
  const insert = (name: string, value: string) => [
    0x40,
    ...literalString(name, false),
    ...literalString(value, false),
  ];
  test('of a list; the table goes on', () => {
    const decode = decoderFromStart({ maxListBytes: 100 });
    const block = decode([...insert('a', 'x'.repeat(40)), ...insert('b', 'y'.repeat(40)), 0x82]);
    expect(block).toMatchObject({ fields: [['a', 'x'.repeat(40)]], cut: true });
    expect(decode([0xbe]).fields).toEqual([['b', 'y'.repeat(40)]]);
  });
  test('of the table: more than is kept is unknown', () => {
    const decode = decoderFromStart();
    decode(integer(2 ** 20, 5, 0x20));
    for (let i = 0; i < 100; i++) decode(insert(`n${i}`, 'v'.repeat(1000)));
    expect(decode([0xbe]).fields).toEqual([['n99', 'v'.repeat(1000)]]);
    expect(decode(integer(61 + 60, 7, 0x80)).fields[0]?.[0]).toBe('n40');
    expect(decode(integer(61 + 70, 7, 0x80))).toEqual({ fields: [], unknown: 1, cut: false });
  });
  test('of an entry: one larger than is kept is unknown, and so is what is older', () => {
    const decode = decoderFromStart();
    decode([...integer(2 ** 20, 5, 0x20), ...insert('before', '1')]);
    expect(decode(insert('large', 'v'.repeat(70_000)))).toMatchObject({ fields: [], cut: true });
    decode(insert('after', '2'));
    expect(decode([0xbe, 0xbf, 0xc0])).toEqual({ fields: [['after', '2']], unknown: 2, cut: false });
    decode(insert('last', '3'));
    expect(decode([0xbf]).fields).toEqual([['after', '2']]);
  });
  test('an entry larger than the table empties it', () => {
    const decode = decoderFromStart();
    decode(insert('small', '1'));
    expect(decode(insert('large', 'v'.repeat(4096))).fields).toHaveLength(1);
    expect(decode([0xbe]).error).toBe('index');
  });
});

const NAMES = [
  ':path',
  ':authority',
  'x-a',
  'x-b',
  'x-request-id',
  'cookie',
  'accept',
  'content-type',
  'grpc-status',
];

function randomFields(roll: (n: number) => number): HeaderField[] {
  return Array.from({ length: 1 + roll(8) }, () => {
    const letters = roll(20) === 0 ? 300 : 12;
    const value = Array.from({ length: roll(letters) }, () =>
      String.fromCharCode(roll(30) === 0 ? roll(256) : 97 + roll(4)),
    );
    return [NAMES[roll(NAMES.length)] ?? 'x', value.join('')] as const;
  });
}

/** Blocks of one direction, as an encoder may send them. */
function randomBlocks(seed: number, count: number) {
  const roll = dice(seed);
  const encoder = createHpackEncoder(roll);
  return Array.from({ length: count }, () => {
    if (roll(8) === 0) encoder.resize([0, 64, 200, 1000, 4096][roll(5)] ?? 0);
    if (roll(20) === 0) encoder.resize(4096);
    const fields = randomFields(roll);
    return { fields, bytes: encoder.encode(fields) };
  });
}

/** `some` is `all` without a few. */
function isPartOf(some: readonly HeaderField[], all: readonly HeaderField[]): boolean {
  let at = 0;
  for (const [name, value] of some) {
    while (at < all.length && !(all[at]?.[0] === name && all[at]?.[1] === value)) at++;
    if (at++ >= all.length) return false;
  }
  return true;
}

describe('an encoder that takes every form', () => {
  test('is understood from the start', () => {
    fc.assert(
      fc.property(fc.integer(), (seed) => {
        const decode = decoderFromStart();
        for (const { fields, bytes } of randomBlocks(seed, 30)) {
          expect(decode(bytes)).toEqual({ fields, unknown: 0, cut: false });
        }
      }),
      { numRuns: 150, seed: 1 },
    );
  });
  test('is never misunderstood by one who comes late or misses blocks', () => {
    let known = 0;
    let all = 0;
    fc.assert(
      fc.property(fc.integer(), fc.integer({ min: 1, max: 25 }), (seed, join) => {
        const decoder = createHpackDecoder();
        const roll = dice(seed + 1);
        let missed = true;
        for (const { fields, bytes } of randomBlocks(seed, 60).slice(join)) {
          if (roll(25) === 0) {
            missed = true;
            continue;
          }
          if (missed) decoder.lose();
          missed = false;
          const block = decoder.decode(bytes, 0, bytes.length);
          expect(block.error).toBeUndefined();
          expect(isPartOf(block.fields, fields)).toBe(true);
          expect(block.fields.length + block.unknown).toBe(fields.length);
          known += block.fields.length;
          all += fields.length;
        }
      }),
      { numRuns: 300, seed: 1 },
    );
    expect(known / all).toBeGreaterThan(0.8);
  });
  test('chance bytes never throw and stay in their bounds', () => {
    const decoder = createHpackDecoder();
    const roll = dice(3);
    for (let i = 0; i < 20_000; i++) {
      const bytes = Uint8Array.from({ length: roll(60) }, () => roll(256));
      if (roll(10) === 0) decoder.begin();
      const { fields } = decoder.decode(bytes, 0, bytes.length);
      if (fields.length > 60) expect.fail(`${fields.length} fields of ${bytes.length} bytes`);
    }
  });
});
