import { describe, expect, test } from 'vitest';
import { unknownKeyHint } from '../../src/config/suggest.ts';
import { editDistance, nearest } from '../../src/net/nearest.ts';

test.each([
  ['', '', 0],
  ['abc', '', 3],
  ['enabeld', 'enabled', 1],
  ['retransmit', 'retransmits', 1],
  ['exclude', 'include', 2],
  ['kitten', 'sitting', 3],
])('from %j to %j are %i edits', (a, b, distance) => {
  expect(editDistance(a, b)).toBe(distance);
  expect(editDistance(b, a)).toBe(distance);
});

test.each([
  ['ringBufferSize', ['ring_buffer_size', 'interfaces'], 'ring_buffer_size'],
  ['sample-rate', ['sample_rate'], 'sample_rate'],
  ['rt', ['rtt', 'enabled'], 'rtt'],
  ['zzz', ['rtt', 'enabled'], undefined],
  ['x'.repeat(100_000), ['rtt'], undefined],
])('nearest to %.20s', (key, legal, name) => expect(nearest(key, legal)?.name).toBe(name));

describe('unknownKeyHint', () => {
  test.each([
    [['agent', 'network', 'dns'], 'enabeld', 'did you mean "enabled"?'],
    [['agent', 'network'], 'exclude_ports', '"exclude_ports" is legal at agent.ebpf.network.exclude_ports'],
    [[], 'network', '"network" is legal at agent.network, agent.ebpf.network'],
    [[], 'endpoint', '"endpoint" is legal at otlp.endpoint'],
    [['agent', 'network', 'dns'], 'rtt', '"rtt" is legal at agent.network.tcp.rtt'],
    [['agent'], 'zzzz', 'legal here: user, resources, network, ebpf, telemetry, kubernetes'],
    [['agent', 'network', 'dns'], '__proto__', 'legal here: enabled'],
    [['agent', 'network', 'dns'], 'constructor', 'legal here: enabled'],
  ])('in %j, %s: %s', (section, key, hint) => expect(unknownKeyHint(section, key)).toContain(hint));
});
