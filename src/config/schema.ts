import type { z } from 'zod';
import { alertsSchema } from './alerts-schema.ts';
import { ebpfNetworkSchema } from './ebpf-schema.ts';
import { kubernetesSchema } from './kubernetes-schema.ts';
import * as leaf from './leaf.ts';
import { networkSchema } from './network-schema.ts';
import { otlpSchema } from './otlp-schema.ts';
import { resourcesSchema } from './resources-schema.ts';
import { rulesSchema } from './rules-schema.ts';
import { telemetrySchema } from './telemetry-schema.ts';

/** The configuration file: every legal key, in the places where the specification shows it. */
export const fileSchema = leaf.section('telegen configuration', {
  agent: leaf.section('The agent on this host', {
    user: leaf.optionalWords({
      active: true,
      description:
        'User (name or number) that telegen becomes when it is started as root. Files that it reads again, and folders that it ' +
        "writes to, must be that user's. Unset: it stays who it is. Capabilities are given up in any case (SECURITY.md).",
    }),
    resources: resourcesSchema,
    network: networkSchema,
    ebpf: leaf.section('Settings of the kernel side', { network: ebpfNetworkSchema }),
    telemetry: telemetrySchema,
    kubernetes: kubernetesSchema,
  }),
  rules: rulesSchema,
  otlp: otlpSchema,
  alerts: alertsSchema,
  semantic_conventions: leaf.choice(['telegen', 'otel', 'both'], 'telegen', {
    active: true,
    description:
      "Attribute names of events and alerts: telegen's, today's OpenTelemetry names, or both (docs/fields.md).",
  }),
});

/** A validated file with all defaults filled in, in the file's own spelling. */
export type FileConfig = z.output<typeof fileSchema>;

/** Settings that live in `agent.network` and in `agent.ebpf.network` alike; they must agree. */
export const SHARED_SETTINGS = ['include_ports'] as const;
