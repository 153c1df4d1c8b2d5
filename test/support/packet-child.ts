/**
 * A packet capture in a network namespace of its own: node packet-child.ts SETTINGS [CGROUP], run by nsenter. For each
 * line on its input it ticks and prints a line of JSON (PacketReport); ends with its input.
 */
import { createInterface } from 'node:readline';
import { loadAddon } from '../../src/capture/addon.ts';
import { type LiveCapture, openLiveCapture } from '../../src/capture/live/live-capture.ts';
import type { InterfaceStatus } from '../../src/capture/live/packets/attach.ts';
import { openPacketCapture } from '../../src/capture/live/packets/packet-capture.ts';
import type { PacketSettings } from '../../src/capture/live/packets/settings.ts';
import type { PacketStats } from '../../src/capture/live/packets/stats.ts';
import type { PacketRateEvent, ProbeEvent } from '../../src/model/packets.ts';

export interface PacketReport {
  readonly windows: readonly PacketRateEvent[];
  readonly probes: readonly ProbeEvent[];
  readonly interfaces: readonly InterfaceStatus[];
  readonly stats: PacketStats | undefined;
  readonly messages: readonly string[];
}

const [settings = '{}', cgroupPath] = process.argv.slice(2);
const addon = loadAddon();
const messages: string[] = [];
let events: (PacketRateEvent | ProbeEvent)[] = [];
const live: LiveCapture | undefined =
  cgroupPath === undefined
    ? undefined
    : openLiveCapture({
        cgroupPath,
        ringBufferSize: 1 << 20,
        phases: [],
        onEvent: () => undefined,
        onWarning: (message) => messages.push(message),
      });
const capture = openPacketCapture({
  addon,
  ...(live === undefined ? {} : { sockets: live.core }),
  settings: JSON.parse(settings) as PacketSettings,
  onEvent: (event) => events.push(event),
  onWarning: (message) => messages.push(`warning: ${message}`),
  onNote: (message) => messages.push(message),
});

function report(): PacketReport {
  const windows = events.filter((event) => event.kind === 'packet_rate');
  const probes = events.filter((event) => event.kind === 'probe');
  events = [];
  return {
    windows,
    probes,
    interfaces: capture?.interfaces ?? [],
    stats: capture?.stats(),
    messages: messages.splice(0),
  };
}

process.stdout.write(`${JSON.stringify(report())}\n`);
for await (const _ of createInterface({ input: process.stdin })) {
  capture?.tick(Date.now());
  process.stdout.write(`${JSON.stringify(report())}\n`);
}
capture?.stop(Date.now());
await live?.stop();
