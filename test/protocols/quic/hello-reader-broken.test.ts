import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type Bytes, concat } from '../../support/packets.ts';
import { cryptoFrame, initialPacket, quicInitial } from '../../support/quic-initial.ts';
import { createRandom } from '../../support/traffic/random.ts';
import { counted, DCID, HELLO, longHello, NAME, openCrypto, watch } from './read-flight.ts';

/** More by hand: TELEGEN_FUZZ_CASES=1000000 vitest run --project unit test/protocols/quic. */
const CASES = Number(process.env.TELEGEN_FUZZ_CASES ?? 20_000);
const FORM = /^q(\d\d|s[23])[di]\d{4}[0-9a-zA-Z]{2}_[0-9a-f]{12}_[0-9a-f]{12}$/;

function checkTold(watched: ReturnType<typeof watch>): void {
  const { told, counters } = watched;
  expect(counters.hellos).toBe(told.length);
  for (const { tls } of told) {
    expect(tls.ja4).toMatch(FORM);
    expect(JSON.stringify(tls)).toMatch(/^[ -~]*$/);
  }
}

describe('protected', () => {
  const [datagram] = quicInitial({ hello: HELLO, dcid: DCID }) as [Bytes];
  const large = initialPacket({ dcid: DCID, frames: cryptoFrame(0, HELLO), size: 1500 });

  test('cut anywhere, and cut anywhere and made as long as it takes: no hello', () => {
    const watched = watch();
    for (let end = 0; end < large.length; end++) {
      watched.feed(
        [large.subarray(0, end), concat(large.subarray(0, end), new Uint8Array(1500))],
        0,
        `${end}`,
      );
    }
    watched.reader.end();
    expect(watched.told).toEqual([]);
    expect(watched.counters.failures).toEqual(counted().failures);
  });

  test('one bit wrong: no hello, or the same when it was behind the packet', () => {
    const random = createRandom(9001);
    const bytes = concat(datagram, new Uint8Array(20));
    for (let run = 0; run < 3000; run++) {
      const broken = bytes.slice();
      const at = random.below(bytes.length);
      broken[at] = (broken[at] ?? 0) ^ (1 << random.below(8));
      const watched = watch();
      watched.feed([broken]);
      watched.reader.end();
      expect(watched.names()).toEqual(at < datagram.length ? [] : [NAME]);
      expect(watched.counters.failures).toEqual(counted().failures);
    }
  });

  test('noise behind a good header: nothing is told', () => {
    const random = createRandom(9369);
    const watched = watch();
    for (let run = 0; run < 3000; run++) {
      const noise = Uint8Array.from({ length: 1250 }, () => random.below(256));
      const heads = [datagram.subarray(0, 5 + random.below(30)), Uint8Array.of(0xd0, 0x6b, 0x33, 0x43, 0xcf)];
      noise.set(heads[random.below(2)]!);
      watched.feed([noise], run, `${run % 5}`);
    }
    watched.reader.end();
    expect(watched.told).toEqual([]);
    expect(watched.counters.failures).toEqual(counted().failures);
  });
});

describe('with every packet taken for authentic', () => {
  const long = quicInitial({ hello: longHello(1500), dcid: DCID, keys: 'none' });
  const pieces = [300, 0, 100, 500].map((from, i) =>
    cryptoFrame(from, HELLO.subarray(from, [500, 100, 300, HELLO.length][i])),
  );
  const short = initialPacket({ dcid: DCID, keys: 'none', frames: concat(...pieces), size: 1200 });

  test('mutated: no exception, no more than one outcome for a flight, and facts of the right form', () => {
    const change = fc.tuple(
      fc.nat(1199),
      fc.oneof(fc.nat(255), fc.constantFrom(0, 1, 6, 0x40, 0x7f, 0xc0, 0xff)),
    );
    fc.assert(
      fc.property(fc.array(change, { minLength: 1, maxLength: 6 }), fc.nat(2), (changes, which) => {
        const broken = [short, ...long].map((bytes, i) => {
          const copy = bytes.slice();
          // Most of a short one is padding.
          if (i === which) for (const [at, value] of changes) copy[i === 0 ? at % 700 : at] = value;
          return copy;
        });
        const watched = watch(openCrypto);
        watched.feed(broken.slice(0, 1), 0, 'a');
        watched.feed(broken.slice(1), 0, 'b');
        watched.reader.end();
        checkTold(watched);
        const { hellos, failures } = watched.counters;
        const failed = Object.values(failures).reduce((sum, count) => sum + count, 0);
        // Two for the long one when its datagrams no longer belong together.
        expect(hellos + failed).toBeLessThanOrEqual(3);
      }),
      { numRuns: CASES / 10, seed: 20_260 },
    );
  });

  test('frames of noise: no exception', () => {
    const frame = fc.oneof(
      fc.uint8Array({ maxLength: 40 }),
      fc
        .tuple(fc.nat(700), fc.uint8Array({ maxLength: 40 }))
        .map(([offset, data]) => cryptoFrame(offset, data)),
      fc.constantFrom(...pieces),
    );
    fc.assert(
      fc.property(fc.array(frame, { maxLength: 20 }), (frames) => {
        const watched = watch(openCrypto);
        const packet = { dcid: DCID, keys: 'none', frames: concat(...frames), size: 1200 } as const;
        watched.feed([initialPacket(packet)]);
        watched.reader.end();
        checkTold(watched);
      }),
      { numRuns: CASES / 10, seed: 20_260 },
    );
  });
});
