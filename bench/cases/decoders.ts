import type { HeaderField } from '../../src/model/conversation.ts';
import { createDnsPairing } from '../../src/protocols/dns/pairing.ts';
import { parseDnsAnswers, parseDnsMessage } from '../../src/protocols/dns/parse-message.ts';
import { createHttp1Conversation } from '../../src/protocols/http1/conversation.ts';
import { createHpackDecoder } from '../../src/protocols/http2/hpack.ts';
import { message, name, QUERY, usualResponse } from '../../test/protocols/dns/encode.ts';
import { createHpackEncoder } from '../../test/protocols/http2/hpack-encoder.ts';
import { createRandom } from '../../test/support/traffic/random.ts';
import type { BenchContext, Benchmark } from '../model.ts';
import { takeTurns, type Work } from '../support/turns.ts';

const AT_LEAST = (value: number) => ({ sense: '>=', value }) as const;
const text = (value: string): Uint8Array => new TextEncoder().encode(value);
const MANY = 256;

export const decoders: Benchmark = {
  name: 'decoders',
  title: 'Decoders of protocols',
  work:
    'One thread, bytes in memory. HTTP/1: conversations of 50 requests of a browser (seven fields, 390 bytes) and their ' +
    'responses (six fields), read and paired into exchanges; each of both counts as a head. HPACK: header lists of eight fields ' +
    'by an encoder that uses every form by chance (seeded), 50 blocks a connection. DNS: a response with an alias, ' +
    'two addresses, authority, additional records and EDNS under 256 names, all sections as text, or the answers alone (the ' +
    'way of replay and live); queries and such responses paired into events.',
  compares: 'the decoders, in turns.',
  live: false,
  run: async ({ quick }: BenchContext) => takeTurns(works(quick ? 20_000 : 100_000), quick ? 3 : 11),
};

function works(count: number): readonly Work[] {
  return [http1(count), hpack(count), ...dns(count)];
}

function http1(count: number): Work {
  const heads = Array.from({ length: MANY }, (_, i) => ({
    request: text(
      `GET /users/${i}/orders?page=2 HTTP/1.1\r\nHost: www-${i}.example.com\r\nUser-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/130.0.0.0\r\n` +
        'Accept: text/html,application/xhtml+xml,*/*;q=0.8\r\nAccept-Language: en-US,en;q=0.5\r\nAccept-Encoding: gzip, deflate\r\n' +
        `Connection: keep-alive\r\nCookie: session=made-up-${i}\r\n\r\n`,
    ),
    response: text(
      'HTTP/1.1 200 OK\r\nServer: nginx\r\nDate: Mon, 15 Jan 2024 10:30:00 GMT\r\nContent-Type: text/html\r\nContent-Length: 2\r\n' +
        'Cache-Control: no-store\r\nVary: Accept-Encoding\r\n\r\nok',
    ),
  }));
  const turn = (): number => {
    let seen = 0;
    const onExchange = (): void => {
      seen++;
    };
    for (let done = 0; done < count / 2; ) {
      const conversation = createHttp1Conversation({ onExchange });
      for (let i = 0; i < 50; i++, done++) {
        const { request, response } = heads[done % MANY] as (typeof heads)[number];
        conversation.data('client', request, done);
        conversation.data('server', response, done);
      }
    }
    if (seen !== count / 2) throw new Error(`${seen} exchanges of ${count / 2}`);
    return seen;
  };
  return { label: 'HTTP/1', unit: 'heads/s', count, turn, target: AT_LEAST(1_000_000) };
}

const BLOCKS = 50;

function blocksOf(seed: number): Uint8Array[] {
  const encoder = createHpackEncoder(createRandom(seed).below);
  return Array.from({ length: BLOCKS }, (_, i) => {
    const fields: HeaderField[] = [
      [':method', 'GET'],
      [':scheme', 'http'],
      [':path', `/items/${seed}/${i}?page=2`],
      [':authority', 'api.example.com'],
      ['user-agent', 'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/130.0.0.0'],
      ['accept', '*/*'],
      ['accept-encoding', 'gzip, deflate, br'],
      ['x-request-id', `made-up-${seed}-${i}`],
    ];
    return encoder.encode(fields);
  });
}

function hpack(count: number): Work {
  const connections = Array.from({ length: 20 }, (_, seed) => blocksOf(seed));
  const turn = (): number => {
    let fields = 0;
    for (let done = 0; done < count; ) {
      const blocks = connections[(done / BLOCKS) % connections.length] as Uint8Array[];
      const decoder = createHpackDecoder();
      decoder.begin();
      for (const block of blocks) fields += decoder.decode(block, 0, block.length).fields.length;
      done += BLOCKS;
    }
    if (fields !== count * 8) throw new Error(`${fields} fields of ${count * 8}`);
    return fields;
  };
  return { label: 'HPACK', unit: 'blocks/s', count, turn, target: AT_LEAST(700_000) };
}

/** The name of a usual response, numbered: its first label is three letters long. */
function numbered(bytes: Uint8Array, index: number): Uint8Array {
  const own = Uint8Array.from(bytes);
  own.set(text(`w${String.fromCharCode(97 + (index >> 4), 97 + (index & 15))}`), 13);
  return own;
}

function dns(count: number): readonly Work[] {
  const query = message({ flags: QUERY, questions: [{ name: name('www.example.com'), type: 1 }] });
  const queries = Array.from({ length: MANY }, (_, i) => numbered(query, i));
  const responses = Array.from({ length: MANY }, (_, i) => numbered(usualResponse(), i));
  const parsing = (parse: typeof parseDnsMessage) => (): number => {
    let answers = 0;
    for (let i = 0; i < count; i++) {
      const bytes = responses[i % MANY] as Uint8Array;
      const parsed = parse(bytes, 0, bytes.length);
      if (!('error' in parsed)) answers += parsed.answers.length;
    }
    if (answers !== 3 * count) throw new Error(`${answers} answers of ${3 * count}`);
    return answers;
  };
  const pairing = (): number => {
    let events = 0;
    const pairs = createDnsPairing<number>({ keyOf: (key) => key, onResult: () => events++ });
    for (let i = 0; i < count / 2; i++) {
      for (const side of ['client', 'server'] as const) {
        const bytes = (side === 'client' ? queries : responses)[i % MANY] as Uint8Array;
        const parsed = parseDnsAnswers(bytes, 0, bytes.length);
        if (!('error' in parsed)) pairs.message(i, side, parsed, i / 10);
      }
    }
    if (events !== count / 2) throw new Error(`${events} events of ${count / 2}`);
    return events;
  };
  const unit = 'messages/s';
  const target = AT_LEAST(1_000_000);
  return [
    { label: 'DNS, all sections', unit, count, turn: parsing(parseDnsMessage), target },
    { label: 'DNS, answers alone', unit, count, turn: parsing(parseDnsAnswers), target },
    { label: 'DNS, paired into events', unit, count, turn: pairing, target },
  ];
}
