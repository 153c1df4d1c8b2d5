import { writeFileSync } from 'node:fs';

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

/** Detectors and alerts: no telemetry, no rules, nothing decoded but DNS, which lists ask for. */
const DETECTORS_ALONE = JSON.stringify({
  agent: {
    network: { tcp: { enabled: false }, dns: { enabled: false }, xdp: { enabled: false } },
    ebpf: { network: { enabled: false } },
    telemetry: { enabled: false },
  },
  rules: { enabled: false },
});

/** How telegen is set up where it is attached. */
export const SETUPS = ['by default', 'detectors alone'] as const;
export type Setup = (typeof SETUPS)[number];

/** A configuration file for it in the folder; by default there is none. */
export function setupFile(setup: Setup, folder: string): { readonly configFile?: string } {
  if (setup === 'by default') return {};
  const configFile = `${folder}/detectors-alone.yaml`;
  writeFileSync(configFile, DETECTORS_ALONE);
  return { configFile };
}
