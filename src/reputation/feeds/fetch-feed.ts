import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import type { IncomingMessage, OutgoingHttpHeaders } from 'node:http';
import type { Feed, Fetch, FetchOutcome, Validators } from './feed.ts';
import { httpsGet } from './https-get.ts';
import { readBody } from './read-body.ts';

const MAX_REDIRECTS = 3;
const MAX_CHECKSUM_BYTES = 4096;
const MAX_RETRY_AFTER_MS = 86_400_000;
const SHA256 = /^[0-9a-fA-F]{64}(?=\s|$)/;

/** Fetches a feed once. Never rejects; what went wrong is in the outcome, without any secret. */
export const fetchFeed: Fetch = async (feed, validators, signal) => {
  const limited = AbortSignal.any([signal, AbortSignal.timeout(feed.timeoutMs)]);
  try {
    const conditions = {
      ...(validators.etag === undefined ? {} : { 'if-none-match': validators.etag }),
      ...(validators.lastModified === undefined ? {} : { 'if-modified-since': validators.lastModified }),
    };
    const answer = await get(new URL(feed.url), { feed, extra: conditions, signal: limited });
    if (answer.statusCode === 304) {
      answer.resume();
      return { kind: 'unchanged' };
    }
    if (answer.statusCode !== 200) return refused(answer);
    const bytes = await readBody(answer, feed.maxBytes);
    if (bytes.length === 0) return failed('the answer is empty');
    await check(bytes, feed, limited);
    return { kind: 'new', bytes, validators: validatorsOf(answer) };
  } catch (error) {
    if (limited.aborted && !signal.aborted) return failed(`no answer within ${feed.timeoutMs / 1000} s`);
    return failed(error instanceof Error ? error.message : String(error));
  }
};

interface Request {
  readonly feed: Feed;
  readonly extra: OutgoingHttpHeaders;
  readonly signal: AbortSignal;
}

/** Follows a few redirections to HTTPS. Credentials go to the host that the configuration names, to no other. */
async function get(start: URL, { feed, extra, signal }: Request): Promise<IncomingMessage> {
  const credentials = await readHeaders(feed.headerFiles);
  const trusted = new URL(feed.url).origin;
  let url = start;
  for (let hop = 0; hop <= MAX_REDIRECTS; hop++) {
    if (url.protocol !== 'https:') throw new Error(`${url.protocol}//${url.host} is not HTTPS`);
    const headers = {
      'accept-encoding': 'gzip',
      'user-agent': 'telegen',
      ...extra,
      ...(url.origin === trusted ? credentials : {}),
    };
    const answer = await httpsGet(url, { headers, proxy: feed.proxy, caFile: feed.caFile, signal });
    const { location } = answer.headers;
    if (![301, 302, 303, 307, 308].includes(answer.statusCode ?? 0) || location === undefined) return answer;
    answer.resume();
    url = new URL(location, url);
  }
  throw new Error(`more than ${MAX_REDIRECTS} redirections`);
}

async function readHeaders(files: Readonly<Record<string, string>>): Promise<OutgoingHttpHeaders> {
  const headers: OutgoingHttpHeaders = {};
  for (const [name, file] of Object.entries(files)) {
    const value = (await readFile(file, 'utf8')).trim();
    if (value === '' || !/^[\x20-\x7e]*$/.test(value))
      throw new Error(`${file} does not hold a header value (one line of printable text)`);
    headers[name] = value;
  }
  return headers;
}

async function check(bytes: Buffer, feed: Feed, signal: AbortSignal): Promise<void> {
  if (feed.checksumUrl === undefined) return;
  const answer = await get(new URL(feed.checksumUrl), { feed, extra: {}, signal });
  if (answer.statusCode !== 200) throw new Error(`the checksum cannot be had: status ${answer.statusCode}`);
  const text = (await readBody(answer, MAX_CHECKSUM_BYTES)).toString('latin1').trim();
  const expected = SHA256.exec(text)?.[0].toLowerCase();
  if (expected === undefined) throw new Error('the checksum is no SHA-256 in hexadecimal');
  const actual = createHash('sha256').update(bytes).digest('hex');
  if (actual !== expected) throw new Error(`the checksum does not match: ${actual} instead of ${expected}`);
}

function validatorsOf({ headers }: IncomingMessage): Validators {
  const { etag, 'last-modified': lastModified } = headers;
  return {
    ...(etag === undefined ? {} : { etag }),
    ...(lastModified === undefined ? {} : { lastModified }),
  };
}

function refused(answer: IncomingMessage): FetchOutcome {
  answer.resume();
  const reason = `the server answered ${answer.statusCode}`;
  const seconds = Number(answer.headers['retry-after']);
  if (!(seconds > 0)) return failed(reason);
  return { kind: 'failed', reason, retryAfterMs: Math.min(seconds * 1000, MAX_RETRY_AFTER_MS) };
}

function failed(reason: string): FetchOutcome {
  return { kind: 'failed', reason };
}
