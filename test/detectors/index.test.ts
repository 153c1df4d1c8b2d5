import { expect, test } from 'vitest';
import { loadConfig } from '../../src/config/load.ts';
import { createDetectors, type DetectorOptions, type DetectorPorts } from '../../src/detectors/index.ts';
import { connection } from './events.ts';

const OFF: DetectorOptions = {
  suspiciousPorts: [],
  externalConnectionAlerts: false,
  unexpectedProtocols: loadConfig(undefined).config.network.security.unexpectedProtocols,
  internalNetworks: ['10.0.0.0/8'],
  allow: { cidrs: [], ports: [], processes: [] },
};
const reputation = {
  lookup: () => [{ list: 'bad', entry: '198.51.100.50', line: 1 }],
  lookupName: () => [],
  hasNames: () => false,
};

test.each<[name: string, options: Partial<DetectorOptions>, ports: DetectorPorts, names: string[]]>([
  ['nothing', {}, {}, []],
  ['ports', { suspiciousPorts: [4444] }, {}, ['suspicious-ports']],
  ['lists', {}, { reputation }, ['blocklist']],
  [
    'protocols',
    { unexpectedProtocols: { ...OFF.unexpectedProtocols, enabled: true } },
    {},
    ['unexpected-protocol'],
  ],
  ['egress', { externalConnectionAlerts: true }, {}, ['external-egress']],
  [
    'all',
    { suspiciousPorts: [4444], externalConnectionAlerts: true },
    { reputation },
    ['blocklist', 'suspicious-ports', 'external-egress'],
  ],
])('switched on: %s', (_, options, ports, names) => {
  expect(createDetectors({ ...OFF, ...options }, ports).map(({ name }) => name)).toEqual(names);
});

test('of one event the blocklist is gravest, then the port, then the way out', () => {
  const detectors = createDetectors(
    { ...OFF, suspiciousPorts: [4444], externalConnectionAlerts: true },
    { reputation },
  );
  const findings = detectors.map(
    (detector) => detector.inspect(connection({ remote: '198.51.100.50 4444' }))!,
  );
  const byGravity = findings.toSorted((a, b) => b.gravity - a.gravity);
  expect(byGravity.map(({ reason }) => reason)).toEqual([
    'blocklist',
    'suspicious_port',
    'external_connection',
  ]);
  expect(new Set(byGravity.map(({ gravity }) => gravity)).size).toBe(3);
});
