import { resolve } from 'node:path';
import { normaliseCidr } from './cidr.ts';
import type { FileConfig } from './schema.ts';

/** The file as it takes effect, still in its spelling: paths absolute, networks canonical, shared settings in both homes. */
export function effectiveConfig(file: FileConfig, baseDir: string): FileConfig {
  const absolute = (path: string): string => resolve(baseDir, path);
  const { network, ebpf, kubernetes, telemetry } = file.agent;
  const { security } = network;
  const includePorts = network.include_ports.length > 0 ? network.include_ports : ebpf.network.include_ports;
  return {
    ...file,
    agent: {
      ...file.agent,
      network: {
        ...network,
        include_ports: includePorts,
        security: {
          ...security,
          blocklists: security.blocklists.map(absolute),
          allowlists: security.allowlists.map(absolute),
          feeds: effectiveFeeds(security.feeds, absolute),
          reputation: { ...security.reputation, redis: effectiveRedis(security.reputation.redis, absolute) },
          state_dir: absolute(security.state_dir),
          own_networks: security.own_networks.map(canonical),
          internal_networks: security.internal_networks.map(canonical),
          allow: { ...security.allow, cidrs: security.allow.cidrs.map(canonical) },
        },
      },
      ebpf: { network: { ...ebpf.network, include_ports: includePorts } },
      kubernetes: effectiveKubernetes(kubernetes, absolute),
      telemetry: { ...telemetry, listen: effectiveListen(telemetry.listen, absolute) },
    },
    rules: effectiveRules(file.rules, absolute),
    otlp: effectiveOtlp(file.otlp, absolute),
    alerts: effectiveAlerts(file.alerts, absolute),
  };
}

function effectiveKubernetes(
  kubernetes: FileConfig['agent']['kubernetes'],
  absolute: (path: string) => string,
): FileConfig['agent']['kubernetes'] {
  const { kubeconfig, pod_logs_dir: logs } = kubernetes;
  const config = kubeconfig === undefined ? {} : { kubeconfig: absolute(kubeconfig) };
  return { ...kubernetes, pod_logs_dir: absolute(logs), ...config };
}

type Listen = FileConfig['agent']['telemetry']['listen'];

function effectiveListen(listen: Listen, absolute: (path: string) => string): Listen {
  const files = ['token_file', 'cert_file', 'key_file'] as const;
  const paths = files.flatMap((key) => (listen[key] === undefined ? [] : [[key, absolute(listen[key])]]));
  return { ...listen, ...Object.fromEntries(paths) };
}

function effectiveAlerts(
  alerts: FileConfig['alerts'],
  absolute: (path: string) => string,
): FileConfig['alerts'] {
  const { spool, file } = alerts;
  return {
    ...alerts,
    tuning: alerts.tuning.map(absolute),
    file: file.path === undefined ? file : { ...file, path: absolute(file.path) },
    spool: spool.directory === undefined ? spool : { ...spool, directory: absolute(spool.directory) },
  };
}

function effectiveRules(rules: FileConfig['rules'], absolute: (path: string) => string): FileConfig['rules'] {
  const { placeholders, ...rest } = rules;
  const files = { paths: rules.paths.map(absolute), pipelines: rules.pipelines.map(absolute) };
  return placeholders === undefined
    ? { ...rest, ...files }
    : { ...rest, ...files, placeholders: absolute(placeholders) };
}

function effectiveOtlp(otlp: FileConfig['otlp'], absolute: (path: string) => string): FileConfig['otlp'] {
  const headers = Object.entries(otlp.headers).map(([name, value]) => [
    name,
    typeof value === 'string' ? value : { file: absolute(value.file) },
  ]);
  const tls = Object.entries(otlp.tls).map(([name, path]) => [
    name,
    path === undefined ? path : absolute(path),
  ]);
  return { ...otlp, headers: Object.fromEntries(headers), tls: Object.fromEntries(tls) };
}

type Redis = FileConfig['agent']['network']['security']['reputation']['redis'];

function effectiveRedis(redis: Redis, absolute: (path: string) => string): Redis {
  const files = ['password_file', 'sentinel_password_file', 'ca_file'] as const;
  const paths = files.flatMap((key) => (redis[key] === undefined ? [] : [[key, absolute(redis[key])]]));
  return { ...redis, ...Object.fromEntries(paths) };
}

type Feeds = FileConfig['agent']['network']['security']['feeds'];

function effectiveFeeds(feeds: Feeds, absolute: (path: string) => string): Feeds {
  return Object.fromEntries(
    Object.entries(feeds).map(([name, feed]) => {
      const headers = Object.entries(feed.headers).map(([header, { file }]) => [
        header,
        { file: absolute(file) },
      ]);
      const ca = feed.ca_file === undefined ? {} : { ca_file: absolute(feed.ca_file) };
      return [name, { ...feed, headers: Object.fromEntries(headers), ...ca }];
    }),
  );
}

/** Only for text that the schema has accepted. */
function canonical(text: string): string {
  const result = normaliseCidr(text);
  return 'cidr' in result ? result.cidr : text;
}
