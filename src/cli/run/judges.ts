import { randomUUID } from 'node:crypto';
import type { Config } from '../../config/config.ts';
import { createDetectors, type DetectorPorts } from '../../detectors/index.ts';
import type { Detector } from '../../model/detector.ts';
import { type OpenRules, openRules } from '../rules/open-rules.ts';
import type { Diagnostics } from './diagnostics.ts';
import { createListHealth } from './list-health.ts';
import { type HostReputation, openReputation } from './reputation.ts';

/** Whoever judges events, and what they judge by. */
export interface Judges {
  readonly detectors: readonly Detector[];
  readonly reputation: HostReputation;
  readonly rules: OpenRules | undefined;
  /** Reports trouble with lists in the alert stream. */
  readonly health: ReturnType<typeof createListHealth>;
}

/** Opens lists, shared reputation, detectors and rules. */
export async function openJudges(
  { network, rules }: Config,
  diagnostics: Diagnostics,
  cluster: DetectorPorts['cluster'],
): Promise<Judges> {
  const { security } = network;
  const health = createListHealth({ diagnostics, newUid: randomUUID });
  const reputation = await openReputation(security, health.onReport);
  const options = { ...security, reputationThreshold: security.reputation.threshold };
  return {
    detectors: security.enabled ? createDetectors(options, { ...reputation.ports, cluster }) : [],
    reputation,
    rules: await openRules({
      config: rules,
      viewpoint: 'host',
      ...reputation.ports,
      diagnostics,
      watch: true,
    }),
    health,
  };
}
