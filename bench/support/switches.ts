/** The features of the specification's table, as the configuration switches them. */
export interface Switches {
  readonly tcp: boolean;
  readonly dns: boolean;
  readonly http: boolean;
  readonly grpc: boolean;
  readonly xdp: boolean;
  readonly security: boolean;
}

export const OFF: Switches = {
  tcp: false,
  dns: false,
  http: false,
  grpc: false,
  xdp: false,
  security: false,
};
export const EVERYTHING_ON: Switches = {
  tcp: true,
  dns: true,
  http: true,
  grpc: true,
  xdp: true,
  security: true,
};

/** The text of a configuration file (JSON is YAML) with these features; packets are counted at the veth end of the ground. */
export function switchesToConfig({ tcp, dns, http, grpc, xdp, security }: Switches): string {
  return JSON.stringify({
    agent: {
      network: {
        tcp: { enabled: tcp },
        dns: { enabled: dns },
        xdp: { enabled: xdp, sample_rate: 1000, interfaces: ['wire'] },
        security: { enabled: security },
      },
      ebpf: { network: { enabled: http || grpc, http, grpc } },
    },
    rules: { enabled: security },
  });
}
