import { ATTR } from '../../model/attributes.ts';
import type { Alert, Attributes } from '../../model/finding.ts';
import { SEVERITIES } from '../../model/finding.ts';
import { isoTime } from '../../net/iso-time.ts';
import { type AlertCandidate, settled } from '../combine.ts';
import { compileMatch, type Matcher } from './matcher.ts';
import type { Limit, Tracked } from './tuning.ts';

/** Alerts of one limit and one tracked thing, in one window. */
interface Count {
  readonly key: string;
  readonly closesAtMs: number;
  readonly limit: Limit;
  readonly overflow: boolean;
  count: number;
  /** Of `count`: told by a closing record of a run that ended while the window was open; see MergeWindow. */
  told: number;
  toldSent: number;
  closingUid: string | undefined;
  sent: number;
  /** The gravest that was withheld: the closing record takes its words. */
  gravest: AlertCandidate;
  firstSeenMs: number;
  lastSeenMs: number;
  /** `backoff`: the count at which the next is sent. */
  nextAt: number;
}

/** A count as it outlives the program. */
export type SavedCount = Omit<Count, 'closingUid'> & { readonly closingUid: string };

export interface Limiter {
  /** Whether the alert may go on; undefined when no limit concerns it. */
  judge(candidate: AlertCandidate, nowMs: number): boolean | undefined;
  /** Closing records of windows that have ended, for those in which something was withheld. */
  tick(nowMs: number): Alert[];
  /** Closes all windows. */
  flush(): Alert[];
  /** The open counts, for a run to come; see Merger.save. */
  save(how: { readonly closed: boolean }): Iterable<SavedCount>;
  /** Takes over counts of an earlier run whose limits are the same still; returns the others' number. */
  restore(saved: readonly SavedCount[], nowMs: number): number;
  /** Open counts. */
  readonly size: number;
}

const BACKOFF_FACTOR = 10;
const RULE_ID = 'telegen.rule.id';
const SEPARATOR = '\u0000';

/** Attributes that say which one it is. */
const IDENTITY: Readonly<Record<Tracked, readonly string[]>> = {
  rule: [ATTR.detector, RULE_ID],
  process: [ATTR.processPid, ATTR.processStartTime, ATTR.processName],
  workload: [ATTR.containerId, ATTR.podUid, ATTR.podName, ATTR.namespaceName],
  peer: [ATTR.peerIp],
};

function keyOf({ track, name }: Limit, attributes: Attributes): string {
  const parts = track.flatMap((what) =>
    IDENTITY[what].map((attribute) => String(attributes[attribute] ?? '')),
  );
  return [name, ...parts].join(SEPARATOR);
}

/** Counts the alert in, and says whether it is one of those to send. */
function passes(at: Count): boolean {
  const { type, count } = at.limit;
  switch (type) {
    case 'limit':
      return at.count <= count;
    case 'threshold':
      return at.count % count === 0;
    case 'both':
      return at.count === count;
    case 'backoff':
      if (at.count !== at.nextAt) return false;
      at.nextAt *= BACKOFF_FACTOR;
      return true;
  }
}

function closingRecord({ limit, gravest, overflow, ...at }: Count, uid: string): Alert {
  return {
    uid,
    timeMs: at.lastSeenMs,
    severity: gravest.severity,
    body: gravest.body,
    attributes: {
      ...gravest.attributes,
      ...(overflow ? { [ATTR.overflow]: true } : {}),
      [ATTR.limit]: limit.name,
      [ATTR.summary]: true,
      [ATTR.count]: at.count - at.told,
      [ATTR.firstSeen]: isoTime(at.firstSeenMs),
      [ATTR.lastSeen]: isoTime(at.lastSeenMs),
    },
  };
}

export interface LimiterOptions {
  readonly limits: readonly Limit[];
  readonly maxKeys: number;
  readonly newUid: () => string;
}

