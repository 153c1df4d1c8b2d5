import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import { explicitOtlp } from '../config/explicit-otlp.ts';
import { loadConfig } from '../config/load.ts';
import { headerSource } from '../config/renew-headers.ts';
import { ATTR } from '../model/attributes.ts';
import { EXIT } from '../model/errors.ts';
import type { Alert } from '../model/finding.ts';
import type { AlertSink, Outcome } from '../model/sink.ts';
import { createRename } from '../net/conventions.ts';
import { createDiagnostics } from './run/diagnostics.ts';
import { openSinks } from './run/sinks.ts';

export interface TestAlertOptions {
  readonly config?: string;
  readonly format: 'text' | 'json';
  readonly timeoutMs: number;
}

/** What became of the alert at one destination; undefined: no answer within the time. */
interface Trip {
  readonly destination: string;
  readonly outcome: Outcome | 'timeout';
  readonly ms: number;
}

function testAlert(): Alert {
  return {
    uid: randomUUID(),
    timeMs: Date.now(),
    severity: 'INFO',
    body: `Test alert of telegen on ${hostname()}: nothing has happened`,
    attributes: { [ATTR.eventType]: 'telegen.test' },
  };
}

async function tripTo(sink: AlertSink, alert: Alert, timeoutMs: number): Promise<Trip> {
  const began = performance.now();
  const settled = new Promise<Outcome>((resolve) => sink.send(alert, resolve));
  const timeout = new Promise<'timeout'>((resolve) => setTimeout(resolve, timeoutMs, 'timeout').unref());
  const outcome = await Promise.race([settled, timeout]);
  return { destination: sink.name, outcome, ms: performance.now() - began };
}

function describe({ destination, outcome, ms }: Trip): string {
  const after = `${ms.toFixed(1)} ms`;
  return outcome === 'delivered'
    ? `${destination}: accepted after ${after}`
    : `${destination}: NOT accepted (${outcome}) after ${after}`;
}

/**
 * `telegen test-alert`: sends an alert with `network.event_type` `telegen.test` to every destination of the configuration, past the
 * spool (a running telegen holds it), and tells how long each took to accept it. Exit code 1 when one did not.
 */
export async function runTestAlert(options: TestAlertOptions): Promise<{ stdout: string; exitCode: number }> {
  const loaded = loadConfig(options.config);
  const { sinks, description } = await openSinks(
    explicitOtlp(loaded),
    options.format === 'json' ? 'none' : 'auto',
    {
      alerts: loaded.config.alerts,
      spools: { inFrontOf: async (sink) => sink, directory: undefined },
      headers: headerSource(loaded),
      diagnostics: createDiagnostics(),
      rename: createRename(loaded.config.semanticConventions),
    },
  );
  const alert = testAlert();
  const trips = await Promise.all(sinks.map((sink) => tripTo(sink, alert, options.timeoutMs)));
  await Promise.all(sinks.map((sink) => sink.close()));
  const ok = trips.length > 0 && trips.every(({ outcome }) => outcome === 'delivered');
  const stdout =
    options.format === 'json'
      ? `${JSON.stringify({ ok, uid: alert.uid, destinations: trips })}\n`
      : `${[`test alert ${alert.uid} to ${description}`, ...trips.map(describe)].join('\n')}\n`;
  return { stdout, exitCode: ok ? EXIT.ok : EXIT.failure };
}
