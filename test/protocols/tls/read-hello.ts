import type { TlsFacts } from '../../../src/model/conversation.ts';
import {
  createTlsHelloReader,
  type TlsCounters,
  type TlsFault,
} from '../../../src/protocols/tls/hello-reader.ts';

export interface HelloOutcome {
  readonly hellos: readonly TlsFacts[];
  readonly counters: TlsCounters;
  readonly faults: readonly TlsFault[];
}

/** What a reader makes of these pieces; each is handed over in a buffer that is overwritten afterwards. */
export function readHello(pieces: readonly Uint8Array[]): HelloOutcome {
  const hellos: TlsFacts[] = [];
  const reader = createTlsHelloReader({ onHello: (facts) => hellos.push(facts) });
  for (const piece of pieces) {
    const reused = piece.slice();
    reader.data('client', reused, 1);
    reused.fill(0xee);
  }
  reader.end(2, false);
  const { counters } = reader;
  const faults = (Object.keys(counters.failures) as TlsFault[]).filter(
    (fault) => counters.failures[fault] > 0,
  );
  return { hellos, counters, faults };
}
