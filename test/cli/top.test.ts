import { describe, expect, test } from 'vitest';
import type { PacketsReport } from '../../src/cli/metrics/packets-report.ts';
import { figure, top, topText } from '../../src/cli/top.ts';
import type { Talkers } from '../../src/telemetry/aggregate/talkers.ts';

test.each([
  [0, '0'],
  [0.4, '0'],
  [999, '999'],
  [1000, '1.00k'],
  [1_534_000, '1.53M'],
  [2e9, '2.00G'],
  [999_400, '999k'],
  [999_600, '1.00M'],
  [123_456, '123k'],
  [5e15, '5000T'],
])('%d is %s', (value, text) => expect(figure(value)).toBe(text));

const window: Talkers = {
  interface: 'eth0',
  direction: 'outbound',
  timestamp: '',
  interval_ms: 1000,
  packets_per_second: 1200,
  bits_per_second: 9_600_000,
  packets: 1200,
  bytes: 1_200_000,
  syn: 3,
  rst: 1,
  sources_seen: 2,
  services: [
    { protocol: 'tcp', port: 443, packets: 1000, bytes: 1_000_000, syn: 3 },
    { protocol: 'icmp', port: 0, packets: 200, bytes: 200_000, syn: 0 },
  ],
  sources: Array.from({ length: 9 }, (_, i) => ({ ip: `192.0.2.${i}`, packets: 9 - i, bytes: 1, syn: 0 })),
  destinations: [],
  listed: [],
  senders: [{ pid: 7, name: 'evil\u001b[2J', packets: 1, bytes: 1 }],
};
const report = (windows: readonly Talkers[]): PacketsReport =>
  ({
    interfaces: [
      { name: 'eth0', index: 2, inbound: 'xdp-native', outbound: 'tc-egress' },
      { name: 'eth1', index: 3 },
    ],
    windows,
  }) as unknown as PacketsReport;

describe('the screen', () => {
  test('shows the busiest of each list, and nothing that a terminal would obey', () => {
    const text = topText(report([window]));
    expect(text).toContain(
      'watching eth0 (in: xdp-native, out: tc-egress); eth1 (in: not seen, out: not seen)\n',
    );
    expect(text).toContain('eth0 outbound  1.20k packets/s  9.60M bit/s  2 sources  3 SYN  1 RST\n');
    expect(text).toMatch(/service +tcp\/443 +1\.00k packets +1\.00M bytes\n +icmp +200 packets/);
    expect(text.match(/192\.0\.2\./g)).toHaveLength(5);
    expect(text).toContain('evil\\u{1b}[2J (7)');
    expect(text).not.toContain('\u001b');
  });

  test('without packets', () => {
    expect(topText(report([{ ...window, packets: 0 }]))).toContain('no packets in the last window');
  });
});

test('no agent is an error that names address and cure', async () => {
  await expect(
    top({ url: 'http://127.0.0.1:1', once: true, format: 'text', interval: 1 }),
  ).rejects.toMatchObject({
    code: 'TELEGEN_AGENT',
    message: expect.stringContaining('ECONNREFUSED') as string,
  });
});
