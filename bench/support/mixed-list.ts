/** Repeatable numbers, the same on every machine. */
export function createRandom(seed: number): (below: number) => number {
  let state = seed >>> 0;
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

/**
 * A list of so many different prefixes, 7 of 10 IPv4: of these 97 % single addresses, 2.5 % /24, the rest /16 to /20; of
 * the IPv6 ones 60 % single addresses, the others /48 and /64. All outside of reserved networks.
 */
export function mixedList(entries: number): string {
  const random = createRandom(7);
  const lines = new Set<string>();
  while (lines.size < entries) lines.add(random(10) < 7 ? v4(random) : v6(random));
  return `${[...lines].join('\n')}\n`;
}

function v4(random: (below: number) => number): string {
  const sort = random(1000);
  const [a, b, c, d] = [11 + random(89), random(256), random(256), random(256)];
  if (sort < 970) return `${a}.${b}.${c}.${d}`;
  return sort < 995 ? `${a}.${b}.${c}.0/24` : `${a}.${b}.0.0/${16 + random(5)}`;
}

function v6(random: (below: number) => number): string {
  const hex = () => random(0x10000).toString(16);
  const net = `2${random(0x1000).toString(16).padStart(3, '0')}:${hex()}`;
  const sort = random(10);
  if (sort < 6) return `${net}:${hex()}:${hex()}::${(1 + random(0xffff)).toString(16)}`;
  return sort < 8 ? `${net}:${hex()}::/48` : `${net}:${hex()}:${hex()}::/64`;
}
