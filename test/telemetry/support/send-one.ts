// A process of its own, because the roots of a host are read once per process. argv: endpoint.
import { resolveOtlpOptions } from '../../../src/telemetry/export/otlp-options.ts';
import { createOtlpSink } from '../../../src/telemetry/export/otlp-sink.ts';
import { alert } from '../../alerts/fixtures.ts';

const otlp = resolveOtlpOptions({ endpoint: process.argv[2] }, {});
if (otlp === undefined) throw new Error('an endpoint is needed');
const sink = await createOtlpSink({ otlp, serviceVersion: '1', env: {} });
sink.send(alert('1'));
const flushed = await sink.flush(20_000);
process.stdout.write(JSON.stringify({ flushed, delivered: sink.counters.delivered }));
await sink.close();
