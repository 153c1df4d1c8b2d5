import {
  convertLegacyOtlpGrpcOptions,
  createOtlpGrpcExportDelegate,
} from '@opentelemetry/otlp-grpc-exporter-base';
import { MetricsExporterMetricsHelper, ProtobufMetricsSerializer } from '@opentelemetry/otlp-transformer';
import type { ResourceMetrics } from '@opentelemetry/sdk-metrics';
import { createClient, type OtlpClient } from './otlp-client.ts';
import type { OtlpOptions } from './otlp-options.ts';

const COMPONENT = 'otlp_grpc_metric_exporter';
const SERVICE = '/opentelemetry.proto.collector.metrics.v1.MetricsService/Export';

/**
 * Metrics to the collector, one message a call: the SDK's transport and serializer, without its reader, which would keep
 * a second copy of every series. Throws TELEGEN_EXPORT when a certificate or key cannot be used.
 */
export function createMetricClient(options: OtlpOptions, userAgent: string): OtlpClient<ResourceMetrics> {
  return createClient(options, { userAgent }, (config) => {
    const delegate = createOtlpGrpcExportDelegate(
      convertLegacyOtlpGrpcOptions(config, 'METRICS'),
      ProtobufMetricsSerializer,
      COMPONENT,
      MetricsExporterMetricsHelper,
      undefined,
      'MetricsExportService',
      SERVICE,
    );
    return {
      export([metrics], done) {
        if (metrics !== undefined) delegate.export(metrics, done);
      },
      shutdown: () => delegate.shutdown(),
    };
  });
}
