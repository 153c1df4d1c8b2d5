import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { eventually } from '../support/eventually.ts';
import type { Program } from '../support/programs.ts';
import { openSandbox, type Sandbox, whyNoSandbox } from '../support/sandbox.ts';
import {
  command,
  endTelegens,
  type OutputLine,
  type Telegen,
  tellsOfClock,
  watch,
} from '../support/telegen.ts';

const skip = whyNoSandbox();
/** Not the default: a telegen of this machine may have that one. */
const PORT = 19_391;
const URL_ = `http://127.0.0.1:${PORT}`;
const listen = { port: PORT };

interface Shown {
  readonly topology: { readonly edges: readonly { readonly target: string }[] };
}

/** Values of `/metrics` by series, as text. */
async function scrape(): Promise<Record<string, number>> {
  const text = await (await fetch(`${URL_}/metrics`)).text();
  const lines = text.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  return Object.fromEntries(
    lines.map((line) => [
      line.slice(0, line.lastIndexOf(' ')),
      Number(line.slice(line.lastIndexOf(' ') + 1)),
    ]),
  );
}

/** Series that say something, for messages. */
const seen = (values: Record<string, number>): string =>
  Object.entries(values)
    .filter(([name, value]) => value !== 0 && !/_bucket|telegen_metric|telegen_hook/.test(name))
    .map(([name, value]) => `\n${name} ${value}`)
    .join('');

/** Scrapes until it holds; scrapes are shared for a quarter of a second. */
async function metrics(
  what: string,
  holds: (values: Record<string, number>) => boolean,
): Promise<Record<string, number>> {
  let values: Record<string, number> = {};
  let asking = false;
  await eventually(
    () => {
      if (!asking) {
        asking = true;
        void scrape().then(
          (next) => {
            values = next;
            asking = false;
          },
          () => {
            asking = false;
          },
        );
      }
      return holds(values);
    },
    () => `${what}; seen: ${seen(values)}`,
  );
  return values;
}

