import * as leaf from './leaf.ts';

const selector = leaf.shaped({
  regex: /^(?:(?:id|tag|level|status|title|file):)?\S.*$/,
  max: 1024,
  expects:
    'an id or title, or tag:, level:, status:, title: or file: and a value; * matches any run of characters',
});

const selectors = (description: string) =>
  leaf.list(selector, [], { active: true, of: 'selectors such as tag:attack.t1571', description });

/** `rules`. */
export const rulesSchema = leaf.section('Sigma rules', {
  enabled: leaf.flag(true, { active: true, description: 'Let rules judge events.' }),
  paths: leaf.paths({
    active: true,
    description:
      'Rule files or folders, reloaded while running. ' +
      'Empty means the shipped `rules/` folder and `/etc/telegen/rules` if present.',
  }),
  only: selectors('Only rules that one of these selects take part. Empty means all.'),
  disable: selectors('Rules that take no part.'),
  shadow: selectors('Rules that are counted and do not alert.'),
  min_level: leaf.choice(['informational', 'low', 'medium', 'high', 'critical'], 'informational', {
    active: true,
    description: 'Rules below this level take no part; a rule without a level counts as medium.',
  }),
  placeholders: leaf.optionalPath({
    active: true,
    description: 'YAML file of lists for %placeholders%: `name: [value, ...]`.',
  }),
  pipelines: leaf.paths({
    active: true,
    description:
      'Processing pipelines in the form of pySigma, applied to all rules by their priority, reloaded with them.',
  }),
  portable_windows: leaf.flag(false, {
    active: true,
    description: 'Also load rules labelled windows that hold on every system.',
  }),
});
