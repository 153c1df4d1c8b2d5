import { RESOURCES } from './defaults.ts';
import * as leaf from './leaf.ts';

/** `agent.resources`. */
export const resourcesSchema = leaf.section(
  'What telegen may use. Over it, telemetry is given up in this order: spans, events for the collector, event lines, metrics and topology. Detection and alerts go on.',
  {
    max_cpu: leaf.whole(RESOURCES.cpuPercent, {
      active: true,
      description: 'Percent of one processor; 0: no limit.',
    }),
    max_memory: leaf.whole(RESOURCES.memoryBytes, {
      active: true,
      description: 'Bytes in RAM. Below what lists, tables and buffers need, telemetry stays given up.',
    }),
    max_lag: leaf.duration(RESOURCES.lag, {
      active: true,
      description: 'How late the event loop may come: later means that telegen does not keep up.',
    }),
  },
);
