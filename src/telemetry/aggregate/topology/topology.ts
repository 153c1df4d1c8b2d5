import type { NodeType } from '../identity.ts';

/** Who talks to whom, as the specification shows it. */
export interface Topology {
  readonly nodes: readonly TopologyNode[];
  readonly edges: readonly TopologyEdge[];
}

export interface TopologyNode {
  readonly id: string;
  readonly type: NodeType;
  readonly attributes: Readonly<Record<string, string>>;
}

export interface TopologyEdge {
  readonly source: string;
  readonly target: string;
  readonly attributes: {
    readonly protocol: string;
    /** Over the window. Of protocols that are not decoded, connections count as requests. */
    readonly requests_per_second: number;
    /** Absent while no latency was measured; the round-trip time where connections count. */
    readonly avg_latency_ms?: number;
    /** From 0 to 1. */
    readonly error_rate: number;
    /** Payload in the window, both directions; it is known some seconds late, of UDP when a conversation ends. */
    readonly bytes: number;
  };
}
