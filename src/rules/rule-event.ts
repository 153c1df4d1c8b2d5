import type { JudgedEvent } from '../model/detector.ts';
import type { PacketEvent, ProcessEvent } from '../model/event.ts';

/** Events that rules are about. */
export type RuleEvent = JudgedEvent | PacketEvent | ProcessEvent;
