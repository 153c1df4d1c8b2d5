import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { DnsMessage } from '../../../src/protocols/dns/message.ts';
import { parseDnsAnswers, parseDnsMessage } from '../../../src/protocols/dns/parse-message.ts';
import {
  ascii,
  fromHex,
  message,
  name,
  opt,
  pointer,
  QUERY,
  RESPONSE,
  repeated,
  string,
  u16,
  u32,
  usualResponse,
  v4,
} from './encode.ts';

const WWW = { name: name('www.example.com'), type: 1 };

function parsed(bytes: Uint8Array): DnsMessage {
  const result = parseDnsMessage(bytes, 0, bytes.length);
  if ('error' in result) throw new Error(result.error);
  return result;
}

function failure(bytes: Uint8Array): string | undefined {
  const result = parseDnsMessage(bytes, 0, bytes.length);
  return 'error' in result ? result.error : undefined;
}

const dataOf = (type: number, data: readonly number[], cls = 1) =>
  parsed(message({ questions: [WWW], answers: [{ name: pointer(12), type, class: cls, data }] }));

describe('a usual response', () => {
  const result = parsed(usualResponse());

  test('question, answers, authority, additional', () => {
    expect(result.questions).toEqual([{ name: 'www.example.com', type: 'A', class: 1 }]);
    expect(result.answers).toEqual([
      { name: 'www.example.com', type: 'CNAME', ttlSeconds: 300, data: 'edge.example.com' },
      { name: 'edge.example.com', type: 'A', ttlSeconds: 60, data: '192.0.2.1' },
      { name: 'edge.example.com', type: 'A', ttlSeconds: 60, data: '192.0.2.2' },
    ]);
    expect(result.authorities).toEqual([
      { name: 'example.com', type: 'NS', ttlSeconds: 300, data: 'ns1.example.com' },
    ]);
    expect(result.additionals).toEqual([
      { name: 'ns1.example.com', type: 'A', ttlSeconds: 300, data: '198.51.100.7' },
    ]);
  });

  test('header and EDNS', () => {
    expect(result).toMatchObject({ id: 0x1234, response: true, opcode: 0, responseCode: 'NOERROR' });
    expect(result.edns).toEqual({ version: 0, payloadSize: 1232, dnssecOk: false });
    expect(result).toMatchObject({ fault: undefined, oddRecords: 0 });
  });

  test('the lean path says the same, without the sections nobody asked for', () => {
    const bytes = usualResponse();
    const lean = parseDnsAnswers(bytes, 0, bytes.length);
    expect(lean).toEqual({ ...result, authorities: undefined, additionals: undefined });
  });

  test('somewhere in a larger buffer', () => {
    const bytes = usualResponse();
    const slab = new Uint8Array(bytes.length + 100).fill(0xff);
    slab.set(bytes, 50);
    expect(parseDnsMessage(slab, 50, 50 + bytes.length)).toEqual(result);
  });
});

test.each([
  [0x0100, { response: false, recursionDesired: true, responseCode: undefined }],
  [0x8400, { response: true, authoritative: true, recursionDesired: false, truncated: false }],
  [0x8200, { truncated: true, authoritative: false }],
  [0x80b0, { recursionAvailable: true, authenticData: true, checkingDisabled: true }],
  [0x2800, { opcode: 5, response: false }],
])('flags %i', (flags, expected) => {
  expect(parsed(message({ flags, questions: [WWW] }))).toMatchObject(expected);
});

test.each([
  [0, undefined, 'NOERROR'],
  [2, undefined, 'SERVFAIL'],
  [3, undefined, 'NXDOMAIN'],
  [5, 0, 'REFUSED'],
  [12, undefined, 'RCODE12'],
  [0, 1, 'BADVERS'],
  [7, 1, 'BADCOOKIE'],
  [15, 255, 'RCODE4095'],
])('response code %i with extension %s is %s', (code, extended, expected) => {
  const additionals = extended === undefined ? [] : [opt({ extended })];
  const bytes = message({ flags: RESPONSE | code, questions: [WWW], additionals });
  expect(parsed(bytes).responseCode).toBe(expected);
  expect(parseDnsAnswers(bytes, 0, bytes.length)).toMatchObject({ responseCode: expected });
});

