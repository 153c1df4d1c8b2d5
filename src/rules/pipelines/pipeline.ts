import type { YamlNode } from '../syntax/node.ts';
import { type ItemConditions, readConditions } from './conditions.ts';
import { FIELD_TRANSFORMATIONS } from './field-names.ts';
import { Params, PipelineError } from './params.ts';
import { PLACEHOLDER_TRANSFORMATIONS, type ReadText } from './placeholder-values.ts';
import type { Scope, Subject, Transformation } from './subject.ts';
import { VALUE_TRANSFORMATIONS } from './values.ts';
import { RULE_TRANSFORMATIONS } from './whole-rule.ts';

/** A processing pipeline in the form of pySigma. */
export interface Pipeline {
  readonly name: string;
  /** Lower ones come first. */
  readonly priority: number;
  readonly vars: ReadonlyMap<string, readonly string[]>;
  readonly apply: (subject: Subject) => void;
}

type Reader = (params: Params, readText: ReadText) => Transformation;

/** What would run programs, ask servers, or is about queries, which this engine does not write. */
const REFUSED: Readonly<Record<string, string>> = {
  query_expression_placeholders: 'it is about queries, which telegen does not write',
  regex: 'text is compared without regard to case here already',
  http_placeholders: 'rules never ask servers; use a feed or a file',
  command_placeholders: 'rules never run programs; use a file',
};
const MAX_DEPTH = 16;

const READERS: Readonly<Record<string, Reader>> = {
  ...FIELD_TRANSFORMATIONS,
  ...VALUE_TRANSFORMATIONS,
  ...PLACEHOLDER_TRANSFORMATIONS,
  ...RULE_TRANSFORMATIONS,
};

/** Types of transformations that pipelines may have. */
export const TRANSFORMATION_TYPES: readonly string[] = [...Object.keys(READERS), 'nest'];

/** Reads one pipeline. Throws PipelineError for whatever is wrong with it. */
export function parsePipeline(node: YamlNode, readText: ReadText): Pipeline {
  const params = new Params(node, 'a pipeline');
  const name = params.text('name') ?? '';
  const priority = Number(params.text('priority') ?? 0);
  if (!Number.isFinite(priority)) params.fail('priority', '"priority" must be a number');
  const backends = params.texts('allowed_backends') ?? [];
  if (backends.length > 0 && !backends.includes('telegen'))
    params.fail(
      'allowed_backends',
      `this pipeline is for ${backends.join(', ')} alone; add telegen if it fits`,
    );
  for (const key of ['postprocessing', 'finalizers']) {
    const list = params.node(key);
    if (list !== undefined && (list.kind !== 'seq' || list.items.length > 0))
      params.fail(key, `"${key}" is about queries, which telegen does not write`);
  }
  const vars = params.has('vars') ? params.textMap('vars') : new Map<string, readonly string[]>();
  const items = readItems(params.node('transformations'), readText, 0);
  params.end();
  return { name, priority, vars, apply: (subject) => runAll(items, subject) };
}

type Item = (subject: Subject) => void;

function runAll(items: readonly Item[], subject: Subject): void {
  for (const item of items) item(subject);
}

function readItems(node: YamlNode | undefined, readText: ReadText, depth: number): readonly Item[] {
  if (node === undefined) return [];
  if (node.kind !== 'seq') throw new PipelineError(node.offset, 'transformations must be a list');
  if (depth > MAX_DEPTH) throw new PipelineError(node.offset, `nested deeper than ${MAX_DEPTH} levels`);
  return node.items.map((each) => readItem(each, readText, depth));
}

function readItem(node: YamlNode, readText: ReadText, depth: number): Item {
  const params = new Params(node, 'a transformation');
  const id = params.text('id');
  const conditions = readConditions(params);
  const transformation = readTransformation(params, readText, depth);
  params.end();
  const scope = scopeOf(id, conditions);
  return (subject) => {
    if (subject.problems.failed || conditions.rule?.(subject) === false) return;
    transformation(subject, scope);
    if (id !== undefined) subject.applied.add(id);
  };
}

function readTransformation(params: Params, readText: ReadText, depth: number): Transformation {
  const type = params.needText('type');
  const reason = REFUSED[type];
  if (reason !== undefined) params.fail('type', `"${type}" cannot be used: ${reason}`);
  if (type === 'nest') {
    const nested = readItems(params.need('items'), readText, depth + 1);
    return (subject) => runAll(nested, subject);
  }
  const reader = Object.hasOwn(READERS, type) ? READERS[type] : undefined;
  if (reader === undefined)
    return params.fail(
      'type',
      `no transformation is called "${type}"; there are ${TRANSFORMATION_TYPES.join(', ')}`,
    );
  return reader(params, readText);
}

function scopeOf(id: string | undefined, { item, field }: ItemConditions): Scope {
  return {
    id,
    item: (each, subject) =>
      item?.(each, subject) !== false && (field === undefined || field(each.field, subject)),
    field: (name, subject) => field?.(name, subject) !== false,
  };
}
