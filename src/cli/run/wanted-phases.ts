import { OPENING_PHASES } from '../../model/detector.ts';
import { CONNECTION_PHASES, type ConnectionPhase, type EventKind } from '../../model/event.ts';
import type { Judges } from './judges.ts';

/** Phases of connections that somebody judges or wants to see; the others are never made. */
export function phasesFor(
  wanted: readonly EventKind[],
  { detectors, rules }: Judges,
): readonly ConnectionPhase[] {
  if (wanted.includes('connection')) return CONNECTION_PHASES;
  const asked = new Set([...OPENING_PHASES, ...detectors.flatMap(({ phases = [] }) => phases)]);
  if (rules?.slot.current.needsFlows === true)
    for (const phase of ['failed', 'closed'] as const) asked.add(phase);
  return CONNECTION_PHASES.filter((phase) => asked.has(phase));
}
