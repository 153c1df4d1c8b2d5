// Writes alerts to stdout until the reader is gone; exits with 7 when that was reported and did not crash the process.
import { createStreamSink } from '../../../src/telemetry/export/stdout-sink.ts';
import { alert } from '../../alerts/fixtures.ts';

const sink = createStreamSink({
  stream: process.stdout,
  onReport: ({ message }) => {
    process.stderr.write(`${message}\n`);
    clearInterval(timer);
    process.exitCode = 7;
  },
});
const timer = setInterval(() => sink.send(alert('1')), 5);
