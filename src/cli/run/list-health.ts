import type { Delivery } from '../../alerts/deliver.ts';
import { ATTR } from '../../model/attributes.ts';
import type { Alert } from '../../model/finding.ts';
import type { BlocklistReport, ReportSink } from '../../reputation/report.ts';
import type { Diagnostics } from './diagnostics.ts';

/** Where reports on lists go: all to the diagnostics, those that weaken detection also into the alert stream. */
export interface ListHealth {
  readonly onReport: ReportSink;
  /** Alerts go out from now on, those that wait first. */
  connect(send: Delivery['send']): void;
}

export interface ListHealthOptions {
  readonly diagnostics: Pick<Diagnostics, 'info' | 'warn'>;
  readonly newUid: () => string;
  readonly now?: () => number;
}

/** Reports of the time before there is a way out. */
const MAX_WAITING = 1000;

export function createListHealth({ diagnostics, newUid, now = Date.now }: ListHealthOptions): ListHealth {
  const waiting: Alert[] = [];
  let send = (alert: Alert): void => {
    if (waiting.length < MAX_WAITING) waiting.push(alert);
  };
  return {
    onReport(report) {
      const { level, message, health } = report;
      if (level === 'warning') diagnostics.warn(message);
      else diagnostics.info(message);
      if (health !== undefined) send(healthAlert(report, health, { uid: newUid(), timeMs: now() }));
    },
    connect(delivery) {
      send = delivery;
      for (const alert of waiting.splice(0)) delivery(alert);
    },
  };
}

function healthAlert(
  { message }: BlocklistReport,
  problem: string,
  { uid, timeMs }: Pick<Alert, 'uid' | 'timeMs'>,
): Alert {
  return {
    uid,
    timeMs,
    severity: 'WARNING',
    body: `Blocklist needs attention: ${message}`,
    attributes: { [ATTR.eventType]: 'telegen.health', [ATTR.healthProblem]: `list_${problem}` },
  };
}
