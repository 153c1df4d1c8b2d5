import { mkdirSync, rmdirSync } from 'node:fs';
import { cgroup2Mount } from '../../capture/live/cgroup.ts';
import { type HookStatus, openLiveCapture } from '../../capture/live/live-capture.ts';
import type { Check } from './host-checks.ts';

const RING_BYTES = 4096;

/**
 * Loads and attaches every hook for real, to an empty child cgroup made for the purpose and removed afterwards, so
 * that nothing on the host is touched.
 */
export async function hookChecks(): Promise<Check[]> {
  const mount = cgroup2Mount();
  if (mount === undefined)
    return [{ name: 'hooks', state: 'missing', detail: 'not tried: no cgroup v2 hierarchy' }];
  const cgroupPath = `${mount}/telegen-doctor-${process.pid}`;
  try {
    mkdirSync(cgroupPath);
  } catch (error) {
    const detail = `not tried: cannot make a cgroup: ${error instanceof Error ? error.message : String(error)}`;
    return [{ name: 'hooks', state: 'missing', detail, cure: `run as root with ${mount} writable` }];
  }
  try {
    const capture = openLiveCapture({
      cgroupPath,
      ringBufferSize: RING_BYTES,
      onEvent: () => {},
      onWarning: () => {},
    });
    const checks = capture.hooks.map(checkOf);
    await capture.stop();
    return checks;
  } catch (error) {
    return [
      { name: 'hooks', state: 'missing', detail: error instanceof Error ? error.message : String(error) },
    ];
  } finally {
    rmdirSync(cgroupPath);
  }
}

function checkOf(status: HookStatus): Check {
  const { feature, state, candidate, reason } = status;
  const name = `hook ${feature.name}`;
  if (state === 'ok') return { name, state: 'ok', detail: `${candidate?.object}/${candidate?.program}` };
  const cure = 'telegen runs without it; a newer kernel or one with BTF has it';
  if (state === 'fallback')
    return {
      name,
      state: 'degraded',
      detail: `${candidate?.object}/${candidate?.program} instead (${reason})`,
      cure,
    };
  return {
    name,
    state: feature.required ? 'missing' : 'degraded',
    detail: `lost: ${feature.purpose} (${reason})`,
    cure,
  };
}
