import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Delivery } from '../../src/alerts/deliver.ts';
import { createMerger } from '../../src/alerts/merge.ts';
import { createDnsNames } from '../../src/enrich/dns-names.ts';
import type { InterfaceFilter } from '../../src/enrich/interfaces.ts';
import type { ProcessTable } from '../../src/enrich/process-table.ts';
import type { Detector, JudgedEvent } from '../../src/model/detector.ts';
import type {
  ConnectionEvent,
  ContentEvent,
  PacketEvent,
  ProcessEvent,
  TelegenEvent,
} from '../../src/model/event.ts';
import type { Alert } from '../../src/model/finding.ts';
import type { IpAddress } from '../../src/model/ip-address.ts';
import type { Process } from '../../src/model/process.ts';
import { connectionAttributes, eventAttributes } from '../../src/net/event-attributes.ts';
import { formatIp } from '../../src/net/ip.ts';
import { createEngine, type EngineParts } from '../../src/pipeline/engine.ts';
import { connection, finding, TIME_MS } from '../alerts/fixtures.ts';
import { packetRate, probe } from '../support/packet-events.ts';

const OWNER = connection().owner!;
const PROCESS: Process = { pid: OWNER.pid, key: 'resolved', name: 'resolved', ancestors: [] };

function detector(name: string, judge: (event: JudgedEvent) => boolean, gravity = 50): Detector {
  const inspect = (event: JudgedEvent) =>
    judge(event)
      ? finding({ detector: name, reason: name, body: `body of ${name}`, gravity, event })
      : undefined;
  return { name, inspect };
}

/** An engine between what a test gives and what it gathers. */
function build(parts: Partial<EngineParts> = {}) {
  const sent: Alert[] = [];
  const seen: TelegenEvent[] = [];
  const observed: ProcessEvent[] = [];
  const problems: string[] = [];
  let uid = 0;
  const newUid = (): string => `uid-${uid++}`;
  const processes: Pick<ProcessTable, 'observe' | 'resolve' | 'workloadOf'> = {
    observe: (event) => observed.push(event),
    resolve: () => PROCESS,
    workloadOf: () => undefined,
  };
  const delivery: Pick<Delivery, 'send'> = { send: (alert) => sent.push(alert) };
  const engine = createEngine({
    processes: processes as ProcessTable,
    detectors: [],
    merger: createMerger({ windowMs: 60_000, newUid }),
    delivery: delivery as Delivery,
    interfaces: undefined,
    newUid,
    onEvent: (event) => seen.push(event),
    onProblem: (message) => problems.push(message),
    ...parts,
  });
  return { engine, sent, seen, observed, problems };
}

const exec: ProcessEvent = { kind: 'process', action: 'exec', timeMs: TIME_MS, owner: OWNER };

function question(): ContentEvent {
  const { kind: _kind, phase: _phase, ...facts } = connection();
  const dns = {
    id: 1,
    questionName: 'a.example',
    questionType: 'A',
    retries: 0,
    outcome: 'timeout',
  } as const;
  return { ...facts, kind: 'dns', dns };
}

describe('both ends in a cluster', () => {
  const pod = { podName: 'db-0', namespace: 'shop' };
  const service = { name: 'db', namespace: 'shop' };
  const asked: string[] = [];
  const cluster = {
    workloadAt: (ip: IpAddress, port: number) => {
      asked.push(`workload ${formatIp(ip)} ${port}`);
      return pod;
    },
    serviceAt: (ip: IpAddress, port: number) => {
      asked.push(`service ${formatIp(ip)} ${port}`);
      return service;
    },
    isOwn: () => false,
  };

  it.each([
    ['with a process', connection({ process: undefined, workload: undefined })],
    ['without', connection({ owner: undefined })],
    ['dns', question()],
    ['dns, without a process', { ...question(), owner: undefined }],
  ])('are looked up: %s', (_title, event) => {
    const { engine, seen } = build({ cluster });
    engine.handle(event);
    expect(seen[0]).toMatchObject({ peerWorkload: pod, service });
  });

  it('the service is that of the end that listens', () => {
    for (const role of ['client', 'server'] as const) {
      asked.length = 0;
      const { engine, seen } = build({ cluster });
      engine.handle(connection({ role }));
      expect(eventAttributes(seen[0]!)).toMatchObject({
        'net.peer.k8s.pod.name': 'db-0',
        'net.peer.k8s.namespace.name': 'shop',
        [role === 'client' ? 'net.peer.k8s.service.name' : 'k8s.service.name']: 'db',
      });
      const end = role === 'client' ? '198.51.100.50 4444' : '192.0.2.10 40000';
      expect(new Set(asked)).toEqual(new Set(['workload 198.51.100.50 4444', `service ${end}`]));
    }
  });

  it('nothing is asked when nobody wants to know, and nothing is told without a cluster', () => {
    asked.length = 0;
    build({ cluster, onEvent: () => undefined }).engine.handle(connection());
    expect(asked).toEqual([]);
    const { engine, seen } = build();
    engine.handle(connection());
    expect(Object.keys(eventAttributes(seen[0]!)).filter((name) => name.startsWith('net.peer.k8s'))).toEqual(
      [],
    );
  });
});

