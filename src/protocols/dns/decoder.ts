import type { DnsFailure, DnsFault, DnsMessage } from './message.ts';
import { parseDnsAnswers } from './parse-message.ts';

export interface DnsDecodeCounters {
  /** Messages given out, incomplete ones included. */
  readonly messages: number;
  /** Bytes that were no message, and messages that were not readable to their end, by reason. */
  readonly failures: Readonly<Record<DnsFault, number>>;
  readonly incomplete: Readonly<Record<DnsFault, number>>;
  /** Records whose data did not fit their type. */
  readonly oddRecords: number;
}

export interface DnsDecoder {
  /** The message in `bytes` from `start` to `end`; undefined, and counted, for what is none. */
  decode(bytes: Uint8Array, start: number, end: number): DnsMessage | undefined;
  readonly counters: DnsDecodeCounters;
}

type Parse = (bytes: Uint8Array, start: number, end: number) => DnsMessage | DnsFailure;

/** Decodes messages and counts what it could not read. By default without authority and additional records. */
export function createDnsDecoder(parse: Parse = parseDnsAnswers): DnsDecoder {
  const counters = { messages: 0, failures: noFaults(), incomplete: noFaults(), oddRecords: 0 };
  return {
    counters,
    decode(bytes, start, end) {
      const message = parse(bytes, start, end);
      if ('error' in message) {
        counters.failures[message.error]++;
        return undefined;
      }
      counters.messages++;
      counters.oddRecords += message.oddRecords;
      if (message.fault !== undefined) counters.incomplete[message.fault]++;
      return message;
    },
  };
}

function noFaults(): Record<DnsFault, number> {
  return { cut: 0, 'label-type': 0, pointer: 0, 'name-length': 0, 'too-large': 0 };
}
