import { release } from 'node:os';
import { loadAddon } from '../../capture/addon.ts';
import { loadObject, reasonOf } from '../../capture/live/load-object.ts';
import { chooseInterfaces, inboundWays } from '../../capture/live/packets/choose.ts';
import { PACKET_OBJECT } from '../../capture/live/packets/packet-capture.ts';
import { type Check, isAtLeast } from './host-checks.ts';

/** The shortest frame that a test run takes whole: no IP, so that it is counted and nothing else. */
const FRAME = new Uint8Array(60);
/** XDP_PASS, and TCX_NEXT. */
const PASS: Readonly<Record<string, number>> = { tg_xdp: 2, tg_tc_ingress: -1, tg_tc_egress: -1 };
const TCX_SINCE = [6, 6] as const;

/** Loads the packet programs and runs a frame through each, attached to nothing; says where they would go. */
export function packetChecks(version = release()): Check[] {
  try {
    const addon = loadAddon();
    const { object, refused } = loadObject(addon, { path: PACKET_OBJECT, constants: {}, mapSizes: {} });
    try {
      const programs = Object.entries(PASS).map(([program, pass]): Check => {
        const reason = refused.get(program) ?? wrongResult(object.testRun(program, FRAME, 1).result, pass);
        return programCheck(program, reason, version);
      });
      return [...programs, interfaceCheck(addon)];
    } finally {
      object.close();
    }
  } catch (error) {
    return [{ name: 'packets', state: 'degraded', detail: `not to be had: ${reasonOf(error)}`, cure: CURE }];
  }
}

const CURE = 'telegen runs without agent.network.xdp; XDP needs Linux 5.18, TC 6.6';

function wrongResult(result: number, pass: number): string | undefined {
  return result === pass ? undefined : `a test frame gave ${result} instead of ${pass}`;
}

function programCheck(program: string, reason: string | undefined, version: string): Check {
  const name = `packets ${program}`;
  if (reason !== undefined) return { name, state: 'degraded', detail: reason, cure: CURE };
  if (program !== 'tg_xdp' && !isAtLeast(version, TCX_SINCE))
    return { name, state: 'degraded', detail: `Linux ${version} has no TCX links`, cure: CURE };
  return { name, state: 'ok', detail: 'loaded, and passes a test frame on' };
}

function interfaceCheck(addon: ReturnType<typeof loadAddon>): Check {
  const chosen = chooseInterfaces(addon.networkInterfaces(), { include: [], exclude: [] });
  const names = chosen.map((each) => `${each.name} (${inboundWays(each, 'auto')[0]})`);
  return {
    name: 'packets interfaces',
    state: 'ok',
    detail: names.length === 0 ? 'none but loopback' : `by default ${names.join(', ')}`,
  };
}