describe('the engine', () => {
  it('resolves who it was before anybody sees the event', () => {
    const { engine, seen } = build();
    engine.handle(connection({ process: undefined }));
    const [event] = seen as ConnectionEvent[];
    expect([event?.process, event?.workload]).toEqual([PROCESS, undefined]);
    const expected = connectionAttributes(connection({ process: PROCESS, workload: undefined }));
    expect(connectionAttributes(event!)).toEqual(expected);
  });

  it('judges what is said inside a conversation, with its process', () => {
    const { kind: _, phase: __, ...facts } = connection({ process: undefined, workload: undefined });
    const question = { id: 1, questionName: 'bad.example', questionType: 'A', retries: 0 } as const;
    const dns: ContentEvent = { ...facts, kind: 'dns', dns: { ...question, outcome: 'timeout' } };
    const { engine, sent, seen } = build({ detectors: [detector('names', ({ kind }) => kind === 'dns')] });
    engine.handle(dns);
    const [event] = seen as ContentEvent[];
    expect([event?.kind, event?.local, event?.remote, event?.owner]).toEqual([
      'dns',
      dns.local,
      dns.remote,
      OWNER,
    ]);
    expect([event?.process, event?.workload]).toEqual([PROCESS, undefined]);
    expect(sent[0]?.attributes).toMatchObject({
      'dns.question.name': 'bad.example',
      'process.pid': OWNER.pid,
    });
  });

  it('invents no process for a connection whose owner is unknown', () => {
    const { engine, seen } = build();
    const orphan = connection({ owner: undefined, process: undefined, workload: undefined });
    engine.handle(orphan);
    expect(seen).toEqual([orphan]);
  });

  it('shows processes to the process table and to the printer, never to a detector', () => {
    const { engine, observed, seen, sent } = build({ detectors: [detector('all', () => true)] });
    engine.handle(exec);
    expect([observed, seen, sent]).toEqual([[exec], [exec], []]);
    expect(engine.counters).toMatchObject({ received: 1, handled: 1, findings: 0 });
  });

  it('makes one alert of all findings of one connection, the gravest first', () => {
    const detectors = [
      detector('low', () => true, 10),
      detector('none', () => false, 99),
      detector('high', () => true, 80),
    ];
    const { engine, sent } = build({ detectors });
    engine.handle(connection());
    expect(sent).toHaveLength(1);
    expect(sent[0]).toMatchObject({
      body: 'body of high',
      attributes: {
        'telegen.reasons': ['high', 'low'],
        'telegen.detector': 'high',
        'net.peer.ip': '198.51.100.50',
      },
    });
    expect(engine.counters).toMatchObject({ findings: 2, candidates: 1 });
  });

  it('goes on when a detector throws, and says so once', () => {
    const broken: Detector = {
      name: 'broken',
      inspect: () => {
        throw new Error('oh no');
      },
    };
    const { engine, sent, problems } = build({ detectors: [broken, detector('good', () => true)] });
    engine.handle(connection());
    engine.handle(connection({ remote: connection().local }));
    expect(sent).toHaveLength(2);
    expect(problems).toEqual(['detector broken failed: Error: oh no']);
  });

  it('leaves out what the interface filter leaves out, entirely', () => {
    const interfaces: InterfaceFilter = { allows: () => false };
    const { engine, sent, seen } = build({ interfaces, detectors: [detector('all', () => true)] });
    engine.handle(connection());
    expect([sent, seen]).toEqual([[], []]);
    expect(engine.counters).toMatchObject({ received: 1, handled: 0, filtered: 1, findings: 0 });
  });

  it('sends closing records at the tick after the window, and the rest at the end', () => {
    const { engine, sent } = build({ detectors: [detector('all', () => true)] });
    for (let i = 0; i < 5; i++) engine.handle(connection({ timeMs: TIME_MS + i }));
    engine.tick(TIME_MS + 59_999);
    expect(sent).toHaveLength(1);
    engine.tick(TIME_MS + 60_001);
    expect(sent).toHaveLength(2);
    expect(sent[1]?.attributes).toMatchObject({ 'telegen.summary': true, 'telegen.count': 5 });
    for (let i = 0; i < 3; i++) engine.handle(connection({ timeMs: TIME_MS + 70_000 + i }));
    engine.finish(TIME_MS + 70_010);
    expect(sent.slice(2).map(({ attributes }) => attributes['telegen.count'])).toEqual([undefined, 3]);
  });

  it('reports loss as an alert and as an event', () => {
    const { engine, sent, seen } = build();
    const loss = { kind: 'loss', timeMs: TIME_MS, what: 'attempted', reason: 'ring_full', count: 7 } as const;
    engine.reportLoss(loss);
    expect(seen).toEqual([loss]);
    expect(sent).toEqual([
      {
        uid: 'uid-0',
        timeMs: TIME_MS,
        severity: 'WARNING',
        body: 'Sensor lost 7 attempted records',
        attributes: {
          'network.event_type': 'telegen.loss',
          'telegen.loss.kind': 'attempted',
          'telegen.loss.reason': 'ring_full',
          'telegen.count': 7,
        },
      },
    ]);
    expect(engine.counters.lossReports).toBe(1);
  });

  it('keeps its books whatever comes: received = handled + filtered, findings = combined, sent + merged', () => {
    const peer = fc.integer({ min: 1, max: 4 });
    const row = fc.record({
      isProcess: fc.boolean(),
      filtered: fc.boolean(),
      port: peer,
      peer,
      owner: fc.boolean(),
    });
    fc.assert(
      fc.property(fc.array(row, { maxLength: 60 }), (rows) => {
        const merger = createMerger({ windowMs: 1_000, newUid: () => 'u' });
        const interfaces: InterfaceFilter = { allows: (local) => local.w3 !== 0 };
        const detectors = [
          detector('odd', ({ remote }) => remote.port % 2 === 1),
          detector('small', ({ remote }) => remote.port < 3),
        ];
        const { engine, seen, sent } = build({ merger, interfaces, detectors });
        const ip = (w3: number) => ({ family: 4, w0: 0, w1: 0, w2: 0, w3 }) as const;
        for (const [index, each] of rows.entries()) {
          if (each.isProcess) {
            engine.handle(exec);
            continue;
          }
          const local = { ip: ip(each.filtered ? 0 : 1), port: 1 };
          const remote = { ip: ip(each.peer), port: each.port };
          const owner = each.owner ? OWNER : undefined;
          engine.handle(
            connection({ local, remote, owner, process: undefined, timeMs: TIME_MS + index * 100 }),
          );
        }
        engine.finish(TIME_MS + 100_000);
        const { received, handled, filtered, findings, candidates } = engine.counters;
        expect(received).toBe(rows.length);
        expect(handled + filtered).toBe(received);
        expect(seen).toHaveLength(handled);
        const looked = rows.filter((each) => !each.isProcess && !each.filtered);
        expect(findings).toBe(looked.reduce((sum, { port }) => sum + (port % 2) + Number(port < 3), 0));
        expect(candidates).toBe(looked.filter(({ port }) => port % 2 === 1 || port < 3).length);
        expect(merger.counters.findings).toBe(candidates);
        expect(merger.counters.sent + merger.counters.merged).toBe(candidates);
        expect(sent).toHaveLength(merger.counters.sent + merger.counters.summaries);
      }),
    );
  });
});

