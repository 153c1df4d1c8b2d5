import { setTimeout as delay } from 'node:timers/promises';
import { loadAddon } from '../../capture/addon.ts';
import type { LoadedConfig } from '../../config/inspect.ts';
import { loadConfig } from '../../config/load.ts';
import { headerSource } from '../../config/renew-headers.ts';
import { EXIT, TelegenError } from '../../model/errors.ts';
import { capabilityCheck } from '../doctor/host-checks.ts';
import { filesReadAgain } from '../privileges/files-read-again.ts';
import { createPrivileges, type Privileges } from '../privileges/privileges.ts';
import { farewell, hookNotes } from './banner.ts';
import { clearUp } from './clear-up.ts';
import { createDiagnostics, type Diagnostics } from './diagnostics.ts';
import { spoolDirectory } from './spool.ts';
import { type Running, type RunOptions, start, TICK_MS } from './start.ts';
import { untilStopped } from './stop-signal.ts';
import { createTidier } from './tidier.ts';

/** Ctrl-C must be over in 2 s, whatever the collector or the reader of stdout does: flushing plus closing. */
const FLUSH_MS = 1_000;
const CLOSE_MS = 400;

/** `telegen run`: watches until a signal; resolves to the exit code. Throws TelegenError when it cannot start. */
export async function run(options: RunOptions): Promise<number> {
  const diagnostics = createDiagnostics();
  const loaded = loadConfig(options.config);
  const { inactive, source } = loaded;
  if (inactive.length > 0) diagnostics.warn(`accepted, not active yet: ${inactive.join(', ')}`);
  requireCapabilities();
  const privileges = openPrivileges(loaded, diagnostics);
  privileges.beforeStart();
  const running = await start(loaded, options, diagnostics);
  privileges.onceAttached(running.capture.hooks);
  hookNotes(running.capture.hooks, diagnostics);
  clearUp('now');
  const tidy = createTidier();
  tidy(performance.now());
  const timer = setInterval(() => {
    running.tick(Date.now());
    tidy(performance.now());
  }, TICK_MS);
  const stopped = untilStopped({ onHangup: running.reload, isTerminal: process.stderr.isTTY === true });
  // Whoever reads this may send a signal at once.
  diagnostics.info(`ready${source === undefined ? ' (defaults; no configuration file)' : ` (${source})`}`);
  await stopped;
  clearInterval(timer);
  await stop(running);
  return EXIT.ok;
}

/** Said here by name, where the kernel would only say EPERM. */
function requireCapabilities(): void {
  const { state, detail, cure } = capabilityCheck();
  if (state === 'missing') throw new TelegenError('TELEGEN_HOST', `${detail}; ${cure}`);
}

function openPrivileges(loaded: LoadedConfig, diagnostics: Diagnostics): Privileges {
  const { config, source } = loaded;
  const { enabled, port } = config.telemetry.listen;
  const { spool } = config.alerts;
  return createPrivileges({
    addon: loadAddon(),
    user: config.user,
    watchesPackets: config.network.enabled && config.network.xdp.enabled,
    listenPort: config.telemetry.enabled && enabled ? port : 0,
    stateDirectories: [
      ...(spool.enabled ? [spoolDirectory(spool, process.env)] : []),
      config.network.security.stateDir,
    ],
    readAgain: filesReadAgain(config, { source, headerFiles: headerSource(loaded).files, env: process.env }),
    diagnostics,
  });
}

async function stop(running: Running): Promise<void> {
  const { engine, merger, delivery, capture, packets, contents, reputation, metrics, outputs, diagnostics } =
    running;
  const { printer, exporter, metricsExport } = outputs;
  metrics?.attach({});
  running.rules?.close();
  // It writes to memory that goes with the capture.
  running.listFeed?.close();
  // It shares the state of sockets with the capture.
  packets?.stop(Date.now());
  void running.cluster?.close();
  let counters = capture.counters();
  await capture.stop(() => {
    counters = capture.counters();
    running.checkLoss();
  });
  contents.finish(Date.now());
  running.state.prepareEnd();
  engine.finish(Date.now());
  await Promise.all([
    // A disk that hangs must not keep the program.
    Promise.race([running.state.end(), delay(FLUSH_MS)]),
    delivery.flush(FLUSH_MS),
    printer?.flush(FLUSH_MS),
    exporter?.flush(FLUSH_MS),
  ]);
  exporter?.close();
  metricsExport?.close();
  await Promise.race([
    Promise.all([delivery.close(), reputation.close(), metrics?.close()]),
    delay(CLOSE_MS),
  ]);
  const books = { counters, engine: engine.counters, merger: merger.counters, delivery: delivery.counters() };
  const telemetry = running.telemetry.summary();
  farewell(
    { ...books, telemetry, printer: printer?.counters, shed: running.shed, exporter: exporter?.counters },
    diagnostics,
  );
}