test('EDNS version, size and the DNSSEC bit; a second OPT is odd', () => {
  const additionals = [opt({ size: 4096, version: 1, flags: 0x8000 }), opt({ extended: 9 })];
  const result = parsed(message({ questions: [WWW], additionals }));
  expect(result.edns).toEqual({ version: 1, payloadSize: 4096, dnssecOk: true });
  expect(result).toMatchObject({ oddRecords: 1, responseCode: 'NOERROR', additionals: [] });
});

test("an OPT record that is not the root's is none", () => {
  const bytes = message({ questions: [WWW], additionals: [{ ...opt({ extended: 9 }), name: pointer(12) }] });
  for (const parse of [parseDnsMessage, parseDnsAnswers]) {
    expect(parse(bytes, 0, bytes.length)).toMatchObject({ responseCode: 'NOERROR', edns: undefined });
  }
});

test.each([
  [28, 'AAAA'],
  [65, 'HTTPS'],
  [255, 'ANY'],
  [257, 'CAA'],
  [32_769, 'DLV'],
  [0, 'TYPE0'],
  [65_280, 'TYPE65280'],
])('type %i is %s', (type, expected) => {
  expect(parsed(message({ questions: [{ ...WWW, type }] })).questions[0]?.type).toBe(expected);
});

const SOA_NUMBERS = [2026, 7200, 3600, 4_294_967_295, 300].flatMap(u32);
const RRSIG_HEAD = [
  ...u16(28),
  13,
  3,
  ...u32(3600),
  ...u32(1_767_225_600),
  ...u32(1_764_547_200),
  ...u16(2371),
];

test.each<[string, number, number[], string]>([
  ['A', 1, v4('203.0.113.255'), '203.0.113.255'],
  ['NS', 2, name('NS1.Example.com'), 'ns1.example.com'],
  ['CNAME to the root', 5, [0], '.'],
  ['PTR', 12, name('host', pointer(16)), 'host.example.com'],
  ['DNAME', 39, name('example.net'), 'example.net'],
  ['MX', 15, [...u16(10), ...name('mail', pointer(16))], '10 mail.example.com'],
  ['SRV', 33, [...u16(1), ...u16(2), ...u16(5269), ...name('x.example.com')], '1 2 5269 x.example.com'],
  [
    'SOA',
    6,
    [...name('ns', pointer(16)), ...name('admin.ns', pointer(16)), ...SOA_NUMBERS],
    'ns.example.com admin.ns.example.com 2026 7200 3600 4294967295 300',
  ],
  ['TXT', 16, [...string('v=spf1 -all'), ...string('')], '"v=spf1 -all" ""'],
  ['TXT with bytes', 16, [6, 0x22, 0x5c, 0x00, 0xff, 0x41, 0x0a], '"\\"\\\\\\000\\255A\\010"'],
  ['CAA', 257, [128, ...string('issue'), ...ascii('ca.example.net; a=1')], '128 issue "ca.example.net; a=1"'],
  ['DS', 43, [...u16(60_485), 5, 1, ...fromHex('2bb183af')], '60485 5 1 2bb183af'],
  ['DNSKEY', 48, [...u16(257), 3, 13, ...ascii('k'.repeat(64))], '257 3 13 (64 bytes)'],
  [
    'RRSIG',
    46,
    [...RRSIG_HEAD, ...name('example.com'), ...ascii('s'.repeat(64))],
    'AAAA 13 3 3600 20260101000000 20251201000000 2371 example.com (64 bytes)',
  ],
  // RFC 4034 section 4.3.
  [
    'NSEC',
    47,
    [...name('host.example.com'), ...fromHex(`0006400100000003041b${'00'.repeat(26)}20`)],
    'host.example.com A MX RRSIG NSEC TYPE1234',
  ],
  ['unknown', 731, fromHex('abcdef012345'), '\\# 6 abcdef012345'],
  ['unknown and empty', 731, [], '\\# 0'],
])('data of %s', (_, type, data, expected) => {
  const result = dataOf(type, data);
  expect(result.answers[0]?.data).toBe(expected);
  expect(result.oddRecords).toBe(0);
});