describe('names for addresses', () => {
  const names = () => createDnsNames({ host: 'machine' });
  const { kind: _, phase: __, ...facts } = connection({ process: undefined, workload: undefined });
  const asked = {
    id: 1,
    questionName: 'c2.example',
    questionType: 'A',
    outcome: 'answered',
    retries: 0,
  } as const;
  const answers = [{ name: 'c2.example', type: 'A', ttlSeconds: 60, data: '198.51.100.50' }];
  const dns: ContentEvent = { ...facts, kind: 'dns', dns: { ...asked, answers } };

  it('are learned from DNS before anybody is shown what follows, and stand in alerts', () => {
    const { engine, sent, seen } = build({
      names: names(),
      detectors: [detector('named', (event) => event.peerNames?.includes('c2.example') === true)],
    });
    engine.handle(connection());
    engine.handle(dns);
    engine.handle(connection({ timeMs: TIME_MS + 1 }));
    expect(seen.map((event) => (event as ConnectionEvent).peerNames)).toEqual([
      [],
      ['c2.example'],
      ['c2.example'],
    ]);
    expect(sent[0]?.attributes['net.peer.name']).toBe('c2.example');
  });

  it('need no process', () => {
    const { engine, seen } = build({ names: names() });
    engine.handle({ ...dns, owner: undefined });
    engine.handle(connection({ owner: undefined }));
    expect((seen[1] as ConnectionEvent).peerNames).toEqual(['c2.example']);
  });

  it('are not learned on interfaces that are not looked at', () => {
    const interfaces: InterfaceFilter = { allows: () => false };
    const learned = names();
    const { engine } = build({ names: learned, interfaces });
    engine.handle(dns);
    expect(learned.size).toBe(0);
  });
});

