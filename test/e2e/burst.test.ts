import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { eventually } from '../support/eventually.ts';
import { openConnections } from '../support/namespaces.ts';
import { openSandbox, type Sandbox, whyNoSandbox } from '../support/sandbox.ts';
import { brief, endTelegens, type OutputLine, type Telegen, watch } from '../support/telegen.ts';
import { ISO_TIME, UID } from './expectations.ts';

const skip = whyNoSandbox();
const CONNECTIONS = 10_000;
const PHASES = ['attempted', 'established', 'closed'] as const;

function countBy(lines: readonly OutputLine[], attribute: string, weight?: string): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { attributes } of lines) {
    const key = String(attributes[attribute]);
    counts[key] = (counts[key] ?? 0) + (weight === undefined ? 1 : Number(attributes[weight]));
  }
  return counts;
}

/** How many lines there are by now; looks at each character once. */
function lineCounter(text: () => string): () => number {
  let at = 0;
  let lines = 0;
  return () => {
    const all = text();
    for (let end = all.indexOf('\n', at); end >= 0; end = all.indexOf('\n', at)) {
      lines += 1;
      at = end + 1;
    }
    return lines;
  };
}

/** `records: attempted 10 (2 dropped), ...` as numbers. */
function booksOf(stderr: string): Record<string, { submitted: number; dropped: number }> {
  const line = /^telegen: records: (.*)$/m.exec(stderr)?.[1] ?? '';
  const entries = [...line.matchAll(/(\w+) (\d+)(?: \((\d+) dropped\))?/g)];
  return Object.fromEntries(
    entries.map(([, name, submitted, dropped]) => [
      name,
      { submitted: Number(submitted), dropped: Number(dropped ?? 0) },
    ]),
  );
}

describe.skipIf(skip !== undefined)(
  `a burst of connections${skip === undefined ? '' : ` (SKIP: ${skip})`}`,
  () => {
    let sandbox: Sandbox;

    beforeAll(async () => {
      sandbox = await openSandbox();
    });
    afterEach(async () => {
      await sandbox?.endPrograms();
      await endTelegens();
    });
    afterAll(() => sandbox?.close());

    /** Watches the client's end only; waits for so many lines before it ends the program. */
    async function burst(address: string, network: object, lines = 0): Promise<Telegen> {
      const server = sandbox.peer(
        `tcp4 bind ${address} 8080 listen port repeat ${CONNECTIONS} accept close`,
        {
          cgroup: 'none',
          namespace: 'outside',
        },
      );
      await server.number();
      // A machine that is short of time must not cost lines here: they are what is counted.
      const config = { agent: { network, resources: { max_lag: '1m' } } };
      const telegen = await watch(sandbox, { config, args: ['--output', 'jsonl', '--events', 'connection'] });
      await sandbox.peer(`repeat ${CONNECTIONS} tcp4 connect ${address} 8080 eof close`).end();
      await server.end();
      // The processes may end before the last ACK arrives, and it may be lost: a FIN is sent again, and the connection closes then.
      await eventually(
        () => openConnections(sandbox.namespaces.inside) === 0,
        () => `${openConnections(sandbox.namespaces.inside)} connections to close`,
      );
      // It ends in bounded time, whether or not this process has read everything by then.
      const printed = lineCounter(() => telegen.stdout());
      await eventually(
        () => printed() >= lines,
        () => `${lines} lines; there are ${printed()}`,
      );
      await telegen.stop();
      return telegen;
    }

    function checkBooks(telegen: Telegen): { printed: Record<string, number>; lost: Record<string, number> } {
      const printed = countBy(telegen.events(), 'telegen.phase');
      const losses = telegen.alerts();
      const lost = countBy(losses, 'telegen.loss.kind', 'telegen.count');
      const books = booksOf(telegen.stderr());
      for (const loss of losses) {
        expect(loss).toEqual({
          timestamp: ISO_TIME,
          severity: 'WARNING',
          body: `Sensor lost ${brief(loss, 'telegen.count', 'telegen.loss.kind')} records`,
          attributes: {
            'network.event_type': 'telegen.loss',
            'telegen.loss.kind': expect.any(String),
            'telegen.loss.reason': 'ring_full',
            'telegen.count': expect.any(Number),
            'log.record.uid': UID,
          },
        });
      }
      for (const phase of PHASES) {
        expect((printed[phase] ?? 0) + (lost[phase] ?? 0), phase).toBe(CONNECTIONS);
        expect(books[phase], phase).toEqual({ submitted: printed[phase] ?? 0, dropped: lost[phase] ?? 0 });
      }
      expect(telegen.stderr()).toContain(`--events: ${telegen.events().length} printed, 0 lost`);
      expect(telegen.stderr()).toContain(`, ${losses.length} loss reports`);
      return { printed, lost };
    }

    it('is reported whole with the default ring', async () => {
      const telegen = await burst('203.0.113.7', {}, PHASES.length * CONNECTIONS);
      const { printed, lost } = checkBooks(telegen);
      expect(printed).toEqual(Object.fromEntries(PHASES.map((phase) => [phase, CONNECTIONS])));
      expect(lost).toEqual({});
    });

    it('is reported or counted as lost, to the last record, with the smallest ring', async () => {
      const telegen = await burst('203.0.113.9', { ring_buffer_size: 4096 });
      checkBooks(telegen);
    });

    it('is counted as lost when nobody drains the ring, and telegen goes on afterwards', async () => {
      const small = await watch(sandbox, {
        config: { agent: { network: { ring_buffer_size: 4096 }, resources: { max_lag: '1m' } } },
        args: ['--output', 'jsonl', '--events', 'connection'],
      });
      small.signal('SIGSTOP');
      await sandbox.peer('repeat 500 tcp4 connect 203.0.113.8 8080 close').end();
      small.signal('SIGCONT');
      await small.alert(
        'a loss report',
        (alert) => alert.attributes['network.event_type'] === 'telegen.loss',
      );
      await sandbox.peer('tcp4 connect 203.0.113.8 4444 close').end();
      await small.alert('an alert after the loss', (alert) => alert.attributes['net.peer.port'] === 4444);
      await small.stop();
      const printed = countBy(small.events(), 'telegen.phase');
      const losses = small
        .alerts()
        .filter((alert) => alert.attributes['network.event_type'] === 'telegen.loss');
      const lost = countBy(losses, 'telegen.loss.kind', 'telegen.count');
      expect(lost.attempted).toBeGreaterThan(0);
      for (const phase of ['attempted', 'failed'])
        expect((printed[phase] ?? 0) + (lost[phase] ?? 0), phase).toBe(501);
    });
  },
);
