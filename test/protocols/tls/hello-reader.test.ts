import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createTlsCounters, createTlsHelloReader } from '../../../src/protocols/tls/hello-reader.ts';
import {
  alpn,
  chromeHello,
  helloMessage,
  records,
  repeated,
  signatures,
  sni,
  u16,
  vector16,
  versions,
} from './hello-bytes.ts';
import { readHello } from './read-hello.ts';

const CHROME = {
  serverName: 'www.example.com',
  alpn: ['h2', 'http/1.1'],
  versions: ['1.3', '1.2'],
  cipherCount: 15,
  ja4: 't13d1516h2_8daaf6152771_e5627efa2ab1',
  encryptedHello: false,
};
const STREAM = records(chromeHello('www.Example.com'));

/** A reader, and the names in the hellos that it told. */
function noting() {
  const names: (string | undefined)[] = [];
  const reader = createTlsHelloReader({ onHello: ({ serverName }) => names.push(serverName) });
  return { reader, names };
}

test('the hello of the JA4 description', () => {
  expect(readHello([STREAM]).hellos).toEqual([CHROME]);
});

describe('however it is split', () => {
  test('into two pieces at every place, and byte by byte', () => {
    for (let at = 0; at <= STREAM.length; at++) {
      expect(readHello([STREAM.subarray(0, at), STREAM.subarray(at)]).hellos).toEqual([CHROME]);
    }
    expect(readHello(Array.from(STREAM, (byte) => Uint8Array.of(byte))).hellos).toEqual([CHROME]);
  });

  test('over records of any size, and pieces of any size', () => {
    const cuts = fc.array(fc.nat(3000), { maxLength: 6 });
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 700 }), cuts, (recordSize, places) => {
        const stream = records(chromeHello('www.example.com'), recordSize);
        const bounds = [0, ...places.toSorted((a, b) => a - b), stream.length];
        const pieces = bounds.slice(0, -1).map((from, i) => stream.subarray(from, bounds[i + 1]));
        expect(readHello(pieces).hellos).toEqual([CHROME]);
      }),
      { numRuns: 500 },
    );
  });
});

test('cut anywhere: no hello, and counted', () => {
  for (let end = 1; end < STREAM.length; end++) {
    const { hellos, faults } = readHello([STREAM.subarray(0, end)]);
    expect(hellos).toEqual([]);
    expect(faults).toEqual(['cut']);
  }
  expect(readHello([]).faults).toEqual([]);
});

test('a gap anywhere, even when bytes follow: no hello', () => {
  for (let at = 1; at < STREAM.length; at += 7) {
    for (const aligned of [true, false]) {
      const reader = createTlsHelloReader({ onHello: () => expect.unreachable() });
      reader.data('client', STREAM.subarray(0, at), 1);
      reader.gap('client', 3, aligned, 1);
      reader.data('client', STREAM.subarray(at), 1);
      expect(reader.isDone).toBe(true);
      expect(reader.counters.failures.gap).toBe(1);
    }
  }
});

test('a gap before everything: what follows is judged as a beginning', () => {
  for (const aligned of [true, false]) {
    for (const length of [0, 100]) {
      const { reader, names } = noting();
      reader.gap('client', length, aligned, 1);
      reader.gap('client', length, aligned, 1);
      reader.data('client', STREAM, 1);
      expect(names).toEqual(['www.example.com']);
    }
  }
});

test('a gap before something else, and one that is all there is', () => {
  const { reader } = noting();
  reader.gap('client', 0, false, 1);
  reader.data('client', Uint8Array.of(23, 3, 3, 0, 40), 1);
  expect(reader.counters.failures).toMatchObject({ gap: 0, 'not-tls': 1 });
  const empty = noting();
  empty.reader.gap('client', 0, false, 1);
  empty.reader.end(2, false);
  expect(empty.reader.counters.failures).toEqual(createTlsCounters().failures);
});

test('what the server sends is not looked at; only the first hello is reported', () => {
  const counters = createTlsCounters();
  const times: number[] = [];
  const reader = createTlsHelloReader({ counters, onHello: (_, timeMs) => times.push(timeMs) });
  reader.data('server', Uint8Array.of(21, 3, 3, 0, 2, 2, 40), 1);
  reader.gap('server', 0, false, 1);
  reader.data('client', STREAM.subarray(0, 100), 2);
  reader.data('client', STREAM.subarray(100), 3);
  reader.data('client', STREAM, 4);
  reader.end(5, false);
  expect(times).toEqual([3]);
  expect(counters).toEqual({
    hellos: 1,
    failures: { 'not-tls': 0, 'not-hello': 0, malformed: 0, 'too-large': 0, gap: 0, cut: 0 },
  });
});

test.each<[string, readonly number[], string]>([
  ['HTTP', [...Buffer.from('GET / HTTP/1.1\r\n')], 'not-tls'],
  ['application data', [23, 3, 3, 0, 40], 'not-tls'],
  ['another version', [22, 4], 'not-tls'],
  ['a record that is too long', [22, 3, 1, 0x40, 0x01], 'not-tls'],
  ['a ServerHello', [22, 3, 3, 0, 60, 2], 'not-hello'],
  ['a hello of 64 KiB', [22, 3, 1, 0x40, 0, 1, 0, 0xff, 0xfd], 'too-large'],
])('%s is %s', (_, bytes, fault) => {
  const { hellos, faults } = readHello([Uint8Array.from(bytes)]);
  expect(hellos).toEqual([]);
  expect(faults).toEqual([fault]);
});

