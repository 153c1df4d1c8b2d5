import { childOf, textOf, type YamlEntry, type YamlMap, type YamlNode } from './node.ts';
import { Problems, type RuleProblem } from './problem.ts';

/** Documents of one file after the legacy `action` key has done its work, and what was wrong with it. */
export interface ResolvedFile {
  readonly documents: readonly YamlNode[];
  readonly problems: readonly RuleProblem[];
}

/** `global` goes into every rule behind it, `reset` forgets it, `repeat` is the rule before with changes. */
export function resolveActions(nodes: readonly YamlNode[]): ResolvedFile {
  const problems = new Problems();
  const documents: YamlNode[] = [];
  const state: State = { global: undefined, previous: undefined };
  for (const node of nodes) {
    const result = node.kind === 'map' ? resolve(node, state, problems) : node;
    if (result !== undefined) documents.push(result);
    if (result?.kind === 'map') state.previous = result;
  }
  return { documents, problems: problems.list };
}

interface State {
  global: YamlMap | undefined;
  previous: YamlMap | undefined;
}

/** The rule that a document makes; undefined when it makes none. */
function resolve(node: YamlMap, state: State, problems: Problems): YamlMap | undefined {
  const action = textOf(childOf(node, 'action'));
  const own: YamlMap = { ...node, entries: node.entries.filter(({ key }) => key !== 'action') };
  const over = (base: YamlMap | undefined): YamlMap => (base === undefined ? own : merge(base, own));
  switch (action) {
    case undefined:
      return over(state.global);
    case 'repeat':
      return over(state.previous);
    case 'global':
      state.global = over(state.global);
      return undefined;
    case 'reset':
      state.global = undefined;
      return undefined;
    default:
      problems.error('action-unknown', node.offset, `there is no action "${action}" (global, reset, repeat)`);
      return undefined;
  }
}

/** Deep: mappings are united, everything else of `over` replaces what `base` has. */
function merge(base: YamlMap, over: YamlMap): YamlMap {
  const entries = new Map<string, YamlEntry>(base.entries.map((entry) => [entry.key, entry]));
  for (const entry of over.entries) {
    const old = entries.get(entry.key)?.value;
    const value = old?.kind === 'map' && entry.value.kind === 'map' ? merge(old, entry.value) : entry.value;
    entries.set(entry.key, { ...entry, value });
  }
  return { kind: 'map', entries: [...entries.values()], offset: over.offset };
}
