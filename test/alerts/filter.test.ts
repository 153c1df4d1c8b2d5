import { expect, it } from 'vitest';
import { type AlertFilter, createAlertFilter } from '../../src/alerts/filter.ts';
import type { Severity } from '../../src/model/finding.ts';
import { alert } from './fixtures.ts';

const ALL: AlertFilter = { minSeverity: 'INFO', detectors: [], rules: [] };
const of = (severity: Severity, detector?: string, rule?: string) =>
  alert('u', severity, {
    attributes: {
      ...(detector === undefined ? {} : { 'telegen.detector': detector }),
      ...(rule === undefined ? {} : { 'telegen.rule.id': rule }),
    },
  });

it.each([
  ['all', ALL, of('INFO', 'blocklist'), true],
  ['too slight', { ...ALL, minSeverity: 'ERROR' }, of('WARNING', 'blocklist'), false],
  ['just grave enough', { ...ALL, minSeverity: 'ERROR' }, of('ERROR', 'blocklist'), true],
  ['a detector that is wanted', { ...ALL, detectors: ['blocklist'] }, of('INFO', 'blocklist'), true],
  ['another detector', { ...ALL, detectors: ['blocklist'] }, of('INFO', 'external-egress'), false],
  ['a rule that is wanted', { ...ALL, rules: ['r1'] }, of('INFO', 'sigma', 'r1'), true],
  ['another rule', { ...ALL, rules: ['r1'] }, of('INFO', 'sigma', 'r2'), false],
  ['a detector, where a rule is wanted', { ...ALL, rules: ['r1'] }, of('INFO', 'blocklist'), false],
  ['either of both', { ...ALL, detectors: ['blocklist'], rules: ['r1'] }, of('INFO', 'blocklist'), true],
  ['what telegen says of itself', { ...ALL, detectors: ['blocklist'] }, of('WARNING'), true],
  ['the same, too slight', { ...ALL, minSeverity: 'ERROR', detectors: ['x'] }, of('WARNING'), false],
] as const)('%s', (_what, filter, subject, expected) => {
  expect(createAlertFilter(filter)(subject)).toBe(expected);
});
