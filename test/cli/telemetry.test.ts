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
  const { feed, counters } = telemetry(
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
});

test('semantic_conventions change the names that leave, not those inside', () => {
  const { describe: inside, describeOut } = telemetry('semantic_conventions: otel', [], []);
  expect(inside(connection())).toHaveProperty(['net.peer.port'], 4444);
  expect(describeOut(connection())).toHaveProperty(['network.peer.port'], 4444);
  expect(describeOut(connection())).not.toHaveProperty(['net.peer.port']);
});
