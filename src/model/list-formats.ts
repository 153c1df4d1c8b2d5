/** Formats that a list can be said to have; docs/blocklists.md describes them. */
export const FORMAT_NAMES = [
  'plain',
  'netset',
  'domains',
  'hosts',
  'ipsum',
  'spamhaus-drop',
  'spamhaus-json',
  'csv',
  'iprep',
  'iprep-categories',
  'zeek-intel',
  'stix',
  'misp',
  'misp-warninglist',
] as const;
export type FormatName = (typeof FORMAT_NAMES)[number];
