import type { Config } from '../../config/config.ts';
import { serviceAccountFiles } from '../../enrich/kubernetes/access.ts';

/** Beside the configuration: what the environment or the command line names. */
export interface OtherFiles {
  /** Of the configuration; undefined when there is none. */
  readonly source: string | undefined;
  readonly headerFiles: readonly string[];
  readonly env: Readonly<Record<string, string | undefined>>;
}

/**
 * Files that are read again while telegen runs, by then as another user: what is edited, and credentials, which are renewed.
 * Lists and rules are not among them: what cannot be read of those is told whenever it is tried.
 */
export function filesReadAgain(config: Config, { source, headerFiles, env }: OtherFiles): string[] {
  const { kubernetes, otlp, telemetry } = config;
  const { feeds, reputation } = config.network.security;
  const { redis } = reputation;
  const files = [
    source,
    ...headerFiles,
    otlp.tls.caFile,
    otlp.tls.certFile,
    otlp.tls.keyFile,
    telemetry.listen.tokenFile,
    telemetry.listen.tls?.certFile,
    telemetry.listen.tls?.keyFile,
    redis?.passwordFile,
    redis?.sentinelPasswordFile,
    redis?.caFile,
    ...feeds.flatMap((feed) => [...Object.values(feed.headerFiles), feed.caFile]),
    kubernetes.kubeconfig,
    ...(kubernetes.enabled === false || kubernetes.kubeconfig !== undefined ? [] : serviceAccountFiles(env)),
  ];
  return [...new Set(files.filter((file) => file !== undefined))];
}
