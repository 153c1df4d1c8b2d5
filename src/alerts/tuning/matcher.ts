import type { Alert, AttributeValue } from '../../model/finding.ts';
import { compileGlob } from '../../net/glob.ts';
import { parseIp } from '../../net/ip.ts';
import { parsePrefixSet } from '../../net/prefix-set.ts';
import type { Match } from './tuning.ts';

export type Matcher = (alert: Pick<Alert, 'severity' | 'attributes'>) => boolean;
type Test = (value: string | number | boolean) => boolean;

const isNetwork = (text: string): boolean => /^[0-9a-f:.]+\/\d+$/i.test(text);

function testOf(wanted: string | number | boolean): Test {
  if (typeof wanted !== 'string') return (value) => value === wanted;
  if (isNetwork(wanted)) {
    const network = parsePrefixSet([wanted], 'match');
    return (value) => {
      const ip = typeof value === 'string' ? parseIp(value) : undefined;
      return ip !== undefined && network.has(ip);
    };
  }
  const fits = compileGlob(wanted);
  // A number in quotes, such as a port, still means the number.
  return (value) => fits(String(value));
}

function fits(value: AttributeValue | undefined, tests: readonly Test[]): boolean {
  if (value === undefined) return false;
  const values = typeof value === 'object' ? value : [value];
  return values.some((one) => tests.some((test) => test(one)));
}

/** Text is a glob (`*`), or a network such as 198.51.100.0/24. Throws TelegenError on a network that is none. */
export function compileMatch(match: Match): Matcher {
  const tests = Object.entries(match).map(([name, values]) => [name, values.map(testOf)] as const);
  return ({ severity, attributes }) =>
    tests.every(([name, wanted]) => fits(name === 'severity' ? severity : attributes[name], wanted));
}
