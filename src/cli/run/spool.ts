import { openSpoolDirectory, type SpoolDirectory } from '../../alerts/spool/directory.ts';
import { openSpool } from '../../alerts/spool/spool-sink.ts';
import { loadAddon } from '../../capture/addon.ts';
import type { SpoolConfig } from '../../config/config.ts';
import type { AlertSink } from '../../model/sink.ts';
import { createReporter } from '../../telemetry/export/rate-limited-report.ts';
import type { OnReport } from '../../telemetry/export/sink.ts';
import type { Diagnostics } from './diagnostics.ts';

const REPORT_INTERVAL_MS = 60_000;
const STATE_DIRECTORY = '/var/lib/telegen';

/** Spools for this run. Without a usable directory alerts wait in memory; the operator is told once. */
export interface Spools {
  /** Puts a spool in front of a destination, if there can be one. */
  inFrontOf(sink: AlertSink): Promise<AlertSink>;
  /** The private directory that this run has for itself, when a destination has needed it. */
  readonly directory: string | undefined;
}

/** Where alerts wait. systemd names several state directories with colons between them. */
export function spoolDirectory(
  { directory }: SpoolConfig,
  env: Readonly<Record<string, string | undefined>>,
): string {
  return directory ?? `${env.STATE_DIRECTORY?.split(':')[0] || STATE_DIRECTORY}/spool`;
}

/** Opens the directory when the first destination needs it. */
export function openSpools(
  config: SpoolConfig,
  env: Readonly<Record<string, string | undefined>>,
  diagnostics: Diagnostics,
): Spools {
  const path = spoolDirectory(config, env);
  let directory: SpoolDirectory | undefined;
  let refused = !config.enabled;
  const onReport: OnReport = ({ level, message }) =>
    level === 'error' ? diagnostics.error(message) : diagnostics.info(message);

  function refuse(problem: string): void {
    refused = true;
    diagnostics.warn(`alerts wait in memory, where a crash loses them: ${problem} (alerts.spool.directory)`);
  }

  function usable(): SpoolDirectory | undefined {
    if (refused || directory !== undefined) return directory;
    const opened = openSpoolDirectory(path, (fd) => loadAddon().lockFile(fd));
    if (opened.ok) directory = opened.directory;
    else refuse(opened.problem);
    return directory;
  }

  async function open(sink: AlertSink, folder: string): Promise<AlertSink> {
    const spool = await openSpool({
      directory: folder,
      sink,
      maxBytes: config.maxBytes,
      maxAgeMs: config.maxAgeMs,
      syncIntervalMs: config.fsyncIntervalMs,
      reporter: createReporter({ onReport, intervalMs: REPORT_INTERVAL_MS, now: Date.now }),
    });
    const { waiting, destroyed, tailBytes } = spool.leftovers;
    if (waiting > 0)
      diagnostics.info(`${waiting} alerts of an earlier run wait for ${sink.name} in ${folder}`);
    if (destroyed > 0) diagnostics.warn(`${destroyed} alerts of an earlier run are unreadable in ${folder}`);
    if (tailBytes > 0) diagnostics.info(`${tailBytes} bytes of unfinished records passed over in ${folder}`);
    return spool;
  }

  return {
    get directory() {
      return directory === undefined ? undefined : path;
    },
    async inFrontOf(sink) {
      const at = usable();
      if (at === undefined) return sink;
      try {
        return await open(sink, at.destination(sink.name));
      } catch (error) {
        refuse(error instanceof Error ? error.message : String(error));
        return sink;
      }
    },
  };
}
