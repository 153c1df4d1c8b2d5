import { hostname } from 'node:os';
import type { RulesConfig } from '../../config/config.ts';
import type { ReputationLookup } from '../../model/lookup.ts';
import { createRuleSlot, type RuleSlot } from '../../pipeline/rule-slot.ts';
import { inSlices } from '../../rule-files/in-slices.ts';
import { type RuleFiles, readRuleFileSteps } from '../../rule-files/read-files.ts';
import { type RuleWatch, watchRules } from '../../rule-files/watch.ts';
import type { Viewpoint } from '../../rules/classes/index.ts';
import { type Compiled, compileSteps } from '../../rules/compile.ts';
import { type RuleEngine, ruleEngineSteps } from '../../rules/engine.ts';
import type { RuleSetOptions } from '../../rules/engine-parts.ts';
import type { Diagnostics } from '../run/diagnostics.ts';
import { placedProblems } from './check.ts';
import { compileOptionsOf } from './compile-options.ts';
import { rulePaths } from './rule-paths.ts';

export interface OpenRulesOptions {
  readonly config: RulesConfig;
  readonly viewpoint: Viewpoint;
  readonly reputation?: ReputationLookup;
  readonly diagnostics: Pick<Diagnostics, 'info' | 'warn'>;
  /** Look for changed files. */
  readonly watch: boolean;
}

/** Rules that run, with what it takes to renew them. */
export interface OpenRules {
  readonly slot: RuleSlot;
  readonly paths: readonly string[];
  /** Reads everything anew, beside the rules in force; those stay when there is a new error. Resolves to whether it worked. */
  reload(): Promise<boolean>;
  /** `reloads` that worked and that did not. */
  readonly counters: { readonly reloads: number; readonly failedReloads: number };
  /** Where it is told that a reload failed and the old rules stay: the alert stream. */
  reportTo(report: (message: string) => void): void;
  close(): void;
}

/** What is in force: documents by state, and how many sets of rules there were. */
export function ruleFigures({ slot, counters }: Pick<OpenRules, 'slot' | 'counters'>) {
  return { states: slot.current.report.counts, generation: 1 + counters.reloads };
}

interface Loaded {
  readonly compiled: Compiled;
  /** Errors, one line each. */
  readonly errors: readonly string[];
}

/** Loads the rules; undefined when they are switched off or there are no folders. Bad rules are named and left out. */
export async function openRules(options: OpenRulesOptions): Promise<OpenRules | undefined> {
  const paths = rulePaths(options.config.paths);
  if (!options.config.enabled || paths.length === 0) return undefined;
  const set = ruleSetOptions(options);
  const loaded = await load(paths, options.config);
  for (const error of loaded.errors) options.diagnostics.warn(`rules: ${error}`);
  const slot = createRuleSlot(await inSlices(ruleEngineSteps(loaded.compiled, set)));
  options.diagnostics.info(summary(slot.current));
  return new Opened(slot, { paths, set, errors: loaded.errors }, options);
}

class Opened implements OpenRules {
  readonly slot: RuleSlot;
  readonly paths: readonly string[];
  readonly counters = { reloads: 0, failedReloads: 0 };
  readonly #options: OpenRulesOptions;
  readonly #set: RuleSetOptions;
  readonly #watch: RuleWatch | undefined;
  #errors: ReadonlySet<string>;
  #running: Promise<boolean> | undefined;
  #again = false;
  #report: (message: string) => void = () => undefined;

  constructor(
    slot: RuleSlot,
    parts: {
      readonly paths: readonly string[];
      readonly set: RuleSetOptions;
      readonly errors: readonly string[];
    },
    options: OpenRulesOptions,
  ) {
    this.slot = slot;
    this.paths = parts.paths;
    this.#set = parts.set;
    this.#errors = new Set(parts.errors);
    this.#options = options;
    const onChange = (): void => void this.reload();
    const { placeholders, pipelines } = options.config;
    const watched = [...parts.paths, ...pipelines, ...(placeholders === undefined ? [] : [placeholders])];
    this.#watch = options.watch ? watchRules({ paths: watched, onChange }) : undefined;
  }

  reload(): Promise<boolean> {
    // What is asked for while a reload runs is done once more after it.
    this.#again = this.#running !== undefined;
    this.#running ??= this.#reloadWhileAsked();
    return this.#running;
  }

  reportTo(report: (message: string) => void): void {
    this.#report = report;
  }

  close(): void {
    this.#watch?.close();
  }

  async #reloadWhileAsked(): Promise<boolean> {
    let worked: boolean;
    do {
      this.#again = false;
      worked = await this.#reloadOnce();
    } while (this.#again);
    this.#running = undefined;
    return worked;
  }

  async #reloadOnce(): Promise<boolean> {
    const { diagnostics, config } = this.#options;
    try {
      const loaded = await load(this.paths, config);
      const fresh = loaded.errors.filter((error) => !this.#errors.has(error));
      if (fresh.length > 0) return this.#fail(fresh);
      await this.#swap(loaded);
      this.#errors = new Set(loaded.errors);
      this.counters.reloads += 1;
      diagnostics.info(`reloaded: ${summary(this.slot.current)}`);
      return true;
    } catch (error) {
      return this.#fail([error instanceof Error ? error.message : String(error)]);
    }
  }

  /** The indexes are built aside; only the state of correlations passes in the moment of the swap. */
  async #swap({ compiled }: Loaded): Promise<void> {
    const next = await inSlices(ruleEngineSteps(compiled, this.#set));
    this.slot.swap((previous) => {
      next.correlations.takeOver(previous.correlations);
      return next;
    });
  }

  #fail(errors: readonly string[]): false {
    this.counters.failedReloads += 1;
    const more = errors.length > 1 ? ` (and ${errors.length - 1} more)` : '';
    const message = `rules were not reloaded, the old ones stay in force: ${errors[0]}${more}`;
    this.#options.diagnostics.warn(message);
    this.#report(message);
    return false;
  }
}

async function load(paths: readonly string[], config: RulesConfig): Promise<Loaded> {
  const options = compileOptionsOf({ ...config, pipeline: config.pipelines });
  const { files, placeOf }: RuleFiles = await inSlices(readRuleFileSteps(paths));
  const compiled = await inSlices(compileSteps(files, options));
  const problems = placedProblems({ compiled, placeOf });
  const errors = problems
    .filter(({ severity }) => severity === 'error')
    .map(({ file, line, column, message, code }) => `${file}:${line}:${column}: ${message} [${code}]`);
  return { compiled, errors };
}

function ruleSetOptions({ config, viewpoint, reputation }: OpenRulesOptions): RuleSetOptions {
  const { only, disable, shadow, minLevel, portableWindows } = config;
  return {
    viewpoint,
    selection: { only, disable, shadow, minLevel },
    portableWindows,
    ...(viewpoint === 'host' && { computer: hostname() }),
    ...(reputation !== undefined && { reputation }),
  };
}

function summary({ report: { counts } }: RuleEngine): string {
  const { loaded, partial, inert, refused } = counts;
  return `rules: ${loaded + partial} in force (${partial} of them partial), ${inert} inert, ${refused} take no part`;
}
