import { describe, expect, test } from 'vitest';
import { createTelemetry } from '../../src/cli/telemetry.ts';
import type { Detector } from '../../src/model/detector.ts';
import type { ContentKind, EventKind, TelegenEvent } from '../../src/model/event.ts';
import { connection } from '../alerts/fixtures.ts';
import { loadText } from '../config/helpers.ts';

const detector = (asks?: readonly ContentKind[]): Detector => ({
  name: 'example',
  ...(asks !== undefined && { asks }),
  inspect: () => undefined,
});

function telemetry(yaml: string, detectors: readonly Detector[], wanted: readonly EventKind[]) {
  return createTelemetry({ config: loadText(yaml).config, detectors, host: 'machine', wanted });
}

describe('what is decoded', () => {
  const noDns = 'agent: {network: {dns: {enabled: false}}}';
  const nothing = 'agent: {network: {dns: {enabled: false}}, ebpf: {network: {enabled: false}}}';
  const cases: [string, string, readonly Detector[], readonly EventKind[], readonly ContentKind[]][] = [
    ['nothing that nobody wants', '{}', [], [], []],
    ['DNS, for the names in alerts', '{}', [detector([])], [], ['dns']],
    ['DNS, for the names of connections', '{}', [], ['connection'], ['dns']],
    ['what is printed', '{}', [], ['http', 'tls'], ['dns', 'http', 'tls']],
    ['no DNS where it is off', noDns, [detector([])], ['connection', 'dns', 'http'], ['http']],
    ['nothing that is off', nothing, [detector([])], ['dns', 'http', 'grpc', 'tls'], []],
    [
      'what a detector asks for, off or not',
      nothing,
      [detector(['http']), detector(['dns'])],
      [],
      ['dns', 'http'],
    ],
    ['all for a detector that does not say', nothing, [detector()], [], ['dns', 'grpc', 'http', 'tls']],
  ];
  test.each(cases)('%s', (_, yaml, detectors, wanted, kinds) => {
    expect([...telemetry(yaml, detectors, wanted).contents.kinds].toSorted()).toEqual(kinds);
  });

  test('agent.network.http.max_body_capture reaches the readers', () => {
    const { contents } = telemetry('agent: {network: {http: {max_body_capture: 99}}}', [], []);
    expect(contents.maxBodyBytes).toBe(99);
  });
});

test('consumers get what the filter shows', () => {
  const { feed, counters, summary } = telemetry(
    'agent: {ebpf: {network: {exclude_ports: [4444]}}}',
    [],
    ['connection'],
  );
  const seen: TelegenEvent[][] = [[], []];
  const onEvent = feed(...seen.map((list) => (event: TelegenEvent) => void list.push(event)));
  const shown = connection({ remote: { ...connection().remote, port: 80 } });
  onEvent(connection());
  onEvent(shown);
  expect(seen).toEqual([[shown], [shown]]);
  expect(counters).toMatchObject({ offered: 2, shown: 1, withheld: { port: 1 } });
  expect(summary()).toEqual(['telemetry: 1 events shown, 1 withheld (port)']);
});

test('semantic_conventions change the names that leave, not those inside', () => {
  const { describe: inside, describeOut } = telemetry('semantic_conventions: otel', [], []);
  expect(inside(connection())).toHaveProperty(['net.peer.port'], 4444);
  expect(describeOut(connection())).toHaveProperty(['network.peer.port'], 4444);
  expect(describeOut(connection())).not.toHaveProperty(['net.peer.port']);
});

test('the books tell of names and routes when there are any', () => {
  const {
    describe: inside,
    names,
    summary,
  } = telemetry('agent: {network: {http: {route: {max_per_service: 1}}}}', [], []);
  expect(summary()).toEqual([]);
  const { kind: _, phase: __, ...facts } = connection();
  const said = {
    version: '1.1',
    requestHeaders: [],
    responseHeaders: [],
    outcome: 'complete',
    partial: false,
  } as const;
  for (const target of ['/a', '/b'])
    inside({ ...facts, kind: 'http', http: { ...said, target, statusCode: 200 } });
  const answers = [{ name: 'a.example', type: 'A', ttlSeconds: 60, data: '203.0.113.1' }];
  const asked = {
    id: 1,
    questionName: 'a.example',
    questionType: 'A',
    outcome: 'answered',
    retries: 0,
  } as const;
  names.observe({ ...facts, kind: 'dns', dns: { ...asked, answers } });
  expect(summary()).toEqual([
    'names for addresses: 1 learned, 0 forgotten for lack of room',
    'routes: 1 requests told as /*, 0 services forgotten',
  ]);
});