// RFC 9460 appendix D.2, and what is asked of browsers' usual answers.
test.each<[string, number[], string]>([
  ['alias', [...u16(0), ...name('foo.example.com')], '0 foo.example.com'],
  ['no parameters', [...u16(1), 0], '1 .'],
  [
    'port',
    [...u16(16), ...name('foo.example.com'), ...fromHex('000300020035')],
    '16 foo.example.com port=53',
  ],
  ['unknown key', [...u16(1), 0, ...u16(667), ...u16(5), ...ascii('hello')], '1 . key667=0x68656c6c6f'],
  ['two ALPNs', [...u16(1), 0, ...fromHex('0001 0006'), ...string('h3'), ...string('h2')], '1 . alpn=h3,h2'],
  [
    'mandatory, alpn, hint',
    [...u16(16), 0, ...fromHex('0000 0004 0001 0004 0001 0003 02 6832 0004 0004 c0000201')],
    '16 . mandatory=alpn,ipv4hint alpn=h2 ipv4hint=192.0.2.1',
  ],
  [
    'IPv6 hints',
    [...u16(1), 0, ...fromHex(`0006 0020 20010db8${'00'.repeat(11)}01 20010db8${'00'.repeat(9)}530001`)],
    '1 . ipv6hint=2001:db8::1,2001:db8::53:1',
  ],
  ['ech by its length', [...u16(1), 0, ...fromHex('0005 0003 010203')], '1 . ech=(3 bytes)'],
  [
    'no-default-alpn',
    [...u16(1), 0, ...fromHex('0001 0003 026833 0002 0000')],
    '1 . alpn=h3 no-default-alpn',
  ],
])('HTTPS: %s', (_, data, expected) => {
  for (const type of [64, 65]) {
    expect(dataOf(type, data)).toMatchObject({ answers: [{ data: expected }], oddRecords: 0 });
  }
});

// Shown as what they are, RFC 3597; counted; and the record behind is read as if nothing had been.
test.each<[string, number, number[]]>([
  ['A of three bytes', 1, [192, 0, 2]],
  ['A of five bytes', 1, [192, 0, 2, 1, 9]],
  ['A without data, as in updates', 1, []],
  ['AAAA of four bytes', 28, [1, 2, 3, 4]],
  ['a name that is shorter than its data', 5, [...name('a.example.com'), 0]],
  ['a name that runs out of its data', 5, [3, 97, 98]],
  ['a name that points forward', 5, pointer(500)],
  ['a name with a reserved label type', 5, [0x80, 1, 0]],
  ['MX without exchange', 15, u16(10)],
  ['SOA without numbers', 6, [...name('a'), ...name('b')]],
  ['TXT that runs out', 16, [5, 97]],
  ['TXT without strings', 16, []],
  ['CAA without tag', 257, [0, 0, 97]],
  ['HTTPS with keys out of order', 65, [...u16(1), 0, ...fromHex('0003 0002 0035 0001 0003 026832')]],
  ['HTTPS with a port of three bytes', 65, [...u16(1), 0, ...fromHex('0003 0003 003500')]],
  ['HTTPS with half a key', 65, [...u16(1), 0, 0]],
  ['NSEC with an empty block', 47, [...name('a'), 0, 0]],
  ['NSEC with blocks out of order', 47, [...name('a'), 1, 1, 64, 0, 1, 64]],
  ['RRSIG without signature', 46, [...RRSIG_HEAD, ...name('example.com')]],
  ['DNSKEY of three bytes', 48, [1, 1, 3]],
])('odd: %s', (_, type, data) => {
  const last = { name: pointer(12), type: 1, data: v4('192.0.2.9') };
  const bytes = message({ questions: [WWW], answers: [{ name: pointer(12), type, data }, last] });
  const hex = Buffer.from(data).toString('hex');
  const shown = data.length === 0 ? '\\# 0' : `\\# ${data.length} ${hex}`;
  expect(parsed(bytes)).toMatchObject({
    answers: [{ data: shown }, { data: '192.0.2.9' }],
    oddRecords: 1,
    fault: undefined,
  });
});

