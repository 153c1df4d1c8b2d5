import fc from 'fast-check';
import { expect, test } from 'vitest';
import { isLikelyDns, isLikelyDnsStream } from '../../../src/protocols/dns/likely.ts';
import { parseDnsAnswers, parseDnsMessage } from '../../../src/protocols/dns/parse-message.ts';
import { fromHex, message, name, opt, pointer, string, u16, u32, usualResponse } from './encode.ts';

/** More by hand: TELEGEN_FUZZ_CASES=1000000 vitest run --project unit test/protocols/dns. */
const CASES = Number(process.env.TELEGEN_FUZZ_CASES ?? 20_000);
const SEED = 20_260;
/** Text of a message may be this much, and a little for the record that went over it. */
const MAX_TEXT = 512 * 1024 + 70_000;

const WWW = { name: name('www.example.com'), type: 255 };
const CORPUS = [
  usualResponse(),
  message({
    questions: [WWW],
    answers: [
      {
        name: pointer(12),
        type: 65,
        data: [...u16(1), 0, ...fromHex('0001 0003 026832 0004 0004 c0000201')],
      },
      { name: pointer(12), type: 16, data: string('some text') },
      { name: pointer(12), type: 257, data: [0, ...string('issue'), 97] },
      { name: pointer(12), type: 47, data: [...name('a', pointer(16)), ...fromHex('0006400100000003')] },
      {
        name: pointer(12),
        type: 46,
        data: [...u16(1), 8, 2, ...[1, 2, 3].flatMap(u32), 0, 1, ...pointer(16), 1],
      },
      { name: pointer(12), type: 6, data: [...pointer(12), ...pointer(16), ...[1, 2, 3, 4, 5].flatMap(u32)] },
      { name: pointer(12), type: 28, data: fromHex('20010db8000000000000000000000001') },
    ],
    additionals: [opt()],
  }),
  message({ flags: 0x0100, questions: [WWW], additionals: [opt()] }),
];

const mutation = fc.record({
  at: fc.nat(400),
  kind: fc.constantFrom('set', 'flip', 'cut', 'insert', 'count'),
  value: fc.oneof(fc.nat(255), fc.constantFrom(0, 0x3f, 0x40, 0xc0, 0xff)),
});

function mutate(
  bytes: Uint8Array,
  mutations: readonly { at: number; kind: string; value: number }[],
): Uint8Array {
  let octets = [...bytes];
  for (const { at, kind, value } of mutations) {
    const place = at % Math.max(1, octets.length);
    if (kind === 'set') octets[place] = value;
    else if (kind === 'flip') octets[place] = (octets[place] ?? 0) ^ (1 << (value & 7));
    else if (kind === 'cut') octets = octets.slice(0, place);
    else if (kind === 'insert') octets.splice(place, 0, value);
    else octets[4 + (place % 8)] = value;
  }
  return Uint8Array.from(octets);
}

test('mutated messages: no exception, bounded text, and both paths agree', () => {
  fc.assert(
    fc.property(
      fc.constantFrom(...CORPUS),
      fc.array(mutation, { minLength: 1, maxLength: 6 }),
      (original, mutations) => {
        const bytes = mutate(original, mutations);
        const full = parseDnsMessage(bytes, 0, bytes.length);
        const lean = parseDnsAnswers(bytes, 0, bytes.length);
        isLikelyDns(bytes, 0, bytes.length);
        isLikelyDnsStream(bytes, 0, bytes.length);
        expect('error' in lean).toBe('error' in full);
        if ('error' in full || 'error' in lean) {
          expect(lean).toEqual(full);
          return;
        }
        expect(lean.questions).toEqual(full.questions);
        expect(lean.answers).toEqual(full.answers);
        expect(JSON.stringify(full).length).toBeLessThan(MAX_TEXT);
        if (full.fault === undefined) expect(lean.responseCode).toBe(full.responseCode);
      },
    ),
    { numRuns: CASES, seed: SEED },
  );
});

test('noise behind a plausible header: no exception, and results of the right form', () => {
  const counts = fc.array(fc.nat(20), { minLength: 4, maxLength: 4 });
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 600 }), counts, (noise, [qd = 0, an = 0, ns = 0, ar = 0]) => {
      const bytes = Uint8Array.from([0, 1, 0x81, 0x80, 0, qd, 0, an, 0, ns, 0, ar, ...noise]);
      const full = parseDnsMessage(bytes, 0, bytes.length);
      if ('error' in full) return;
      expect(full.answers.length).toBeLessThanOrEqual(an);
      for (const { name: owner, ttlSeconds, data } of full.answers) {
        expect(`${owner}${data}`).toMatch(/^[ -~]*$/);
        expect(ttlSeconds).toBeGreaterThanOrEqual(0);
      }
    }),
    { numRuns: CASES / 4, seed: SEED },
  );
});
