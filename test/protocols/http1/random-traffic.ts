import { client, type Piece, server } from './stream-pieces.ts';

export interface Exchange {
  readonly id: string;
  readonly method: string;
  readonly statusCode: number;
  readonly requestBody: number;
  readonly responseBody: number;
  readonly fields: readonly string[];
}

export interface Traffic {
  readonly pieces: readonly Piece[];
  readonly exchanges: readonly Exchange[];
}

type Roll = (n: number) => number;

const LETTERS = 'abc <>/{}:\r\n HTTP/1.1 GET 0123456789';
const STATUS = [200, 201, 204, 302, 304, 404, 500];
const METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'DELETE', 'PATCH'];

/**
 * A connection as a client and a server may have it. `depth` is how many requests wait at most: 1 is a client that waits
 * for every response; a deeper one sends so many in one piece, or keeps so many waiting.
 */
export function randomTraffic(roll: Roll, count: number, depth: number, interim = roll(3) === 0): Traffic {
  const exchanges: Exchange[] = [];
  const pieces: Piece[] = [];
  const waiting: { readonly exchange: Exchange; readonly reply: string }[] = [];
  let timeMs = 1;
  const batches = roll(2) === 0;
  for (let i = 0; i < count || waiting.length > 0; ) {
    while (waiting.length < depth && i < count) {
      const { exchange, request, reply } = randomExchange(roll, `/r${i++}`, interim);
      exchanges.push(exchange);
      pieces.push(client(request, timeMs));
      waiting.push({ exchange, reply });
    }
    timeMs += 1 + roll(5);
    for (let answers = batches ? waiting.length : 1; answers > 0; answers--) {
      pieces.push(server(waiting.shift()?.reply ?? '', timeMs));
      timeMs += roll(3);
    }
  }
  return { pieces, exchanges };
}

function randomExchange(roll: Roll, id: string, mayHint: boolean) {
  const method = METHODS[roll(METHODS.length)] ?? 'GET';
  const statusCode = STATUS[roll(STATUS.length)] ?? 200;
  const eol = roll(4) === 0 ? '\n' : '\r\n';
  const fields = Array.from({ length: roll(4) }, (_, n) => `x-f${n}: ${id}-${'v'.repeat(roll(30))}`);
  const sends = method === 'POST' || method === 'PUT' || method === 'PATCH';
  const request = randomBody(roll, sends, eol);
  const answers = method !== 'HEAD' && statusCode !== 204 && statusCode !== 304;
  const response = randomBody(roll, answers, eol);
  const head = (line: string, more: readonly string[]): string => [line, ...more, '', ''].join(eol);
  const interim = mayHint && roll(4) === 0 ? head('HTTP/1.1 100 Continue', []) : '';
  const expect = mayHint ? ['Expect: 100-continue'] : [];
  const exchange: Exchange = {
    id,
    method,
    statusCode,
    requestBody: request.length,
    responseBody: response.length,
    fields: [`x-id: ${id}`, 'host: example.com', ...fields],
  };
  const more = [...fields, `X-Id: ${id}`];
  return {
    exchange,
    request:
      head(`${method} ${id} HTTP/1.1`, ['Host: example.com', ...expect, ...more, ...request.fields]) +
      request.text,
    reply:
      interim + head(`HTTP/1.1 ${statusCode} Some Reason`, [...more, ...response.fields]) + response.text,
  };
}

function randomBody(roll: Roll, hasBody: boolean, eol: string) {
  const length = hasBody ? roll(roll(6) === 0 ? 4000 : 150) : 0;
  const text = Array.from({ length }, () => LETTERS[roll(LETTERS.length)]).join('');
  if (!hasBody) return { length, text, fields: [] };
  if (roll(2) === 0) return { length, text, fields: [`Content-Length: ${length}`] };
  let chunks = '';
  for (let at = 0; at < length; ) {
    const size = Math.min(length - at, 1 + roll(100));
    chunks += size.toString(16) + eol + text.slice(at, at + size) + eol;
    at += size;
  }
  const trailer = roll(3) === 0 ? `X-Sum: 1${eol}` : '';
  return { length, text: `${chunks}0${eol}${trailer}${eol}`, fields: ['Transfer-Encoding: chunked'] };
}