test('addresses of another class are not addresses', () => {
  expect(dataOf(1, [1, 2, 3, 4], 3).answers[0]?.data).toBe('\\# 4 01020304');
});

test('long data are shown in part', () => {
  const hex = dataOf(731, repeated(300, 0xaa)).answers[0]?.data;
  expect(hex).toBe(`\\# 300 ${'aa'.repeat(256)}...`);
  const texts = repeated(40, 'x'.repeat(255));
  const txt = dataOf(16, texts.flatMap(string)).answers[0]?.data;
  expect(txt).toBe(`${repeated(16, `"${'x'.repeat(255)}"`).join(' ')} ...`);
});

test('a TTL with its top bit set is zero', () => {
  const answers = [{ name: pointer(12), type: 1, ttl: 0x80000001, data: v4('192.0.2.1') }];
  expect(parsed(message({ questions: [WWW], answers })).answers[0]?.ttlSeconds).toBe(0);
});

test('AAAA as RFC 5952 says, and like the URL standard', () => {
  const group = fc.oneof(fc.constant(0), fc.constant(0), fc.integer({ min: 1, max: 0xffff }));
  fc.assert(
    fc.property(fc.array(group, { minLength: 8, maxLength: 8 }), (groups) => {
      const mapped = groups.slice(0, 5).every((g) => g === 0) && groups[5] === 0xffff;
      const full = groups.map((g) => g.toString(16)).join(':');
      const [hi = 0, lo = 0] = groups.slice(6);
      const expected = mapped
        ? `::ffff:${[hi >> 8, hi & 255, lo >> 8, lo & 255].join('.')}`
        : new URL(`http://[${full}]/`).hostname.slice(1, -1);
      expect(dataOf(28, groups.flatMap(u16)).answers[0]?.data).toBe(expected);
    }),
    { numRuns: 2000 },
  );
});

describe('names', () => {
  const question = (octets: readonly number[]) =>
    message({ flags: QUERY, questions: [{ name: octets, type: 1 }] });
  const shown = (octets: readonly number[]) => parsed(question(octets)).questions[0]?.name;

  test.each<[string, readonly number[], string]>([
    ['the root', [0], '.'],
    ['mixed case', name('wWw.ExAmPlE.cOm'), 'www.example.com'],
    ['a dot in a label', [3, 97, 46, 98, 0], 'a\\.b'],
    ['a backslash', [1, 92, 0], '\\\\'],
    ['other octets', [4, 0, 32, 127, 200, 1, 97, 0], '\\000\\032\\127\\200.a'],
    ['underscores', name('_dns.resolver.arpa'), '_dns.resolver.arpa'],
  ])('%s', (_, octets, expected) => {
    expect(shown(octets)).toBe(expected);
  });

  test('of 255 octets, and not of more', () => {
    const longest = name([63, 63, 63, 61].map((n) => 'a'.repeat(n)).join('.'));
    expect(longest).toHaveLength(255);
    expect(shown(longest)).toHaveLength(253);
    expect(failure(question(name([63, 63, 63, 62].map((n) => 'a'.repeat(n)).join('.'))))).toBe('name-length');
  });

  test.each<[string, readonly number[], string]>([
    ['a pointer to itself', pointer(12), 'pointer'],
    ['a loop of two', [1, 97, ...pointer(12)], 'pointer'],
    ['into the header', pointer(4), 'pointer'],
    ['forward', pointer(200), 'pointer'],
    ['reserved label type 01', [0x41, 97, 0], 'label-type'],
    ['reserved label type 10', [0x81, 97, 0], 'label-type'],
  ])('refused: %s', (_, octets, fault) => {
    expect(failure(question(octets))).toBe(fault);
  });

  test('a name made too long by compression is refused', () => {
    const long = name('a'.repeat(63), name('b'.repeat(63), name('c'.repeat(63))));
    const questions = [
      { name: long, type: 1 },
      { name: name('d'.repeat(63), pointer(12)), type: 1 },
    ];
    expect(failure(message({ questions }))).toBe('name-length');
  });

  test('a long chain of pointers ends', () => {
    // Each points to the one before; the first one to the name of the question.
    const chain = Array.from({ length: 300 }, (_, i) =>
      pointer(i === 0 ? 12 : 12 + 17 + 4 + 12 + 2 * (i - 1)),
    );
    const answers = [
      { name: pointer(12), type: 731, data: chain.flat() },
      { name: pointer(12 + 17 + 4 + 12 + 2 * 299), type: 1, data: v4('192.0.2.1') },
    ];
    expect(parsed(message({ questions: [WWW], answers }))).toMatchObject({ fault: 'pointer' });
  });

  test('any labels, compressed anywhere, are shown by the rules', () => {
    const label = fc.uint8Array({ minLength: 1, maxLength: 40 });
    const names = fc.array(label, { minLength: 1, maxLength: 5 });
    fc.assert(
      fc.property(names, fc.nat(4), (labels, cutAt) => {
        const cut = Math.min(cutAt, labels.length - 1);
        const wire = (part: readonly Uint8Array[]) => part.flatMap((octets) => [octets.length, ...octets]);
        const tail = [...wire(labels.slice(cut)), 0];
        const bytes = message({
          questions: [
            { name: tail, type: 1 },
            { name: [...wire(labels.slice(0, cut)), ...pointer(12)], type: 1 },
          ],
        });
        expect(parsed(bytes).questions[1]?.name).toBe(labels.map(labelText).join('.'));
      }),
      { numRuns: 3000 },
    );
  });
});

