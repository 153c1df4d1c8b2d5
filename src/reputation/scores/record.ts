import { formatRange, isWholeFamily, parseNetwork } from '../../net/prefix.ts';
import { printable } from '../facts-pool.ts';
import { hostName } from '../host-name.ts';

/**
 * What one agent says of one value. Only that agent writes it, and the newest counts, so that records may come late,
 * twice or in any order and all agents still end with the same.
 */
export interface ScoreRecord {
  /** Canonical address, network or host name. */
  readonly value: string;
  /** Who says so; `ANYBODY` for a removal. */
  readonly agent: string;
  readonly updatedMs: number;
  /** Takes back what anybody said of the value until `updatedMs`. */
  readonly removed?: true;
  /** 0 to 100 at `updatedMs`. */
  readonly score: number;
  /** Halves with every half-life that passes after `updatedMs`. */
  readonly decays: boolean;
  readonly source: string;
  readonly reason?: string;
  readonly sightings: number;
  readonly firstSeenMs: number;
  /** From then on it says nothing. */
  readonly expiresMs: number;
}

/** In the place of the agent in a removal. */
export const ANYBODY = '*';
/** The agent of what people say with `telegen reputation`. */
export const MANUAL = 'manual';

const MAX_AGENT = 100;
const MAX_TEXT = 200;
const MAX_LIFE_MS = 366 * 86_400_000;
/** Clocks of agents may differ; what is from a farther future is not believed. */
const MAX_SKEW_MS = 300_000;

export type ValueParse =
  | { readonly ok: true; readonly kind: 'network' | 'name'; readonly value: string }
  | { readonly ok: false; readonly reason: string };

/** The form in which a value is kept. Refuses whole address families and top-level domains. */
export function parseValue(text: string): ValueParse {
  const network = parseNetwork(text);
  if (network.ok && isWholeFamily(network.range)) return { ok: false, reason: 'would name every address' };
  if (network.ok) return { ok: true, kind: 'network', value: formatRange(network.range) };
  const name = hostName(text);
  return name.ok ? { ok: true, kind: 'name', value: name.name } : name;
}

export function keyOf({ value, agent }: Pick<ScoreRecord, 'value' | 'agent'>): string {
  return `${value} ${agent}`;
}

export function encodeRecord(record: ScoreRecord): string {
  return JSON.stringify(record);
}

/** A record out of the shared store, or undefined for what is none: anybody may have written there. */
export function decodeRecord(text: string, nowMs: number): ScoreRecord | undefined {
  const raw = parse(text);
  if (raw === undefined) return undefined;
  const { value, agent, source, reason, decays, removed } = raw;
  const numbers = [raw.updatedMs, raw.score, raw.sightings, raw.firstSeenMs, raw.expiresMs];
  if (!numbers.every((number): number is number => Number.isFinite(number) && Number(number) >= 0))
    return undefined;
  const [updatedMs = 0, score = 0, sightings = 0, firstSeenMs = 0, expiresMs = 0] = numbers;
  if (typeof value !== 'string' || typeof agent !== 'string' || typeof source !== 'string') return undefined;
  const parsed = parseValue(value);
  if (!parsed.ok || parsed.value !== value || agent === '' || agent.length > MAX_AGENT) return undefined;
  if (score > 100 || updatedMs > nowMs + MAX_SKEW_MS) return undefined;
  return {
    value,
    agent: printable(agent, MAX_AGENT),
    updatedMs,
    score,
    decays: decays === true,
    source: printable(source, MAX_TEXT),
    ...(typeof reason === 'string' ? { reason: printable(reason, MAX_TEXT) } : {}),
    sightings,
    firstSeenMs,
    expiresMs: Math.min(expiresMs, nowMs + MAX_LIFE_MS),
    ...(removed === true ? { removed } : {}),
  };
}

function parse(text: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value = JSON.parse(text) as unknown;
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}
