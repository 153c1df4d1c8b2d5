import { TelegenError } from '../../model/errors.ts';
import type { ObservedCgroup } from './cgroup.ts';
import { type LoadedObject, reasonOf } from './load-object.ts';
import { type Candidate, candidatesFor, type Feature, type ObjectName, type Wants } from './plan.ts';

/** How a feature is served. `fallback`: by a lesser program than the best; `reason`: why not by a better one. */
export interface HookStatus {
  readonly feature: Feature;
  readonly state: 'ok' | 'fallback' | 'missing';
  readonly candidate?: Candidate;
  readonly reason?: string;
}

export interface HookParts {
  readonly objects: ReadonlyMap<ObjectName, LoadedObject>;
  /** Why an object could not be used as a whole. */
  readonly missing: ReadonlyMap<ObjectName, string>;
  readonly cgroup: ObservedCgroup;
  readonly wants: Wants;
}

/** Attaches features, each by the best of its programs that works. */
export class Hooks {
  readonly #parts: HookParts;
  readonly #statuses: HookStatus[] = [];

  constructor(parts: HookParts) {
    this.#parts = parts;
  }

  get statuses(): readonly HookStatus[] {
    return this.#statuses;
  }

  isServed(feature: Feature): boolean {
    return this.#statuses.some((status) => status.feature === feature && status.state !== 'missing');
  }

  /** Attaches what serves the feature, if it is of use; TELEGEN_KERNEL when a required one cannot be served. */
  serve(feature: Feature): void {
    const reasons: string[] = [];
    const candidates = candidatesFor(feature, this.#parts.wants);
    for (const candidate of candidates) {
      const reason = this.#try(candidate);
      if (reason === undefined) {
        const better = reasons.length > 0 ? { reason: reasons.join('; ') } : {};
        this.#statuses.push({ feature, state: reasons.length > 0 ? 'fallback' : 'ok', candidate, ...better });
        return;
      }
      reasons.push(`${candidate.object}/${candidate.program}: ${reason}`);
    }
    if (candidates.length === 0) return;
    if (feature.required) {
      throw new TelegenError(
        'TELEGEN_KERNEL',
        `${feature.name} (${feature.purpose}) cannot be attached: ${reasons.join('; ')}`,
      );
    }
    this.#statuses.push({ feature, state: 'missing', reason: reasons.join('; ') });
  }

  /** Returns why it could not be attached, or undefined when it is. */
  #try(candidate: Candidate): string | undefined {
    const loaded = this.#parts.objects.get(candidate.object);
    if (loaded === undefined) return this.#parts.missing.get(candidate.object) ?? 'not loaded';
    const refused = loaded.refused.get(candidate.program);
    if (refused !== undefined) return refused;
    try {
      if (candidate.attach === 'cgroup') loaded.object.attachCgroup(candidate.program, this.#parts.cgroup.fd);
      else if (candidate.attach === 'iterator') loaded.object.runIterator(candidate.program);
      else if (candidate.attach === 'trace') loaded.object.attach(candidate.program);
      return undefined;
    } catch (error) {
      return reasonOf(error);
    }
  }
}
