import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { isAlive, pidInName } from './cgroups.ts';

/** Two network namespaces joined by a wire. Nothing of them is visible outside. */
export interface NamespacePair {
  /** 192.0.2.2 and 2001:db8:1::2. */
  readonly inside: string;
  /**
   * The world as seen from inside: 192.0.2.1 and 2001:db8:1::1, and every address of 198.51.100.0/24,
   * 203.0.113.0/25 and 2001:db8:bad::/48. No route leads to 203.0.113.128/25 or 2001:db8:ffff::/48.
   */
  readonly outside: string;
}

const NETNS_DIR = '/run/netns';

/** Runs a command to its end and returns what it printed; its error output is in the error when it fails. */
function run(command: string, args: readonly string[], input?: string): string {
  return execFileSync(command, args, {
    encoding: 'utf8',
    stdio: 'pipe',
    ...(input === undefined ? {} : { input }),
  });
}

/** The words that run a command in a namespace. (`ip netns exec` would hide the cgroup file system.) */
export function enterNamespace(namespace: string): string[] {
  return ['nsenter', `--net=${NETNS_DIR}/${namespace}`];
}

function runInside(namespace: string, words: readonly string[], input?: string): string {
  const [command, ...args] = [...enterNamespace(namespace), ...words] as [string, ...string[]];
  return run(command, args, input);
}

export function makeNamespacePair(name: string): NamespacePair {
  const pair = { inside: `${name}-inside`, outside: `${name}-outside` };
  try {
    buildPair(pair);
    return pair;
  } catch (error) {
    removeNamespacePair(pair);
    throw error;
  }
}

function buildPair({ inside, outside }: NamespacePair): void {
  for (const namespace of [inside, outside]) {
    run('ip', ['netns', 'add', namespace]);
    run('ip', ['-n', namespace, 'link', 'set', 'lo', 'up']);
  }
  run('ip', ['-n', inside, 'link', 'add', 'wire', 'type', 'veth', 'peer', 'name', 'wire', 'netns', outside]);
  batch(inside, [
    'link set wire up',
    'addr add 192.0.2.2/24 dev wire',
    'addr add 2001:db8:1::2/64 dev wire nodad',
  ]);
  batch(outside, [
    'link set wire up',
    'addr add 192.0.2.1/24 dev wire',
    'addr add 2001:db8:1::1/64 dev wire nodad',
    'route add local 198.51.100.0/24 dev lo',
    'route add local 203.0.113.0/24 dev lo',
    '-6 route add local 2001:db8:bad::/48 dev lo',
  ]);
  // IPv6 lets nobody bind to an address that only a route makes local.
  setSysctl(outside, 'net.ipv6.ip_nonlocal_bind', '1');
  // The kernel answers only a few refusals a second; tests count each.
  setSysctl(outside, 'net.ipv4.icmp_ratelimit', '0');
  setSysctl(outside, 'net.ipv6.icmp.ratelimit', '0');
  batch(inside, [
    'route add 198.51.100.0/24 via 192.0.2.1',
    'route add 203.0.113.0/25 via 192.0.2.1',
    '-6 route add 2001:db8:bad::/48 via 2001:db8:1::1',
  ]);
}

function batch(namespace: string, commands: readonly string[]): void {
  for (const command of commands) run('ip', ['-n', namespace, ...command.split(' ')]);
}

export function removeNamespacePair({ inside, outside }: NamespacePair): void {
  for (const namespace of [inside, outside]) removeNamespace(namespace);
}

function removeNamespace(namespace: string): void {
  if (existsSync(`${NETNS_DIR}/${namespace}`)) run('ip', ['netns', 'delete', namespace]);
}

/** Removes what tests that were killed left behind. */
export function removeStaleNamespaces(): void {
  if (!existsSync(NETNS_DIR)) return;
  for (const name of readdirSync(NETNS_DIR)) {
    const pid = pidInName(name);
    if (pid !== undefined && !isAlive(pid)) removeNamespace(name);
  }
}

/**
 * Replaces a namespace's packet filter; `rules` are nftables statements for packets that arrive, for example
 * `ip daddr 203.0.113.7 drop`. None: everything passes.
 */
export function filterArrivals(namespace: string, rules: readonly string[]): void {
  const chain = ['type filter hook input priority 0', ...rules].join('\n');
  const table = rules.length > 0 ? `table inet telegen {\nchain arrivals {\n${chain}\n}\n}\n` : '';
  runInside(namespace, ['nft', '-f', '-'], `flush ruleset\n${table}`);
}

/** Sends what leaves a namespace for one address and port to another, as kube-proxy does for a service. */
export function translate(
  namespace: string,
  from: { readonly ip: string; readonly port: number },
  to: { readonly ip: string; readonly port: number },
): void {
  const rule = `ip daddr ${from.ip} tcp dport ${from.port} dnat to ${to.ip}:${to.port}`;
  const chain = `chain out {\ntype nat hook output priority -100\n${rule}\n}`;
  runInside(namespace, ['nft', '-f', '-'], `table ip telegen_services {\n${chain}\n}\n`);
}

export function setSysctl(namespace: string, name: string, value: string): void {
  runInside(namespace, ['sysctl', '-q', '-w', `${name}=${value}`]);
}

/** How many TCP connections in it have not ended; those that only wait out their time have. */
export function openConnections(namespace: string): number {
  const listed = runInside(namespace, ['ss', '-Htn', 'state', 'connected', 'exclude', 'time-wait']);
  return listed.split('\n').filter((line) => line !== '').length;
}
