import { ATTR } from '../../model/attributes.ts';
import type { Notice } from '../../pipeline/notices.ts';

/** Tells in the alert stream itself that rules could not be renewed. */
export function rulesNotice(message: string, timeMs: number): Notice {
  return {
    timeMs,
    severity: 'WARNING',
    body: message,
    attributes: { [ATTR.eventType]: 'telegen.rules', [ATTR.reasons]: ['rules_not_reloaded'] },
  };
}