it('describes what is in an alert as it was told to', () => {
  const describeEvent = () => ({ 'net.peer.ip': 'described' });
  const { engine, sent } = build({ describe: describeEvent, detectors: [detector('all', () => true)] });
  engine.handle(connection());
  expect(sent[0]?.attributes['net.peer.ip']).toBe('described');
});

describe('packets', () => {
  const said = (body: string, event: PacketEvent) =>
    finding({ detector: 'counts', body, mergeAs: body, event, alone: true });

  it('go to the detectors that look at them, to rules and to telemetry; each finding is an alert of its own', () => {
    const asked: TelegenEvent[] = [];
    const counts: Detector = {
      name: 'counts',
      asks: ['packet_rate'],
      inspect: () => undefined,
      inspectPackets: (event) => [said('first', event), said('second', event)],
    };
    const rules = {
      asks: [],
      inspect: (event: TelegenEvent) => {
        asked.push(event);
        return [];
      },
      tick: () => [],
      finish: () => [],
    };
    const { engine, sent, seen } = build({ detectors: [counts, detector('other', () => true)], rules });
    const event = packetRate([{ protocol: 'udp', port: 53, packets: 9 }]);
    engine.handlePackets(event);
    expect(sent.map(({ body }) => body)).toEqual(['first', 'second']);
    expect(sent[0]?.attributes).toMatchObject({
      'network.interface.name': 'eth0',
      'telegen.packets.count': 9,
    });
    expect([seen, asked]).toEqual([[event], [event]]);
    expect(engine.counters).toMatchObject({ received: 1, handled: 1, findings: 2, candidates: 2 });
  });

  it('are told with the processes that send much', () => {
    const { engine, seen } = build();
    const senders = [{ owner: OWNER, packets: 9, bytes: 540 }];
    engine.handlePackets(packetRate([], { senders }));
    expect(seen).toEqual([
      packetRate([], { senders: [{ ...senders[0]!, process: PROCESS, workload: undefined }] }),
    ]);
  });

  it('what falls due by the second, or at the end, becomes alerts', () => {
    const counts: Detector = {
      name: 'counts',
      inspect: () => undefined,
      tick: () => [said('over', probe())],
      finish: () => [said('unobserved', probe())],
    };
    const { engine, sent } = build({ detectors: [counts] });
    engine.tick(TIME_MS);
    engine.finish(TIME_MS);
    expect(sent.map(({ body }) => body)).toEqual(['over', 'unobserved']);
  });

  it('a finding about more than its event is not combined with those about it', () => {
    const series = detector('series', () => true, 10);
    const alone: Detector = {
      ...series,
      inspect: (event) => ({ ...series.inspect(event)!, alone: true, mergeAs: 'series' }),
    };
    const { engine, sent } = build({
      detectors: [detector('list', () => true), alone, detector('port', () => true)],
    });
    engine.handle(connection());
    expect(sent.map(({ attributes }) => attributes['telegen.reasons'])).toEqual([
      ['list', 'port'],
      ['series'],
    ]);
  });

  it('a detector that throws on them is named once and does not stop the others', () => {
    const broken: Detector = {
      name: 'broken',
      inspect: () => undefined,
      inspectPackets: () => {
        throw new Error('no');
      },
      tick: () => {
        throw new Error('no');
      },
    };
    const counts: Detector = {
      name: 'counts',
      inspect: () => undefined,
      inspectPackets: (event) => [said('found', event)],
    };
    const { engine, sent, problems } = build({ detectors: [broken, counts] });
    engine.handlePackets(probe());
    engine.tick(TIME_MS);
    expect(sent).toHaveLength(1);
    expect(problems).toEqual(['detector broken failed: Error: no']);
  });
});
