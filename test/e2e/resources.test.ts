import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { eventually } from '../support/eventually.ts';
import { type OtlpReceiver, startOtlpReceiver } from '../support/otlp-receiver.ts';
import { openSandbox, type Sandbox, whyNoSandbox } from '../support/sandbox.ts';
import { endTelegens, watch } from '../support/telegen.ts';

const skip = whyNoSandbox();
const PORT = 19_397;
/** The least that can be asked for: the program itself needs more. */
const TOO_LITTLE = 67_108_864;

describe.skipIf(skip !== undefined)(`a budget that is too small ${skip ? `(SKIP: ${skip})` : ''}`, () => {
  let sandbox: Sandbox;
  let receiver: OtlpReceiver;

  beforeAll(async () => {
    sandbox = await openSandbox();
    receiver = await startOtlpReceiver();
  });
  afterEach(async () => {
    await sandbox.endPrograms();
    await endTelegens();
  });
  afterAll(async () => {
    await receiver?.stop();
    await sandbox?.close();
  });

  it('costs telemetry, class by class and counted, and no alert; the analyst is told', async () => {
    const telegen = await watch(sandbox, {
      config: {
        agent: {
          resources: { max_memory: TOO_LITTLE },
          telemetry: { listen: { port: PORT } },
          network: { tcp: { enabled: true } },
        },
        otlp: { endpoint: `http://${receiver.address}`, events: ['connection'], spans: true },
      },
      args: ['--output', 'jsonl', '--events', 'connection'],
    });
    const degraded = await telegen.alert(
      'the notice',
      ({ attributes }) => attributes['telegen.sensor.check'] === 'resources',
    );
    expect(degraded).toMatchObject({
      severity: 'ERROR',
      body: expect.stringMatching(
        /^Sensor degraded: over budget \(.*memory \d+ MiB of 64 MiB.*\): spans are given up; detection goes on$/,
      ),
    });
    let metrics = '';
    let asking = false;
    await eventually(() => {
      if (!asking) {
        asking = true;
        void fetch(`http://127.0.0.1:${PORT}/metrics`)
          .then((response) => response.text())
          .then((text) => {
            metrics = text;
            asking = false;
          });
      }
      return metrics.includes('\ntelegen_shed_level 4\n');
    }, 'all classes to be given up');
    const before = telegen.events().length;
    for (const address of ['198.51.100.7', '198.51.100.8'])
      await sandbox.peer(`tcp4 connect ${address} 4444`).end();
    const { stderr, code } = await telegen.stop();
    expect(code).toBe(0);
    const peers = telegen.alerts().map(({ attributes }) => attributes['net.peer.ip']);
    expect(peers.filter((peer) => peer !== undefined)).toEqual(['198.51.100.7', '198.51.100.8']);
    expect(telegen.events()).toHaveLength(before);
    // Each connection was attempted and has failed.
    expect(stderr).toMatch(/over budget: [4-9] lines given up, [4-9] metrics given up/);
    expect(stderr).toMatch(/otlp\.events: [4-9] accepted, 0 delivered, [4-9] lost \(shed\)/);
    const atCollector = receiver.records.map(({ attributes }) => attributes['net.peer.ip']);
    expect(atCollector.filter((peer) => peer !== undefined)).toEqual(
      peers.filter((peer) => peer !== undefined),
    );
  });
});
