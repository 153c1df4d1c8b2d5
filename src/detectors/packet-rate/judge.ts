import type { Finding } from '../../model/finding.ts';
import type { PacketRateEvent, ServiceCounts } from '../../model/packets.ts';
import { ipEquals } from '../../net/ip.ts';
import { FIRST_CLIENT_PORT } from '../../net/packet/answer.ts';
import { type Anomaly, addWindow, createAnomaly, isUpdateDue } from './anomaly.ts';
import type { Sensitivity } from './baseline.ts';
import { classify, isReported, type Reported, worse } from './classify.ts';
import { anomalyFinding, type Ending, type Phase } from './finding.ts';
import type { PacketRateOptions, Rates } from './options.ts';
import { addRates, NO_TRAFFIC, serviceTraffic, type Traffic, totalTraffic, without } from './rates.ts';
import {
  acceptRecent,
  addSuspected,
  type Look,
  learnWindow,
  look,
  noteSuspicion,
  type Scope,
  sensitivityOf,
} from './scope.ts';
import { createSite, hasScope, newSources, type Site, scopeOf, silence, silentWindows } from './site.ts';

export interface JudgeParts {
  readonly options: PacketRateOptions;
  /** The judge of the other direction, once there is one. */
  readonly opposite: () => Judge | undefined;
  readonly counters: { services: number };
}

/** A window as all scopes of a site see it. */
interface View {
  readonly event: PacketRateEvent;
  /** Sources beyond those that are usual. */
  readonly newSources: number;
  readonly findings: Finding[];
}

/** What one scope had in it. */
interface Seen extends Look {
  readonly traffic: Traffic;
}

/** Windows come every second; after this time without one there was no packet. */
const SILENT_MS = 3_000;
/** Acknowledgements of a download are at least this share of it; a host that refuses datagrams says so far less often. */
const ANSWERED_SHARE = 0.02;
/** The same burst may be cut into windows differently in both directions. */
const MIRROR_MS = 2_500;

/** Judges the windows of one direction of one interface. */
export class Judge {
  readonly site: Site;
  readonly #parts: JudgeParts;
  readonly #options: PacketRateOptions;
  readonly #sensitivity: Sensitivity;

  constructor(first: PacketRateEvent, parts: JudgeParts) {
    this.#parts = parts;
    this.#options = parts.options;
    this.#sensitivity = sensitivityOf(parts.options);
    this.site = createSite(first);
  }

  window(event: PacketRateEvent): readonly Finding[] {
    const { site } = this;
    const { halfLifeWindows } = this.#sensitivity;
    const view: View = { event, newSources: newSources(site, event, halfLifeWindows), findings: [] };
    const explained = this.#services(view);
    this.#examine(site.whole, without(totalTraffic(event), explained), view);
    site.last = event;
    return view.findings;
  }

  /** An interface of which nothing more comes is silent. */
  tick(nowMs: number): readonly Finding[] {
    const { last } = this.site;
    if (nowMs - last.timeMs < SILENT_MS || this.#going().length === 0) return [];
    return this.window(silence(last, nowMs));
  }

  /** What goes on is told once more: nobody will see its end. */
  finish(): readonly Finding[] {
    const view = { event: this.site.last, newSources: 0, findings: [] };
    for (const { scope, anomaly } of this.#going())
      this.#end(scope, { anomaly, ending: 'unobserved', rates: NO_TRAFFIC.rates }, view);
    return view.findings;
  }

  #going(): { readonly scope: Scope; readonly anomaly: Anomaly }[] {
    return [this.site.whole, ...this.site.scopes.values()].flatMap((scope) =>
      scope.anomaly === undefined ? [] : [{ scope, anomaly: scope.anomaly }],
    );
  }

  /** Gives what stands out at single services: the interface as a whole is judged by the rest. */
  #services(view: View): Rates {
    const { site } = this;
    const { event } = view;
    let explained = NO_TRAFFIC.rates;
    const seen = new Set<Scope>();
    for (const service of event.services) {
      if (isSpread(service)) continue;
      const traffic = serviceTraffic(service, event.intervalMs);
      // One of many: the interface as a whole is judged by them.
      if (!hasScope(site, service) && isClientPort(service) && this.#isSmall(traffic.rates)) continue;
      const scope = scopeOf(site, service, event);
      if (scope === undefined) {
        this.#parts.counters.services += 1;
        continue;
      }
      seen.add(scope);
      const excess = this.#examine(scope, traffic, view);
      if (excess !== undefined) explained = addRates(explained, excess);
    }
    for (const scope of site.scopes.values()) {
      const isLoud = scope.anomaly !== undefined || scope.suspectMs !== undefined;
      if (isLoud && !seen.has(scope)) this.#examine(scope, NO_TRAFFIC, view);
    }
    return explained;
  }

  #isSmall({ packets, syn, udp }: Rates): boolean {
    const { floors } = this.#options;
    return packets < floors.packets / 4 && syn < floors.syn / 4 && udp < floors.udp / 4;
  }

