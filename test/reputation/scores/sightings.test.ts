import { expect, test } from 'vitest';
import { blocklist } from '../../../src/detectors/blocklist.ts';
import { reputation } from '../../../src/detectors/reputation.ts';
import type { Finding } from '../../../src/model/finding.ts';
import type { Score } from '../../../src/model/lookup.ts';
import { parseIp } from '../../../src/net/ip.ts';
import { compileList } from '../../../src/reputation/compiled-list.ts';
import { createLookup } from '../../../src/reputation/lookup.ts';
import { parseList } from '../../../src/reputation/parse-list.ts';
import { RESERVED_NETWORKS } from '../../../src/reputation/reserved.ts';
import { exempting, sightingsOf } from '../../../src/reputation/scores/sightings.ts';
import { accepted, connection } from '../../detectors/events.ts';

const list = (name: string, text: string) => compileList(parseList(text, { role: 'block' }), { name });
const lookup = createLookup({
  block: [list('bad', '198.51.100.0/24\nevil.example.com\n')],
  allow: [list('good', '198.51.100.9\nfine.example.com\n')],
  guard: RESERVED_NETWORKS,
});
const score: Score = {
  value: '198.51.100.7',
  score: 60,
  sources: ['x'],
  agents: 1,
  sightings: 1,
  firstSeenMs: 0,
  lastSeenMs: 0,
};
const scores = exempting(
  { scoreOf: () => score, scoreOfName: () => ({ ...score, value: 'evil.example.com' }) },
  lookup,
);

test('what was found on a list is told to the fleet, by address; what the fleet told is not told again', () => {
  const told: string[] = [];
  const sight = sightingsOf({ sight: (value, { source }) => told.push(`${value} ${source}`) }, lookup, 1000);
  const event = connection({ remote: '198.51.100.7 443' });
  const found = [blocklist(lookup).inspect(event)!, reputation(scores, { threshold: 50 }).inspect(event)!];
  sight(found);
  const port = (remote: string): Finding => ({
    ...found[0]!,
    detector: 'suspicious-ports',
    event: connection({ remote }),
  });
  sight([port('203.0.113.5 4444'), port('10.1.2.3 4444'), port('198.51.100.9 4444')]);
  sight([
    { ...found[0]!, subject: 'evil.example.com' },
    { ...found[0]!, subject: 'fine.example.com' },
  ]);
  expect(told).toEqual([
    '198.51.100.7 blocklist',
    '203.0.113.5 suspicious-ports',
    'evil.example.com blocklist',
  ]);
});

test('what this host allows is not judged by others', () => {
  const asked = ['198.51.100.9', '10.1.2.3', '198.51.100.7'].map(
    (ip) => scores.scoreOf(parseIp(ip)!, 0)?.score,
  );
  expect(asked).toEqual([undefined, undefined, 60]);
  expect([
    scores.scoreOfName('a.fine.example.com', 0),
    scores.scoreOfName('evil.example.com', 0)?.score,
  ]).toEqual([undefined, 60]);
});

test('a finding carries the score, and needs it to be high enough', () => {
  const detector = reputation(scores, { threshold: 60 });
  const event = connection({ remote: '198.51.100.7 443' });
  expect(detector.inspect(event)).toEqual({
    detector: 'reputation',
    eventType: 'suspicious_connection',
    severity: 'WARNING',
    gravity: 70,
    body: 'Suspicious outbound connection to IP of bad reputation',
    reason: 'reputation',
    event,
    attributes: {
      'telegen.reputation.score': 60,
      'telegen.reputation.value': '198.51.100.7',
      'telegen.reputation.sources': ['x'],
      'telegen.reputation.agents': 1,
      'telegen.reputation.sightings': 1,
      'telegen.reputation.first_seen': '1970-01-01T00:00:00.000Z',
      'telegen.reputation.last_seen': '1970-01-01T00:00:00.000Z',
    },
  });
  expect(detector.inspect(accepted({ remote: '198.51.100.7 443' }))?.body).toMatch(/inbound/);
  const { kind: _, phase: __, ...facts } = event;
  const dns = {
    id: 1,
    questionName: 'evil.example.com',
    questionType: 'A',
    outcome: 'answered',
    retries: 0,
  } as const;
  expect(detector.inspect({ ...facts, kind: 'dns', dns })).toMatchObject({
    subject: 'evil.example.com',
    reason: 'reputation',
  });
  expect(detector.inspect(connection({ remote: '10.1.2.3 443' }))).toBeUndefined();
  expect(detector.inspect({ ...event, phase: 'closed' })).toBeUndefined();
  expect(reputation(scores, { threshold: 61 }).inspect(event)).toBeUndefined();
});
