import { readFileSync } from 'node:fs';
import { cpus, loadavg, release, totalmem } from 'node:os';
import type { Machine } from './model.ts';

/** Describes the machine as it is now. */
export function describeMachine(): Machine {
  const processors = cpus();
  return {
    cpu: processors[0]?.model.trim() ?? 'unknown',
    cores: processors.length,
    memoryGb: Math.round(totalmem() / 1e8) / 10,
    kernel: release(),
    virtual: /^flags\b.*\bhypervisor\b/m.test(readFileSync('/proc/cpuinfo', 'utf8')),
    node: process.version,
    loadBefore: Math.round((loadavg()[0] ?? 0) * 100) / 100,
  };
}
