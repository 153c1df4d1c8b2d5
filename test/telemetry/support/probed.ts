import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { expect, vi } from 'vitest';

/** Waits until the kernel is about to probe the connection to this port within 30 s (TCP keepalive). */
export async function expectProbed(port: number): Promise<void> {
  await vi.waitFor(
    async () => {
      const { stdout } = await promisify(execFile)('ss', ['-tnoH', `dport = :${port}`]);
      expect(stdout).toMatch(/^ESTAB .*timer:\(keepalive,(?:[12]?\d|30)(?:\.\d+)?sec,0\)/m);
    },
    { timeout: 25_000, interval: 50 },
  );
}
