import { nearest } from '../net/nearest.ts';
import type { EventClass } from './classes/event-class.ts';
import type { CompiledRule } from './compile.ts';
import { type Bound, bind, NO_SLOT, outlook, type SlotLookup, slotLookup } from './match/bind.ts';
import { isPortable } from './portable.ts';
import { testsOf } from './syntax/expression.ts';
import { isServedBy, type Logsource, showLogsource } from './syntax/logsource.ts';

/** What becomes of a rule: it works; it works without some of its fields; it can never fire; it is no sound rule. */
export type RuleState = 'loaded' | 'partial' | 'inert' | 'refused';

/** A rule in one event class. */
export interface RoutedRule {
  readonly rule: CompiledRule;
  readonly className: string;
  readonly bound: Bound;
}

export interface Route {
  readonly state: Exclude<RuleState, 'refused'>;
  readonly reason: string | undefined;
  readonly routed: readonly RoutedRule[];
  /** Fields that no event of its classes has. */
  readonly unserved: readonly string[];
  /** Written for Windows, and taken because nothing in it is Windows' own. */
  readonly portable: boolean;
}

export interface Router {
  route(rule: CompiledRule): Route;
}

interface ClassEntry {
  readonly eventClass: EventClass<unknown>;
  readonly slotOf: SlotLookup;
}

export interface RoutingOptions {
  /** Load rules labelled windows whose positive part holds on every system. */
  readonly portableWindows: boolean;
}

/** Sends rules to the event classes of their log source, strictly: all keys that a rule sets must agree. */
export function createRouter(classes: readonly EventClass<never>[], options: RoutingOptions): Router {
  const entries = classes.map((each): ClassEntry => {
    const eventClass = each as unknown as EventClass<unknown>;
    return { eventClass, slotOf: slotLookup(eventClass) };
  });
  return {
    route(rule) {
      const asked = { logsource: rule.logsource, portable: false };
      const own = servedBy(entries, asked.logsource);
      if (own.length > 0) return routeTo(own, rule, false);
      const neutral = options.portableWindows ? withoutProduct(rule.logsource) : undefined;
      const foreign = neutral === undefined ? [] : servedBy(entries, neutral);
      if (foreign.length === 0)
        return inert(`no event of telegen belongs to the log source ${showLogsource(rule.logsource)}`);
      return isPortable(rule.expression)
        ? routeTo(foreign, rule, true)
        : inert('a rule for Windows whose positive part needs a Windows path');
    },
  };
}

const PORTABLE: readonly (string | undefined)[] = ['network_connection', 'dns_query'];

function withoutProduct({ category, product, service }: Logsource): Logsource | undefined {
  const isPortable = product === 'windows' && service === undefined && PORTABLE.includes(category);
  return isPortable && category !== undefined ? { category } : undefined;
}

function servedBy(entries: readonly ClassEntry[], asked: Logsource): readonly ClassEntry[] {
  return entries.filter(({ eventClass }) =>
    eventClass.profiles.some((profile) => isServedBy(asked, profile)),
  );
}

function inert(reason: string, unserved: readonly string[] = []): Route {
  return { state: 'inert', reason, routed: [], unserved, portable: false };
}

function routeTo(entries: readonly ClassEntry[], rule: CompiledRule, portable: boolean): Route {
  const tried = entries.map(({ eventClass, slotOf }) => {
    const bound = bind(rule.expression, eventClass, slotOf);
    const fields = testsOf(bound).filter(({ slot }) => slot === NO_SLOT);
    const unserved = [...new Set(fields.flatMap(({ field }) => field ?? []))];
    return { eventClass, bound, unserved, able: outlook(bound).canHold };
  });
  const able = tried.filter((each) => each.able);
  const best = (able.length > 0 ? able : tried).reduce((a, b) =>
    b.unserved.length < a.unserved.length ? b : a,
  );
  const reason = best.unserved.length === 0 ? undefined : unservedReason(best.unserved, best.eventClass);
  if (able.length === 0) return inert(reason ?? 'no event can fulfil it', best.unserved);
  return {
    state: best.unserved.length === 0 ? 'loaded' : 'partial',
    reason,
    routed: able.map(({ eventClass, bound }) => ({ rule, className: eventClass.name, bound })),
    unserved: best.unserved,
    portable,
  };
}

function unservedReason(fields: readonly string[], { name, fields: specs }: EventClass<unknown>): string {
  const legal = specs.flatMap(({ names }) => names);
  const named = fields.slice(0, 5).map((field) => {
    const near = nearest(field, legal)?.name;
    return near === undefined ? `"${field}"` : `"${field}" (did you mean "${near}"?)`;
  });
  const more = fields.length > named.length ? ` and ${fields.length - named.length} more` : '';
  return `no ${name} event has the field ${named.join(', ')}${more}`;
}
