/** Settings of `scan`, as `agent.network.security.scan` has them. */
export interface ScanOptions {
  /** What has not happened within this time is not counted. */
  readonly windowMs: number;
  /** Ports of one host that one source from outside tries in vain. */
  readonly inboundPorts: number;
  /** Hosts that one source from outside tries in vain on one port. */
  readonly inboundHosts: number;
  /** The same of one program of this host (in a replay: one address of this side). */
  readonly outboundPorts: number;
  readonly outboundHosts: number;
  /** Probes with TCP flags that no TCP sends. */
  readonly stealthProbes: number;
  /** Sources that together try ports of one host. */
  readonly distributedSources: number;
  readonly distributedPorts: number;
  /** Slow scans: different ports and hosts in this time. */
  readonly slowWindowMs: number;
  readonly slowTargets: number;
  /** Vain connects of one program to one port of one host in `stormWindowMs`. */
  readonly stormAttempts: number;
  readonly stormWindowMs: number;
  /** Sources, programs and hosts that are followed at a time. */
  readonly maxTracked: number;
  /** Datagrams to these ports are never probes. */
  readonly ignoreUdpPorts: readonly number[];
  /** Sources that may scan: addresses and CIDRs. */
  readonly ignoreSources: readonly string[];
  /** Programs that may scan: executable paths, `*` stands for any run of characters. */
  readonly ignoreProcesses: readonly string[];
}