/** The first limit that fits an alert decides. Windows are counted from the first alert; time never runs backwards. */
export function createLimiter({ limits, maxKeys, newUid }: LimiterOptions): Limiter {
  const compiled: readonly { limit: Limit; fits: Matcher }[] = limits.map((limit) => ({
    limit,
    fits: compileMatch(limit.match),
  }));
  const longestMs = Math.max(0, ...limits.map(({ windowMs }) => windowMs));
  const open = new Map<string, Count>();
  let latestMs = Number.NEGATIVE_INFINITY;
  let due: Alert[] = [];

  function close(at: Count): void {
    open.delete(at.key);
    if (at.count - at.told > at.sent - at.toldSent) due.push(closingRecord(at, at.closingUid ?? newUid()));
  }

  function openCount(
    key: string,
    limit: Limit,
    { candidate, nowMs }: { candidate: AlertCandidate; nowMs: number },
  ): Count {
    const at: Count = {
      key,
      closesAtMs: nowMs + limit.windowMs,
      limit,
      overflow: key.endsWith(OVERFLOW),
      count: 0,
      told: 0,
      toldSent: 0,
      closingUid: undefined,
      sent: 0,
      gravest: settled(candidate),
      firstSeenMs: candidate.timeMs,
      lastSeenMs: candidate.timeMs,
      nextAt: limit.count,
    };
    open.set(key, at);
    return at;
  }

  function find(limit: Limit, candidate: AlertCandidate, nowMs: number): Count {
    let key = keyOf(limit, candidate.attributes);
    if (open.size + due.length >= maxKeys && !open.has(key)) key = `${limit.name}${OVERFLOW}`;
    const found = open.get(key);
    if (found !== undefined && nowMs < found.closesAtMs) return found;
    if (found !== undefined) close(found);
    return openCount(key, limit, { candidate, nowMs });
  }

  function take(at: Count, candidate: AlertCandidate): boolean {
    at.count += 1;
    at.firstSeenMs = Math.min(at.firstSeenMs, candidate.timeMs);
    at.lastSeenMs = Math.max(at.lastSeenMs, candidate.timeMs);
    if (SEVERITIES.indexOf(candidate.severity) > SEVERITIES.indexOf(at.gravest.severity))
      at.gravest = settled(candidate);
    const passed = passes(at);
    if (passed) at.sent += 1;
    return passed;
  }

  /** A clock that was set back by more than any window would keep windows open for as long. */
  function advance(nowMs: number): void {
    if (nowMs >= latestMs - longestMs) latestMs = Math.max(latestMs, nowMs);
    else {
      for (const at of open.values()) close(at);
      latestMs = nowMs;
    }
  }

  function takeDue(): Alert[] {
    const records = due;
    due = [];
    return records;
  }

  return {
    get size() {
      return open.size;
    },
    judge(candidate, nowMs) {
      advance(nowMs);
      const found = compiled.find(({ fits }) => fits(candidate));
      return found === undefined ? undefined : take(find(found.limit, candidate, latestMs), candidate);
    },
    tick(nowMs) {
      advance(nowMs);
      for (const at of open.values()) if (at.closesAtMs <= latestMs) close(at);
      return takeDue();
    },
    flush() {
      for (const at of open.values()) close(at);
      return takeDue();
    },
    *save({ closed }) {
      for (const at of open.values()) {
        at.closingUid ??= newUid();
        const saved = { ...at, closingUid: at.closingUid };
        const told = { told: at.count, toldSent: at.sent, firstSeenMs: Number.POSITIVE_INFINITY };
        yield closed ? { ...saved, ...told, closingUid: newUid() } : saved;
      }
    },
    restore(saved, nowMs) {
      const known = new Map(limits.map((limit) => [JSON.stringify(limit), limit]));
      let foreign = 0;
      for (const at of saved.slice(0, maxKeys)) {
        const limit = known.get(JSON.stringify(at.limit));
        if (limit === undefined) foreign += 1;
        else open.set(at.key, { ...at, limit, closesAtMs: Math.min(at.closesAtMs, nowMs + limit.windowMs) });
      }
      return foreign;
    },
  };
}

const OVERFLOW = `${SEPARATOR}overflow`;
