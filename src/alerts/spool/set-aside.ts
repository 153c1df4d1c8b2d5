import { constants } from 'node:fs';
import { open } from 'node:fs/promises';
import type { Alert } from '../../model/finding.ts';

const FLAGS = constants.O_WRONLY | constants.O_CREAT | constants.O_APPEND | constants.O_NOFOLLOW;
/** Beyond it refused alerts are counted only. */
const MAX_FILE_BYTES = 16_777_216;
const MAX_WAITING = 1_000;

/** Alerts that the destination refuses for good, as JSON lines in a file for whoever wants to know why. */
export interface SetAside {
  add(alert: Alert): void;
  /** Writes what was added. An error is no reason to stop: the alerts are counted as lost already. */
  save(): Promise<void>;
}

/** Creates the file with the first alert. */
export function createSetAside(path: string): SetAside {
  let waiting: string[] = [];
  return {
    add(alert) {
      if (waiting.length < MAX_WAITING) waiting.push(`${JSON.stringify(alert)}\n`);
    },
    async save() {
      if (waiting.length === 0) return;
      const lines = waiting;
      waiting = [];
      try {
        const file = await open(path, FLAGS, 0o600);
        try {
          if ((await file.stat()).size < MAX_FILE_BYTES) await file.write(lines.join(''));
        } finally {
          await file.close();
        }
      } catch {
        // Full or read-only disk: reported where alerts themselves are written.
      }
    },
  };
}