/** RFC 1035 5.1 in its own words, lower case. */
function labelText(octets: Uint8Array): string {
  return Array.from(octets, (octet) => {
    const character = String.fromCharCode(octet);
    if (character === '.' || character === '\\') return `\\${character}`;
    return /^[!-~]$/.test(character) ? character.toLowerCase() : `\\${String(octet).padStart(3, '0')}`;
  }).join('');
}

describe('not all there', () => {
  test('nothing, and half a header', () => {
    expect(failure(new Uint8Array(0))).toBe('cut');
    expect(failure(new Uint8Array(11))).toBe('cut');
    expect(parseDnsMessage(new Uint8Array(20), -5, 4)).toEqual({ error: 'cut' });
    expect(parseDnsMessage(new Uint8Array(20), 30, 10)).toEqual({ error: 'cut' });
  });

  test('cut anywhere: what is said is right', () => {
    const bytes = usualResponse();
    const whole = parsed(bytes);
    for (let end = 0; end < bytes.length; end++) {
      for (const parse of [parseDnsMessage, parseDnsAnswers]) {
        const part = parse(bytes, 0, end);
        if ('error' in part) {
          expect(part.error).toBe('cut');
          expect(end).toBeLessThan(12 + 17 + 4);
          continue;
        }
        expect(part.questions).toEqual(whole.questions);
        expect(part.answers).toEqual(whole.answers.slice(0, part.answers.length));
        expect(part).toMatchObject({ fault: 'cut', responseCode: undefined, edns: undefined });
      }
    }
  });

  test('more records announced than there are', () => {
    const bytes = usualResponse();
    bytes[7] = 200;
    expect(parsed(bytes)).toMatchObject({ fault: 'cut' });
  });

  test('data announced to be longer than the message', () => {
    const answers = [{ name: pointer(12), type: 16, data: string('a'), length: 500 }];
    expect(parsed(message({ questions: [WWW], answers }))).toMatchObject({ answers: [], fault: 'cut' });
  });

  test('too large, as a message or as text', () => {
    expect(failure(new Uint8Array(65_536))).toBe('too-large');
    const long = name([63, 63, 63, 61].map((n) => '\x01'.repeat(n)).join('.'));
    const answers = repeated(5000, { name: pointer(12), type: 1, data: [] });
    const result = parsed(message({ questions: [{ name: long, type: 1 }], answers }));
    expect(result).toMatchObject({ fault: 'too-large' });
    expect(result.answers.length).toBeLessThan(600);
  });
});
