import { describe, expect, it } from 'vitest';
import { createInterfaceFilter, type InterfaceFilterOptions } from '../../src/enrich/interfaces.ts';
import { parseIp } from '../../src/net/ip.ts';

const HOST: Readonly<Record<string, readonly string[]>> = {
  lo: ['127.0.0.1', '::1'],
  eth0: ['192.0.2.10', '2001:db8::10', 'fe80::1%eth0'],
  eth1: ['198.51.100.10'],
  veth1: ['203.0.113.1'],
  docker0: ['203.0.113.65', '192.0.2.10'],
};
const addresses = () => new Map(Object.entries(HOST));
const ip = (text: string) => parseIp(text)!;

function watched(options: Omit<InterfaceFilterOptions, 'addresses'>): string[] {
  const filter = createInterfaceFilter({ ...options, addresses })!;
  const all = [
    '127.0.0.1',
    '::1',
    '192.0.2.10',
    '2001:db8::10',
    '198.51.100.10',
    '203.0.113.1',
    '203.0.113.65',
  ];
  return all.filter((text) => filter.allows(ip(text), 0));
}

describe('the interface filter', () => {
  it('is none when nothing is configured', () => {
    expect(createInterfaceFilter({ include: [], exclude: [], addresses })).toBeUndefined();
  });

  it.each([
    ['one included', ['eth1'], [], ['198.51.100.10']],
    ['a glob', ['eth*'], [], ['192.0.2.10', '2001:db8::10', '198.51.100.10']],
    ['excluded', [], ['lo', 'docker0', 'veth*'], ['192.0.2.10', '2001:db8::10', '198.51.100.10']],
    ['exclude wins', ['eth*', 'lo'], ['eth1', 'lo'], ['192.0.2.10', '2001:db8::10']],
    ['an address on two is watched when one is', ['docker0'], [], ['192.0.2.10', '203.0.113.65']],
    ['none of that name', ['wlan0'], [], []],
  ])('%s', (_name, include, exclude, expected) => {
    expect(watched({ include, exclude })).toEqual(expected);
  });

  it.each(['198.51.100.99', '2001:db8::99', '0.0.0.0', '::'])(
    '%s, which no interface here holds, is looked at',
    (text) => {
      const filter = createInterfaceFilter({ include: ['eth0'], exclude: ['lo'], addresses })!;
      expect(filter.allows(ip(text), 0)).toBe(true);
    },
  );

  it('picks up interfaces and addresses that come and go, at most every two seconds', () => {
    const host = new Map<string, readonly string[]>([['eth0', ['192.0.2.10']]]);
    let reads = 0;
    const filter = createInterfaceFilter({
      include: ['eth0'],
      exclude: [],
      addresses: () => {
        reads += 1;
        return host;
      },
    })!;
    const late = ip('198.51.100.10');
    expect(filter.allows(late, 10_000)).toBe(true);
    host.set('eth9', ['198.51.100.10']);
    expect(filter.allows(late, 11_999)).toBe(true);
    expect(reads).toBe(1);
    expect(filter.allows(late, 12_001)).toBe(false);
    expect(reads).toBe(2);
    host.delete('eth9');
    expect(filter.allows(late, 14_002)).toBe(true);
  });

  it('goes on when the clock is set back', () => {
    let reads = 0;
    const filter = createInterfaceFilter({
      include: ['lo'],
      exclude: [],
      addresses: () => {
        reads += 1;
        return addresses();
      },
    })!;
    filter.allows(ip('127.0.0.1'), 1_000_000);
    filter.allows(ip('127.0.0.1'), 1_000);
    expect(reads).toBe(2);
  });

  it('reads the interfaces of this machine by default', () => {
    const filter = createInterfaceFilter({ include: [], exclude: ['lo'] })!;
    expect(filter.allows(ip('127.0.0.1'), 0)).toBe(false);
  });
});
