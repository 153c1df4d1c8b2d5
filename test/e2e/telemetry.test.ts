import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { eventually } from '../support/eventually.ts';
import { type OtlpReceiver, startOtlpReceiver } from '../support/otlp-receiver.ts';
import { openSandbox, type Sandbox, whyNoSandbox } from '../support/sandbox.ts';
import { endTelegens, type Telegen, watch } from '../support/telegen.ts';
import { LISTED_V4, listConfig } from './expectations.ts';

const skip = whyNoSandbox();

const SERVER = `
  const server = require('node:http').createServer((request, response) => response.end('hello'));
  server.listen(0, '127.0.0.1', () => console.log(server.address().port));
`;
const TRACE = '0af7651916cd43dd8448eb211c80319c';
const PARENT = 'b7ad6b7169203331';
const CLIENT = `
  const headers = { traceparent: '00-${TRACE}-${PARENT}-01', authorization: 'Bearer topsecret', 'x-note': 'seen' };
  const ask = (path) => fetch('http://127.0.0.1:' + process.argv[1] + path, { headers }).then((r) => r.text());
  ask('/health').then(() => ask('/users/42?token=topsecret')).then(() => console.log('done'));
`;

/** Answers every question with one address, as a resolver on this host would. */
const RESOLVER = `
  const socket = require('node:dgram').createSocket('udp4');
  socket.on('message', (query, from) => {
    const answer = Buffer.from(query);
    answer.writeUInt16BE(0x8180, 2);
    answer.writeUInt16BE(1, 6);
    const record = [0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4, ...process.argv[1].split('.').map(Number)];
    socket.send(Buffer.concat([answer, Buffer.from(record)]), from.port, from.address);
  });
  socket.bind(53, '127.0.0.1', () => console.log('ready'));
`;
/** Connects at once: the answer must be known before its connection is judged. */
const CALLER = `
  const resolver = new (require('node:dns').promises.Resolver)();
  resolver.setServers(['127.0.0.1']);
  resolver.resolve4('c2.example.com').then(([address]) => {
    const socket = require('node:net').connect({ host: address, port: 4444 });
    const end = () => { console.log('done'); process.exit(); };
    socket.on('error', end).on('connect', end).setTimeout(500, end);
  });
`;

interface Said {
  readonly attributes: Readonly<Record<string, unknown>>;
}

describe.skipIf(skip !== undefined)(
  `telemetry of a live run${skip === undefined ? '' : ` (SKIP: ${skip})`}`,
  () => {
    let sandbox: Sandbox;
    let receiver: OtlpReceiver;
    beforeAll(async () => {
      sandbox = await openSandbox();
    });
    afterEach(async () => {
      await sandbox?.endPrograms();
      await endTelegens();
      await receiver?.stop();
    });
    afterAll(() => sandbox?.close());

    /** A request to an excluded path and one to another, seen from both ends. */
    async function talk(): Promise<void> {
      const port = await sandbox.start([process.execPath, '-e', SERVER]).number();
      const client = sandbox.start([process.execPath, '-e', CLIENT, String(port)]);
      expect(await client.line()).toBe('done');
    }
    const httpOf = (telegen: Telegen): Said[] =>
      telegen
        .stdout()
        .split('\n')
        .filter((line) => line.includes('"event.name":"http"'))
        .map((line) => JSON.parse(line) as Said);

    it('exclude_paths, capture_headers and route shape what is printed; spans continue the trace of the request', async () => {
      receiver = await startOtlpReceiver();
      const settings = { exclude_paths: ['/health'], capture_headers: ['X-Note', 'Authorization'] };
      const telegen = await watch(sandbox, {
        config: {
          agent: { ebpf: { network: settings } },
          otlp: { endpoint: `http://${receiver.address}`, events: ['http'], spans: true },
        },
        args: ['--output', 'jsonl', '--events', 'http'],
      });
      await talk();
      await eventually(
        () => httpOf(telegen).length === 2 && receiver.spans.length === 2 && receiver.records.length === 2,
        () => `two exchanges everywhere: ${telegen.stdout()} ${telegen.stderr()}`,
      );
      const { stdout, stderr } = await telegen.stop();
      const wanted = {
        'http.method': 'GET',
        'http.route': '/users/{id}',
        'http.status_code': 200,
        'http.request.header.x-note': ['seen'],
        'http.request.header.authorization': ['***'],
      };
      for (const { attributes } of [...httpOf(telegen), ...receiver.records])
        expect(attributes).toMatchObject(wanted);
      expect(receiver.spans.map(({ kind }) => kind).toSorted((a, b) => a - b)).toEqual([2, 3]);
      for (const span of receiver.spans)
        expect(span).toMatchObject({ traceId: TRACE, parentSpanId: PARENT, statusCode: 0 });
      expect(JSON.stringify([stdout, receiver.records.map(({ attributes }) => attributes)])).not.toContain(
        'topsecret',
      );
      expect(stderr).toMatch(/^telegen: otlp\.spans: 2 accepted, 2 delivered$/m);
    });

    it('net.peer.name: an alert has the name that the process asked its resolver for', async () => {
      const telegen = await watch(sandbox, { config: listConfig(sandbox) });
      const resolver = sandbox.start([process.execPath, '-e', RESOLVER, LISTED_V4]);
      expect(await resolver.line()).toBe('ready');
      expect(await sandbox.start([process.execPath, '-e', CALLER]).line()).toBe('done');
      await eventually(
        () => telegen.alerts().length > 0,
        () => `an alert: ${telegen.stderr()}`,
      );
      await telegen.stop();
      expect(telegen.alerts()[0]?.attributes).toMatchObject({
        'net.peer.ip': LISTED_V4,
        'net.peer.name': 'c2.example.com',
      });
    });
  },
);
