import { readFileSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { eventually } from '../support/eventually.ts';
import { enterNamespace } from '../support/namespaces.ts';
import { startNginx } from '../support/nginx.ts';
import { sendFrames } from '../support/packet-watch.ts';
import { type Bytes, ETHER, ethernet, ipv4, PROTO, tcp } from '../support/packets.ts';
import { openSandbox, type Sandbox, whyNoSandbox } from '../support/sandbox.ts';
import { endTelegens, type OutputLine, type Telegen, watch } from '../support/telegen.ts';

const skip = whyNoSandbox();
const HOST = '192.0.2.2';
const SOURCES = 10_000;
const ROUND_MS = 250;
const FLOOD_MS = 6_000;
/** A second; far more than twenty times what the visitors do. */
const FLOOD_RATE = 6_000;
/** Before an interface alerts; what is usual is learned meanwhile. */
const WARM_UP_MS = 4_000;

describe.skipIf(skip !== undefined)(`floods${skip === undefined ? '' : ` (SKIP: ${skip})`}`, () => {
  let sandbox: Sandbox;
  beforeAll(async () => {
    sandbox = await openSandbox();
  });
  afterEach(async () => {
    await sandbox?.endPrograms();
    await endTelegens();
  });
  afterAll(() => sandbox?.close());

  const start = (): Promise<Telegen> =>
    watch(sandbox, {
      wrap: enterNamespace(sandbox.namespaces.inside),
      config: {
        rules: { enabled: false },
        agent: {
          // The connections of a crowd are enough work for a small machine.
          ebpf: { network: { enabled: false } },
          network: {
            xdp: { enabled: true, interfaces: ['wire'] },
            security: {
              packet_rate: { warm_up: '4s', end_after: '5s' },
              external_connection_alerts: false,
              blocklists: [],
            },
          },
        },
      },
    });
  /** A server that is there to be flooded, and telegen, which watches the wire to it. */
  async function serve() {
    const nginx = await startNginx({
      sandbox,
      files: { 'small.txt': 'x' },
      address: HOST,
      place: { namespace: 'inside' },
    });
    const telegen = await start();
    await telegen.says('interface wire: tc-ingress and tc-egress');
    return { nginx, telegen, url: `http://${HOST}:${nginx.port}/small.txt` };
  }
  const rateAlerts = (telegen: Telegen): OutputLine[] =>
    telegen.alerts().filter(({ attributes }) => attributes['telegen.detector'] === 'packet-rate');
  const phase = (telegen: Telegen, wanted: string): OutputLine | undefined =>
    rateAlerts(telegen).find(({ attributes }) => attributes['telegen.rate.phase'] === wanted);
  const memory = (telegen: Telegen): number =>
    Number(/^RssAnon:\s+(\d+)/m.exec(readFileSync(`/proc/${telegen.pid}/status`, 'utf8'))?.[1]) * 1024;

  it('SYN from 10,000 made-up addresses: one start, one end; visitors are served, memory stays', async () => {
    const { nginx, telegen, url } = await serve();
    let isOver = false;
    const visits = visitors(url, () => isOver);
    await pause(WARM_UP_MS + 1_000);
    expect(rateAlerts(telegen)).toEqual([]);
    const before = memory(telegen);

    const began = performance.now();
    const perRound = (FLOOD_RATE * ROUND_MS) / 1000;
    const frames = Array.from({ length: SOURCES }, (_, n) => syn(n, nginx.port));
    for (let sent = 0; performance.now() - began < FLOOD_MS; sent += perRound) {
      const load = Array.from({ length: perRound }, (_, i) => frames[(sent + i) % SOURCES] as Bytes);
      await sendFrames(
        sandbox,
        load.map((frame) => [frame, 1]),
      );
      await pause(Math.max(0, began + (sent / perRound + 1) * ROUND_MS - performance.now()));
    }
    const flood = phase(telegen, 'start');
    expect(flood, telegen.stdout()).toMatchObject({
      severity: 'WARNING',
      body: expect.stringMatching(
        new RegExp(`^SYN flood on wire, tcp/${nginx.port}: \\d+ SYN/s, \\d+ usual$`),
      ),
      attributes: {
        'network.event_type': 'packet_rate_anomaly',
        'network.interface.name': 'wire',
        'telegen.rate.kind': 'syn_flood',
        'telegen.rate.spread': 'spoofed',
        'net.host.port': nginx.port,
      },
    });
    await eventually(() => phase(telegen, 'end') !== undefined, 'the end of the flood');
    isOver = true;
    const { count, failed } = await visits;
    expect(failed).toEqual([]);
    expect(count).toBeGreaterThan(50);
    expect(rateAlerts(telegen).map(({ attributes }) => attributes['telegen.rate.phase'])).toEqual([
      'start',
      'end',
    ]);
    expect(memory(telegen) - before).toBeLessThan(64 << 20);
    const { code, stderr } = await telegen.stop();
    expect(code, stderr).toBe(0);
  });

  it('a crowd that shakes hands is no flood', async () => {
    const { nginx, telegen, url } = await serve();
    await pause(WARM_UP_MS + 1_000);
    // Sixty addresses of the outer namespace, a connection for each request, as fast as they go until it is told.
    const round = (n: number): string =>
      `for i in $(seq ${n * 20 + 1} ${n * 20 + 20}); do ab -q -B 198.51.100.$i -n 100 -c 10 ${url} >/dev/null || exit 1; done`;
    const crowd = Array.from({ length: 3 }, (_, n) =>
      sandbox.start(['sh', '-c', `while :; do ${round(n)}; done`], { cgroup: 'none', namespace: 'outside' }),
    );
    await telegen.alert('the crowd', ({ attributes }) => attributes['telegen.rate.kind'] === 'flash_crowd');
    await pause(1_500);
    for (const each of crowd) await each.kill();
    expect(nginx.log().length).toBeGreaterThan(200);
    const told = rateAlerts(telegen).map(
      ({ severity, attributes }) => `${severity} ${String(attributes['telegen.rate.kind'])}`,
    );
    expect(new Set(told)).toEqual(new Set(['INFO flash_crowd']));
    await telegen.stop();
  });

  /** Real requests from outside, one after the other, until told to stop. */
  async function visitors(
    url: string,
    isOver: () => boolean,
  ): Promise<{ readonly count: number; readonly failed: readonly string[] }> {
    const failed: string[] = [];
    let count = 0;
    for (; !isOver(); count++) {
      const { exit, errors } = await sandbox
        .start(['curl', '-sS', '-f', '--max-time', '5', '-o', '/dev/null', url], {
          cgroup: 'none',
          namespace: 'outside',
        })
        .ended();
      if (exit !== '0') failed.push(`${exit}: ${errors}`);
      await pause(50);
    }
    return { count, failed };
  }
});

/** Made-up addresses to which no route leads back but through the wire. */
function syn(n: number, dstPort: number): Bytes {
  const src = `10.${n % 7}.${n >> 8}.${n & 255}`;
  return ethernet(
    ETHER.ipv4,
    ipv4({ src, dst: HOST, protocol: PROTO.tcp }, tcp({ srcPort: 1024 + n, dstPort, flags: 'S' })),
  );
}
