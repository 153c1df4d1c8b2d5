import { toPacketRate, toScan } from './config-detectors.ts';
import { type DeepReadonly, toFeeds, toListSettings, toReputation } from './config-lists.ts';
import { parseDuration } from './duration.ts';
import { endpointUrl, parseEndpoint } from './endpoint.ts';
import type { FileConfig } from './schema.ts';

/** The whole configuration as the program uses it: complete, checked, units in names, one place per setting. */
export type Config = DeepReadonly<ReturnType<typeof toConfig>>;
export type NetworkConfig = Config['network'];
export type SecurityConfig = NetworkConfig['security'];
export type KubernetesConfig = Config['kubernetes'];
export type TelemetryConfig = Config['telemetry'];
export type RulesConfig = Config['rules'];
export type OtlpConfig = Config['otlp'];
export type AlertsConfig = Config['alerts'];
export type SpoolConfig = Config['alerts']['spool'];
export type SemanticConventions = Config['semanticConventions'];

/** From an effective file (see effectiveConfig) and the values of its OTLP headers. */
export function toConfig(file: FileConfig, headers: Readonly<Record<string, string>>) {
  const { agent, otlp } = file;
  return {
    /** Undefined: telegen stays who it is. */
    user: agent.user,
    resources: toResources(agent.resources),
    network: toNetwork(agent),
    telemetry: toTelemetry(agent.telemetry),
    kubernetes: toKubernetes(agent.kubernetes),
    rules: toRules(file.rules),
    otlp: toOtlp(otlp, headers),
    alerts: {
      heartbeatMs: parseDuration(file.alerts.heartbeat) ?? 0,
      tuning: file.alerts.tuning,
      otlp: toFilter(file.alerts.otlp),
      file: {
        path: file.alerts.file.path,
        maxBytes: file.alerts.file.max_size,
        keep: file.alerts.file.keep,
        ...toFilter(file.alerts.file),
      },
      spool: toSpool(file.alerts.spool),
    },
    /** What goes to the collector beside the alerts. */
    exported: {
      events: otlp.events,
      spans: otlp.spans,
      metrics: otlp.metrics,
      metricsIntervalMs: parseDuration(otlp.metrics_interval) ?? 0,
    },
    semanticConventions: file.semantic_conventions,
  };
}

function toNetwork({ network, ebpf }: FileConfig['agent']) {
  const { dns, tcp, xdp, http } = network;
  const lowerCase = (name: string): string => name.toLowerCase();
  return {
    enabled: ebpf.network.enabled,
    dns: {
      enabled: dns.enabled,
      captureQueries: dns.capture_queries,
      captureResponses: dns.capture_responses,
      captureContent: dns.capture_content,
    },
    tcp: {
      enabled: tcp.enabled,
      rtt: tcp.rtt,
      retransmits: tcp.retransmits,
      connectionTracking: tcp.connection_tracking,
      sampleRate: tcp.sample_rate,
    },
    http: {
      enabled: ebpf.network.http,
      excludePaths: ebpf.network.exclude_paths,
      captureHeaders: ebpf.network.capture_headers.map(lowerCase),
      maxBodyCaptureBytes: http.max_body_capture,
      maxHeaders: http.max_headers,
      route: {
        patterns: http.route.patterns,
        infer: http.route.infer,
        maxPerService: http.route.max_per_service,
      },
    },
    grpc: { enabled: ebpf.network.grpc },
    xdp: {
      enabled: xdp.enabled,
      mode: xdp.mode,
      sampleRate: xdp.sample_rate,
      interfaces: xdp.interfaces,
      ports: xdp.filters.ports,
      protocols: xdp.filters.protocols,
    },
    interfaces: network.interfaces,
    excludeInterfaces: network.exclude_interfaces,
    includePorts: network.include_ports,
    excludePorts: ebpf.network.exclude_ports,
    ringBufferBytes: network.ring_buffer_size,
    security: toSecurity(network.security),
  };
}

