import type { JudgedEvent } from '../model/detector.ts';
import type { ProcessEvent } from '../model/event.ts';

/** Events that rules are about. */
export type RuleEvent = JudgedEvent | ProcessEvent;