  /** Gives what is beyond the baseline where that is a matter of its own. */
  #examine(scope: Scope, traffic: Traffic, view: View): Rates | undefined {
    const { event } = view;
    const seen = { traffic, ...look(scope, traffic.rates, this.#options, this.#sensitivity) };
    const isOver = seen.over.length > 0;
    const silent = silentWindows(scope.lastMs, event);
    scope.lastMs = event.timeMs;
    this.#note(seen, event.timeMs);
    if (scope.anomaly !== undefined) {
      this.#follow(scope, { anomaly: scope.anomaly, seen }, view);
      return seen.excess;
    }
    noteSuspicion(scope, isOver, event);
    const isWatching = isOver && this.#isWatching(event);
    const isDoubtful = isWatching && !this.#isStarting(scope, event);
    if (isWatching && !isDoubtful) this.#begin(scope, seen, view);
    if (isDoubtful) addSuspected(scope, traffic, event);
    // What may be the first second of a flood is not learned; what turned out to be none is, within the threshold.
    if (scope.anomaly === undefined && !isDoubtful)
      learnWindow(scope, traffic.rates, {
        silent,
        thresholds: seen.thresholds,
        sensitivity: this.#sensitivity,
      });
    return seen.isLarge ? seen.excess : undefined;
  }

  #note({ over }: Look, timeMs: number): void {
    for (const signal of over) if (signal === 'udp' || signal === 'icmp') this.site.stoodOut[signal] = timeMs;
  }

