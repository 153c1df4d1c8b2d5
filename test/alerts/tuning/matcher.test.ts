import { expect, it } from 'vitest';
import { compileMatch } from '../../../src/alerts/tuning/matcher.ts';
import type { Match } from '../../../src/alerts/tuning/tuning.ts';
import { alert } from '../fixtures.ts';

const subject = alert('u', 'ERROR', {
  attributes: {
    'telegen.detector': 'blocklist',
    'telegen.reasons': ['blocklist', 'suspicious_port'],
    'net.peer.ip': '2001:db8::5',
    'net.peer.port': 4444,
    'telegen.summary': true,
    'process.executable.path': '/usr/lib/apt/methods/http',
  },
});

it.each<[string, Match, boolean]>([
  ['text', { 'telegen.detector': ['blocklist'] }, true],
  ['other text', { 'telegen.detector': ['external-egress'] }, false],
  ['any of several', { 'telegen.detector': ['x', 'blocklist'] }, true],
  ['all names', { 'telegen.detector': ['blocklist'], 'net.peer.port': [80] }, false],
  ['a number', { 'net.peer.port': [4444] }, true],
  ['a number in quotes', { 'net.peer.port': ['4444'] }, true],
  ['a flag', { 'telegen.summary': [true] }, true],
  ['a glob', { 'process.executable.path': ['/usr/lib/apt/*'] }, true],
  ['a glob that does not fit', { 'process.executable.path': ['/opt/*'] }, false],
  ['one of a list', { 'telegen.reasons': ['suspicious_port'] }, true],
  ['a network', { 'net.peer.ip': ['2001:db8::/32'] }, true],
  ['another network', { 'net.peer.ip': ['198.51.100.0/24'] }, false],
  ['a network, on what is no address', { 'telegen.detector': ['198.51.100.0/24'] }, false],
  ['severity', { severity: ['ERROR', 'CRITICAL'] }, true],
  ['an attribute that is not there', { 'k8s.pod.name': ['*'] }, false],
])('%s', (_what, match, expected) => {
  expect(compileMatch(match)(subject)).toBe(expected);
});