describe.skipIf(skip !== undefined)(`telemetry of the real program ${skip ? `(SKIP: ${skip})` : ''}`, () => {
  let sandbox: Sandbox;
  let telegen: Telegen;

  beforeAll(async () => {
    sandbox = await openSandbox();
  });
  afterEach(async () => {
    await sandbox.endPrograms();
    await endTelegens();
  });
  afterAll(() => sandbox?.close());

  const start = async (telemetry: object = {}, network: object = {}): Promise<void> => {
    telegen = await watch(sandbox, { config: { agent: { telemetry: { listen, ...telemetry }, network } } });
  };

  /** One connection between two peers on loopback; both wait for a word before they close. */
  const connect = async (bytes: readonly [number, number]) => {
    const server = sandbox.peer(
      `tcp4 bind 127.0.0.1 0 listen port accept recv ${bytes[0]} send ${bytes[1]} say served eof close`,
    );
    const port = await server.number();
    const client = sandbox.peer(
      `tcp4 connect 127.0.0.1 ${port} send ${bytes[0]} recv ${bytes[1]} say done wait close`,
    );
    await client.line();
    return { port, server, client, flow: `src_ip="127.0.0.1",dst_ip="127.0.0.1",dst_port="${port}"` };
  };

  it('counts a connection once although both of its ends are here, byte for byte', async () => {
    await start();
    const { client, server, flow } = await connect([1_000, 70_000]);
    const open = 'telegen_tcp_connections{state="established",client="peer",server="peer"}';
    await metrics(
      'the open connection',
      (values) => values[open] === 1 && values[`tcp_connections{${flow}}`] === 1,
    );
    client.go();
    await client.end();
    await server.end();
    const values = await metrics(
      'the end of the connection',
      (found) => found[`tcp_connections{${flow}}`] === 0,
    );
    expect(values[`tcp_bytes_sent_total{${flow}}`]).toBe(1_000);
    expect(values[`tcp_bytes_received_total{${flow}}`]).toBe(70_000);
    expect(values[`tcp_connections_opened_total{${flow}}`]).toBe(1);
    expect(values[`tcp_rtt_us{${flow}}`]).toBeGreaterThan(0);
    expect(values.telegen_tcp_segments_total).toBeGreaterThan(4);
    expect(values[open]).toBeUndefined();
    expect(values.telegen_records_received_total).toBeGreaterThan(4);
  });

  it('counts a connection while it is open, and one older than telegen from the start of telegen on', async () => {
    const serve = (port: number): string =>
      `tcp4 bind 127.0.0.1 ${port} listen say up accept recv 1000 send 9 recv 500 send 7 say again eof close`;
    const talk = (port: number): string =>
      `tcp4 connect 127.0.0.1 ${port} send 1000 recv 9 say one wait send 500 recv 7 say two wait close`;
    const older = { server: sandbox.peer(serve(18_201)), client: undefined as Program | undefined };
    await older.server.line();
    older.client = sandbox.peer(talk(18_201));
    await older.client.line();
    await start();
    const younger = { server: sandbox.peer(serve(18_202)), client: undefined as Program | undefined };
    await younger.server.line();
    younger.client = sandbox.peer(talk(18_202));
    await younger.client.line();
    const open = 'telegen_tcp_connections{state="established",client="peer",server="peer"}';
    await metrics('both connections', (values) => values[open] === 2);
    for (const { client } of [older, younger]) {
      client?.go();
      await client?.line();
    }
    const sent = (port: number): string =>
      `tcp_bytes_sent_total{src_ip="127.0.0.1",dst_ip="127.0.0.1",dst_port="${port}"}`;
    const received = (port: number): string => sent(port).replace('sent', 'received');
    const values = await metrics(
      'what they sent',
      (found) => found[sent(18_201)] === 500 && found[sent(18_202)] === 1_500,
    );
    expect(values[received(18_201)]).toBe(7);
    expect(values[received(18_202)]).toBe(16);
    expect(values.telegen_tracked_sockets).toBe(4);
    for (const { client, server } of [older, younger]) {
      client?.go();
      await client?.end();
      await server.end();
    }
    const over = await metrics('their ends', (found) => found.telegen_tracked_sockets === 0);
    expect([over[sent(18_201)], over[sent(18_202)]]).toEqual([500, 1_500]);
    expect([over[received(18_201)], over[received(18_202)], over[open]]).toEqual([7, 16, undefined]);
  });

  it('topology: one edge, the same over HTTP and from the command', async () => {
    await start();
    const { client } = await connect([10, 20]);
    await metrics('the conversation', (values) => values.telegen_tracked_conversations === 1);
    const { topology } = (await (await fetch(`${URL_}/api/v1/topology`)).json()) as {
      topology: { edges: object[] };
    };
    expect(topology).toMatchObject({
      nodes: [{ id: 'peer', type: 'process' }],
      edges: [{ source: 'peer', target: 'peer', attributes: { protocol: 'tcp', error_rate: 0 } }],
    });
    const { code, stdout } = await command(['topology', '--url', URL_]);
    expect(code).toBe(0);
    expect(parse(stdout)).toMatchObject({
      topology: { nodes: [{ id: 'peer' }], edges: [{ source: 'peer' }] },
    });
    client.go();
    await client.end();
  });

  it('HTTP: both ends, by service and status, and one edge', async () => {
    await start();
    const server = sandbox.start([
      'python3',
      '-u',
      '-m',
      'http.server',
      '18080',
      '--bind',
      '127.0.0.1',
      '--directory',
      sandbox.folder,
    ]);
    await server.line();
    for (const path of ['/', '/', '/missing'])
      await sandbox.start(['curl', '-s', '-o', '/dev/null', `http://127.0.0.1:18080${path}`]).end();
    await metrics(
      'the requests',
      (found) => found['telegen_metric_series{metric="http_server_requests"}'] === 2,
    );
    const { topology } = (await (await fetch(`${URL_}/api/v1/topology`)).json()) as Shown;
    expect(topology.edges).toMatchObject([
      { source: 'curl', attributes: { protocol: 'http', error_rate: 0 } },
    ]);
    // The interpreter's real name has its version in it.
    const python = topology.edges[0]?.target ?? '';
    expect(python).toMatch(/^python3/);
    const served = `service_name="${python}",method="GET"`;
    const found = `${served},http_route="/",status_code="200"`;
    const values = await metrics(
      'all of them',
      (all) => all[`http_server_requests_total{${served},status_code="404"}`] === 1,
    );
    expect(values[`http_server_requests_total{${found}}`]).toBe(2);
    expect(values[`http_server_duration_count{${found}}`]).toBe(2);
    const asked = `service_name="curl",method="GET",http_route="/",status_code="200",peer_service="${python}"`;
    expect(values[`http_client_requests_total{${asked}}`]).toBe(2);
    expect(values[`traces_service_graph_request_total{client="curl",server="${python}"}`]).toBe(3);
  });

  it('a refused connection is an error of its kind', async () => {
    await start();
    const before = await metrics('the first scrape', (values) => Object.keys(values).length > 0);
    const refused = 'telegen_tcp_connection_errors_total{error_type="refused"}';
    expect(before[refused]).toBe(0);
    await sandbox.peer('tcp4 connect 127.0.0.1 9').ended();
    await metrics('the error', (values) => values[refused] === 1);
  });

  it('switches act', async () => {
    await start({}, { tcp: { rtt: false, sample_rate: 1 } });
    const { client, flow } = await connect([1, 1]);
    const values = await metrics('the flow', (found) => found[`tcp_connections{${flow}}`] === 1);
    expect(Object.keys(values).filter((name) => name.includes('rtt'))).toEqual([]);
    client.go();
  });

  it('is ready once the hooks are attached, and shows the alerts', async () => {
    await start();
    await telegen.says('metrics and topology at');
    const ready = await fetch(`${URL_}/readyz`);
    expect([ready.status, await ready.json()]).toMatchObject([
      200,
      { status: 'ready', hooks: { connect4: 'ok' } },
    ]);
    await sandbox.peer('tcp4 connect 127.0.0.1 4444').ended();
    const alert = await telegen.alert('the alert');
    const { alerts } = (await (await fetch(`${URL_}/api/v1/alerts`)).json()) as { alerts: OutputLine[] };
    expect(alerts.filter((shown) => !tellsOfClock(shown))).toEqual([alert]);
  });

  it('enabled: false opens no port and costs no detection', async () => {
    await start({ enabled: false });
    await expect(fetch(`${URL_}/healthz`)).rejects.toThrow();
    await sandbox.peer('tcp4 connect 127.0.0.1 4444').ended();
    await telegen.alert('the alert');
  });
});