  #isStarting({ suspectMs }: Scope, { timeMs, intervalMs }: PacketRateEvent): boolean {
    // Half a window is forgiven: none is exactly a second long.
    return suspectMs !== undefined && timeMs - suspectMs >= this.#options.startAfterMs - intervalMs / 2;
  }

  #isWatching({ timeMs }: PacketRateEvent): boolean {
    return timeMs - this.site.firstMs > this.#options.warmUpMs;
  }

  #begin(scope: Scope, seen: Seen, view: View): void {
    const { event } = view;
    const [signal] = seen.over;
    const verdict = this.#verdict(scope, seen, view);
    if (verdict === undefined || signal === undefined) return;
    const anomaly = createAnomaly(
      {
        verdict,
        signal,
        baseline: scope.baselines.get(signal)?.level ?? 0,
        threshold: seen.thresholds[signal],
        beganMs: scope.suspectMs ?? event.timeMs,
        updateEveryMs: this.#options.updateIntervalMs,
      },
      event,
    );
    scope.anomaly = anomaly;
    anomaly.pause.packets = scope.suspected.packets;
    anomaly.pause.bytes = scope.suspected.bytes;
    addWindow(anomaly, seen.traffic, { event, isOver: true });
    this.#report(scope, { anomaly, phase: 'start', rates: seen.traffic.rates }, view);
  }

  #follow(scope: Scope, { anomaly, seen }: { anomaly: Anomaly; seen: Seen }, view: View): void {
    const { timeMs } = view.event;
    const { rates } = seen.traffic;
    const { endAfterMs, acceptAfterMs } = this.#options;
    addWindow(anomaly, seen.traffic, { event: view.event, isOver: seen.over.length > 0 });
    if (timeMs - anomaly.lastOverMs >= endAfterMs) this.#end(scope, { anomaly, ending: 'over', rates }, view);
    else if (timeMs - anomaly.beganMs >= acceptAfterMs) {
      acceptRecent(scope, anomaly, this.site.whole);
      this.#end(scope, { anomaly, ending: 'accepted', rates }, view);
    } else if (this.#worsens(scope, { anomaly, seen }, view) || isUpdateDue(anomaly, timeMs)) {
      anomaly.updates += 1;
      this.#report(scope, { anomaly, phase: 'update', rates }, view);
    }
  }

  /** A crowd that turns out to be a flood is told at once. */
  #worsens(scope: Scope, { anomaly, seen }: { anomaly: Anomaly; seen: Seen }, view: View): boolean {
    const verdict = seen.over.length === 0 ? undefined : this.#verdict(scope, seen, view);
    if (verdict === undefined || !worse(verdict.kind, anomaly.verdict.kind)) return false;
    anomaly.verdict = verdict;
    return true;
  }

  /** What it is, where that is worth telling. */
  #verdict(scope: Scope, seen: Seen, { event, newSources }: View): Reported | undefined {
    const { traffic, excess, over } = seen;
    const { service } = scope;
    const isMirrored = this.#isMirrored(seen, event);
    const isAnswered = this.#isAnswered(event);
    const verdict = classify({
      event,
      service,
      traffic,
      excess,
      over,
      newSources,
      isMirrored,
      isAnswered,
    });
    if (!isReported(verdict)) return undefined;
    // Few visitors are no crowd: their packets have to stand out as well.
    return verdict.kind === 'flash_crowd' && !over.includes('packets') ? undefined : verdict;
  }

  /**
   * Datagrams that go out while as many come in are answers; of pings it is known who began when a process of this host
   * sends them.
   */
  #isMirrored({ over }: Look, event: PacketRateEvent): boolean {
    const opposite = this.#parts.opposite()?.site;
    const protocol = over[0] === 'icmp' ? 'icmp' : 'udp';
    if (opposite === undefined || event.timeMs - opposite.stoodOut[protocol] > MIRROR_MS) return false;
    if (event.direction === 'outbound') return protocol === 'udp' || !hasSenders(event);
    return protocol === 'icmp' && hasSenders(opposite.last);
  }

  /** Whether the busiest far end gets, or gives, at least a few packets for those of the other direction. */
  #isAnswered(event: PacketRateEvent): boolean {
    const opposite = this.#parts.opposite()?.site.last;
    if (opposite === undefined || Math.abs(event.timeMs - opposite.timeMs) > MIRROR_MS) return false;
    const isInbound = event.direction === 'inbound';
    const [far] = isInbound ? event.sources : event.destinations;
    const ends = isInbound ? opposite.destinations : opposite.sources;
    if (far === undefined) return false;
    const back = ends.find(({ ip }) => ipEquals(ip, far.ip));
    return back !== undefined && back.packets >= ANSWERED_SHARE * far.packets;
  }

  #end(scope: Scope, of: { anomaly: Anomaly; ending: Ending; rates: Rates }, view: View): void {
    this.#report(scope, { ...of, phase: 'end' }, view);
    scope.anomaly = undefined;
    scope.suspectMs = undefined;
  }

  #report(
    scope: Scope,
    of: { anomaly: Anomaly; phase: Phase; rates: Rates; ending?: Ending },
    { event, findings }: View,
  ): void {
    findings.push(anomalyFinding({ ...of, scope, event }));
  }
}

/** Folded ports are many, and belong to no service. */
function isSpread({ protocol, port }: ServiceCounts): boolean {
  return port === 0 && (protocol === 'tcp' || protocol === 'udp');
}

function isClientPort({ port }: ServiceCounts): boolean {
  return port >= FIRST_CLIENT_PORT;
}

function hasSenders({ senders, total }: PacketRateEvent): boolean {
  return (senders?.[0]?.packets ?? 0) >= total.packets / 2 && total.packets > 0;
}
