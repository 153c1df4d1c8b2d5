import { describe, expect, it } from 'vitest';
import type { NetworkInterface } from '../../../../src/capture/addon.ts';
import {
  chooseInterfaces,
  inboundWays,
  isHardware,
  type PacketMode,
} from '../../../../src/capture/live/packets/choose.ts';

const [ETHERNET, LOOPBACK, NONE] = [1, 772, 65_534];
const each = (name: string, overrides: Partial<NetworkInterface> = {}): NetworkInterface => ({
  name,
  index: 1,
  type: ETHERNET,
  up: true,
  driver: '',
  bus: '',
  ...overrides,
});
const HOST = [
  each('lo', { type: LOOPBACK }),
  each('eth0'),
  each('eth1'),
  each('veth1a'),
  each('tun0', { type: NONE }),
];

describe('which interfaces', () => {
  it.each([
    [[], [], 'eth0 eth1 veth1a tun0'],
    [['eth*'], [], 'eth0 eth1'],
    [['eth*', 'tun0'], ['eth1'], 'eth0 tun0'],
    [['*'], ['*eth*'], 'tun0'],
    [['*'], [], 'eth0 eth1 veth1a tun0'],
    [['l*'], [], ''],
    [['lo'], [], 'lo'],
    [['lo'], ['lo'], ''],
    [['eth9'], [], ''],
  ])('include %j, exclude %j: %s', (include, exclude, names) => {
    expect(
      chooseInterfaces(HOST, { include, exclude })
        .map(({ name }) => name)
        .join(' '),
    ).toBe(names);
  });
});

describe('which way', () => {
  it.each<[string, PacketMode, Partial<NetworkInterface>, string]>([
    ['network card', 'auto', { bus: '0000:00:03.0' }, 'xdp-native tc-ingress xdp-generic'],
    ['veth', 'auto', {}, 'tc-ingress xdp-generic'],
    ['veth', 'native', {}, 'xdp-native'],
    ['veth', 'generic', {}, 'xdp-generic'],
    ['network card', 'tc', { bus: '0000:00:03.0' }, 'tc-ingress'],
    ['tunnel', 'native', { type: NONE }, 'tc-ingress'],
    ['tunnel', 'auto', { type: NONE }, 'tc-ingress'],
  ])('%s, %s', (_, mode, facts, ways) => {
    expect(inboundWays(each('x', facts), mode).join(' ')).toBe(ways);
  });

  it.each([
    ['0000:00:03.0', true],
    ['virtio0', true],
    ['usb-0000:00:14.0-1', true],
    ['vif-0', true],
    ['f8615163-0000-1000-2000-7c1e5232a7b1', true],
    ['', false],
    ['N/A', false],
    ['tap', false],
  ])('bus "%s" is hardware: %s', (bus, hardware) => {
    expect(isHardware({ bus })).toBe(hardware);
  });
});
