import { EXIT } from '../model/errors.ts';
import type { Topology } from '../telemetry/aggregate/topology/topology.ts';
import { formatTopology, type TopologyFormat } from '../telemetry/export/topology-text.ts';
import { type AgentPlace, askAgent } from './agent.ts';

export interface TopologyCommand extends AgentPlace {
  readonly format: TopologyFormat;
}

/** `telegen topology`: out of captures, or asked of the running agent. TELEGEN_AGENT when that does not answer. */
export async function topology(files: readonly string[], command: TopologyCommand): Promise<number> {
  const { config, format } = command;
  if (files.length > 0) {
    const { replay } = await import('./replay/replay.ts');
    const settings = config === undefined ? {} : { config };
    return replay(files, { ...settings, events: [], output: 'topology', topology: format });
  }
  process.stdout.write(formatTopology(await askAgent(command, '/api/v1/topology', topologyOf), format));
  return EXIT.ok;
}

function topologyOf(answer: unknown): Topology {
  const { topology: found } = answer as { topology: Topology };
  return { nodes: [...found.nodes], edges: [...found.edges] };
}