test('the largest hello is read, over five records', () => {
  const padding = [21, repeated(64_000, 0)] as const;
  const message = helloMessage({ extensions: [sni('a.example'), padding] });
  expect(readHello([records(message)]).hellos).toMatchObject([{ serverName: 'a.example' }]);
});

const facts = (parts: Parameters<typeof helloMessage>[0]) =>
  readHello([records(helloMessage(parts))]).hellos[0];

test.each<[string, Parameters<typeof helloMessage>[0], object]>([
  ['no extensions at all', { extensions: undefined }, { alpn: [], versions: ['1.2'], encryptedHello: false }],
  ['SSL 3.0', { legacyVersion: 0x0300, extensions: undefined }, { versions: ['SSL 3.0'] }],
  ['drafts', { extensions: [versions(0x0303, 0x7f1c)] }, { versions: ['0x7f1c', '1.2'] }],
  [
    'versions in any order',
    { extensions: [versions(0x0302, 0x0304, 0x0303)] },
    { versions: ['1.3', '1.2', '1.1'] },
  ],
  [
    'an encrypted hello',
    { extensions: [sni('outer.example'), [0xfe0d, [0, 1]]] },
    { encryptedHello: true, serverName: 'outer.example' },
  ],
  ['its older form', { extensions: [[0xffce, [1]]] }, { encryptedHello: true }],
  [
    'hostile names',
    { extensions: [sni('a\x00b\n\xe9.EXAMPLE')] },
    { serverName: 'a\\000b\\010\\233.example' },
  ],
  ['hostile protocols', { extensions: [alpn('a\x1b', 'h2')] }, { alpn: ['a\\027', 'h2'] }],
  ['GREASE protocols', { extensions: [alpn('\x5a\x5a', 'h3')] }, { alpn: ['h3'] }],
  ['half GREASE', { ciphers: [0x0a1a, 0x1301, 0xfafa] }, { cipherCount: 2 }],
  ['a name of another kind', { extensions: [[0, vector16([7, ...vector16([1])])]] }, { alpn: [] }],
])('%s', (_, parts, expected) => {
  expect(facts(parts)).toMatchObject(expected);
});

test('without a name there is none', () => {
  expect(facts({ extensions: [] })).not.toHaveProperty('serverName');
  expect(facts({ extensions: [[0, vector16([7, ...vector16([1])])]] })).not.toHaveProperty('serverName');
});

test.each<[string, Parameters<typeof helloMessage>[0]]>([
  ['no ciphers', { ciphers: [] }],
  ['a session id of 33 octets', { sessionId: repeated(33, 1) }],
  ['an extension twice', { extensions: [sni('a.example'), sni('b.example')] }],
  ['a name list that runs out', { extensions: [[0, [0, 9, 0, 0, 1, 97]]] }],
  ['octets behind the name list', { extensions: [[0, [...vector16([0, ...vector16([97])]), 1]]] }],
  ['a protocol that runs out', { extensions: [[16, vector16([5, 97])]] }],
  ['half a version', { extensions: [[43, [3, 3, 4, 3]]] }],
  ['a version list that is shorter than it says', { extensions: [[43, [4, 3, 4]]] }],
  ['half a signature algorithm', { extensions: [[13, vector16([4])]] }],
])('malformed: %s', (_, parts) => {
  expect(readHello([records(helloMessage(parts))]).faults).toEqual(['malformed']);
});

test('octets behind the extensions are malformed, too', () => {
  const message = [...helloMessage({}), 0];
  message[3] = (message[3] ?? 0) + 1;
  expect(readHello([records(message)]).faults).toEqual(['malformed']);
});

/** More by hand: TELEGEN_FUZZ_CASES=1000000 vitest run --project unit test/protocols/tls. */
const CASES = Number(process.env.TELEGEN_FUZZ_CASES ?? 20_000);

test('mutated hellos: no exception, one outcome, and facts of the right form', () => {
  const original = records([
    ...helloMessage({ extensions: [sni('a.example'), alpn('h2'), signatures(0x0403), versions(0x0304)] }),
  ]);
  const mutations = fc.array(fc.tuple(fc.nat(original.length - 1), fc.nat(255)), {
    minLength: 1,
    maxLength: 5,
  });
  fc.assert(
    fc.property(
      mutations,
      fc.nat(original.length),
      fc.uint8Array({ maxLength: 8 }),
      (changes, splitAt, extra) => {
        const bytes = Uint8Array.from([...original, ...extra]);
        for (const [at, value] of changes) bytes[at] = value;
        const { hellos, counters, faults } = readHello([bytes.subarray(0, splitAt), bytes.subarray(splitAt)]);
        expect(hellos.length + faults.length).toBe(1);
        expect(counters.hellos).toBe(hellos.length);
        for (const hello of hellos) {
          expect(hello.ja4).toMatch(/^t(\d\d|s[23])[di]\d{4}[0-9a-zA-Z]{2}_[0-9a-f]{12}_[0-9a-f]{12}$/);
          expect(JSON.stringify(hello)).toMatch(/^[ -~]*$/);
        }
      },
    ),
    { numRuns: CASES, seed: 20_260 },
  );
});

test('noise behind a hello header: no exception', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), (noise) => {
      const message = [1, 0, ...u16(noise.length), ...noise];
      const { hellos, faults } = readHello([records(message)]);
      expect(hellos.length + faults.length).toBe(1);
    }),
    { numRuns: CASES / 4, seed: 20_260 },
  );
});