function toSecurity(security: FileConfig['agent']['network']['security']) {
  return {
    enabled: security.enabled,
    suspiciousPorts: security.suspicious_ports,
    externalConnectionAlerts: security.external_connection_alerts,
    unexpectedProtocols: toUnexpectedProtocols(security.unexpected_protocols),
    blocklists: security.blocklists,
    allowlists: security.allowlists,
    lists: toListSettings(security.lists),
    feeds: toFeeds(security.feeds),
    reputation: toReputation(security.reputation),
    packetRate: toPacketRate(security.packet_rate),
    scan: toScan(security.scan),
    ownNetworks: security.own_networks,
    stateDir: security.state_dir,
    internalNetworks: security.internal_networks,
    allow: security.allow,
    mergeWindowMs: parseDuration(security.merge_window) ?? 0,
  };
}

function toUnexpectedProtocols(
  protocols: FileConfig['agent']['network']['security']['unexpected_protocols'],
) {
  const { enabled, http_ports: httpPorts, tls_ports: tlsPorts, dns_ports: dnsPorts, allow } = protocols;
  return { enabled, httpPorts, tlsPorts, dnsPorts, otherPorts: protocols.other_ports, allow };
}

function toKubernetes(kubernetes: FileConfig['agent']['kubernetes']) {
  const { enabled, pod_logs_dir: podLogsDir, kubeconfig, node_name: nodeName, nodes } = kubernetes;
  return {
    enabled,
    podLogsDir,
    ...(kubeconfig === undefined ? {} : { kubeconfig }),
    ...(nodeName === undefined ? {} : { nodeName }),
    nodes,
  };
}

function toRules(rules: FileConfig['rules']) {
  const { placeholders } = rules;
  return {
    enabled: rules.enabled,
    paths: rules.paths,
    only: rules.only,
    disable: rules.disable,
    shadow: rules.shadow,
    minLevel: rules.min_level,
    portableWindows: rules.portable_windows,
    pipelines: rules.pipelines,
    ...(placeholders === undefined ? {} : { placeholders }),
  };
}

function toFilter({ min_severity: minSeverity, detectors, rules }: FileConfig['alerts']['otlp']) {
  return { minSeverity, detectors, rules };
}

function toSpool(spool: FileConfig['alerts']['spool']) {
  return {
    enabled: spool.enabled,
    /** Undefined: the default, which depends on the environment. */
    directory: spool.directory,
    maxBytes: spool.max_size,
    maxAgeMs: parseDuration(spool.max_age) ?? 0,
    fsyncIntervalMs: parseDuration(spool.fsync_interval) ?? 0,
  };
}

function toTelemetry(telemetry: FileConfig['agent']['telemetry']) {
  return {
    enabled: telemetry.enabled,
    listen: toListen(telemetry.listen),
    maxLabelValues: telemetry.max_label_values,
    maxSeries: telemetry.max_series,
    seriesIdleMs: parseDuration(telemetry.series_idle) ?? 0,
    topologyWindowMs: parseDuration(telemetry.topology_window) ?? 0,
  };
}

function toResources(resources: FileConfig['agent']['resources']) {
  return {
    cpuPercent: resources.max_cpu,
    memoryBytes: resources.max_memory,
    lagMs: parseDuration(resources.max_lag) ?? 0,
  };
}

function toListen({ enabled, address, port, ...files }: FileConfig['agent']['telemetry']['listen']) {
  const { token_file: tokenFile, cert_file: certFile, key_file: keyFile } = files;
  return {
    enabled,
    address,
    port,
    tokenFile,
    /** Both or none: the cross-checks see to it. */
    tls: certFile === undefined || keyFile === undefined ? undefined : { certFile, keyFile },
  };
}

function toOtlp(otlp: FileConfig['otlp'], headers: Readonly<Record<string, string>>) {
  const parsed = otlp.endpoint === undefined ? undefined : parseEndpoint(otlp.endpoint);
  const endpoint =
    parsed !== undefined && 'endpoint' in parsed ? endpointUrl(parsed.endpoint, otlp.insecure) : undefined;
  const { ca_file: caFile, cert_file: certFile, key_file: keyFile } = otlp.tls;
  return {
    /** Always with a scheme; undefined when the file names no collector. */
    ...(endpoint === undefined ? {} : { endpoint }),
    headers,
    compression: otlp.compression,
    timeoutMs: parseDuration(otlp.timeout) ?? 0,
    insecure: otlp.insecure,
    tls: {
      ...(caFile === undefined ? {} : { caFile }),
      ...(certFile === undefined ? {} : { certFile }),
      ...(keyFile === undefined ? {} : { keyFile }),
    },
    serviceName: otlp.service_name,
  };
}
