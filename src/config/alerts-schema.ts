import { ALERT_FILE, HEARTBEAT, SPOOL } from './defaults.ts';
import * as leaf from './leaf.ts';

const name = leaf.shaped({ regex: /^\S+$/, max: 255, expects: 'a name such as blocklist' });

const filter = (where: string) => ({
  min_severity: leaf.choice(['INFO', 'WARNING', 'ERROR', 'CRITICAL'], 'INFO', {
    active: true,
    description: `Lesser alerts do not go ${where}.`,
  }),
  detectors: leaf.list(name, [], {
    active: true,
    of: 'names of detectors',
    description: `Only alerts of these detectors (and of \`rules\`) go ${where}; both empty means all. What telegen reports of itself always goes.`,
  }),
  rules: leaf.list(name, [], {
    active: true,
    of: 'ids of rules',
    description: `Only alerts of these rules (and of \`detectors\`) go ${where}; both empty means all.`,
  }),
});

/** `alerts`. */
export const alertsSchema = leaf.section('What happens to alerts on their way', {
  heartbeat: leaf.duration(HEARTBEAT, {
    active: true,
    description:
      'Time between records that say that the sensor is alive (INFO, `telegen.heartbeat`); 0s: none.',
  }),
  tuning: leaf.paths({
    active: true,
    description:
      'Files of suppressions and limits ([alerts.md](alerts.md#suppressions-and-limits)), reloaded while running.',
  }),
  otlp: leaf.section('Which alerts go to the collector', filter('to the collector')),
  file: leaf.section('Alerts as JSON lines in a file', {
    path: leaf.optionalPath({ active: true, description: 'The file; unset means none.' }),
    max_size: leaf.whole(ALERT_FILE.maxBytes, {
      active: true,
      description: 'Bytes after which the file becomes `PATH.1` and a new one begins.',
    }),
    keep: leaf.whole(ALERT_FILE.keep, {
      active: true,
      description: 'Old files to keep; 0 means one file that grows.',
    }),
    ...filter('to the file'),
  }),
  spool: leaf.section('Alerts wait on disk until the collector has accepted them', {
    enabled: leaf.flag(true, {
      active: true,
      description: 'Keep alerts on disk; false keeps them in memory, where a crash loses them.',
    }),
    directory: leaf.optionalPath({
      active: true,
      description:
        'A directory that no other telegen uses. Unset: `spool` below `$STATE_DIRECTORY` (systemd), else `/var/lib/telegen/spool`. ' +
        'Where it cannot be used, alerts wait in memory, and a warning says so.',
    }),
    max_size: leaf.whole(SPOOL.maxBytes, {
      active: true,
      description:
        'Bytes that alerts of one destination may take; then the oldest of the least severe go, counted and reported.',
    }),
    max_age: leaf.duration(SPOOL.maxAge, {
      active: true,
      description: 'Alerts that have waited longer are given up, counted and reported.',
    }),
    fsync_interval: leaf.duration(SPOOL.fsyncInterval, {
      active: true,
      description: 'Alerts that come within this time share one sync to disk.',
    }),
  }),
});
