import { type DiagLogger, DiagLogLevel, diag } from '@opentelemetry/api';
import type { Acceptance } from './otlp-export-loop.ts';

const NOTHING_REJECTED: Acceptance = { rejected: 0, message: '' };
/** What the exporter says to the diagnostics logger before it calls a partly rejected export a success. */
const NOTICE = 'Received Partial Success response:';

let latest: Acceptance = NOTHING_REJECTED;

/** By whichever name the signal has for it. */
function rejectedOf(value: object): number {
  if ('rejectedLogRecords' in value) return Number(value.rejectedLogRecords);
  return 'rejectedSpans' in value ? Number(value.rejectedSpans) : 0;
}

function parseNotice(json: unknown): Acceptance {
  const value: unknown = JSON.parse(String(json));
  if (typeof value !== 'object' || value === null) return NOTHING_REJECTED;
  const rejected = rejectedOf(value);
  const message = 'errorMessage' in value ? String(value.errorMessage) : '';
  return { rejected: Number.isSafeInteger(rejected) && rejected > 0 ? rejected : 0, message };
}

const ignore = (): void => {};
const logger: DiagLogger = {
  error: ignore,
  info: ignore,
  debug: ignore,
  verbose: ignore,
  warn(message, json) {
    if (message === NOTICE) latest = parseNotice(json);
  },
};

/** Listens for partial success, which the exporter reports nowhere else. Once per process is enough. */
export function watchPartialSuccess(): void {
  diag.setLogger(logger, { logLevel: DiagLogLevel.WARN, suppressOverrideMessage: true });
}

/** The notice of the export whose result callback is running: it is given in the same turn, right before the callback. */
export function takePartialSuccess(): Acceptance {
  const notice = latest;
  latest = NOTHING_REJECTED;
  return notice;
}
