import { pipelineRegex } from './expressions.ts';
import type { Params } from './params.ts';
import { stateTest } from './rule-conditions.ts';
import type { Subject } from './subject.ts';

/** The name is undefined for keywords. */
export type FieldTest = (name: string | undefined, subject: Subject) => boolean;

/** Conditions on names of fields, by their type. */
export const FIELD_CONDITIONS: Readonly<Record<string, (params: Params) => FieldTest>> = {
  include_fields: (params) => included(params),
  exclude_fields(params) {
    const test = included(params);
    return (name) => !test(name);
  },
  processing_item_applied(params) {
    const id = params.needText('processing_item_id');
    return (name, { appliedToField }) => name !== undefined && appliedToField.get(name)?.has(id) === true;
  },
  processing_state(params) {
    const test = stateTest(params);
    return (_, subject) => test(subject);
  },
};

/** `mode` is what pySigma calls it; older pipelines say `type`, which here is the condition's own. */
function included(params: Params): (name: string | undefined) => boolean {
  const fields = params.needTexts('fields');
  if (params.choice('mode', ['plain', 're'], 'plain') === 'plain')
    return (name) => name !== undefined && fields.includes(name);
  const patterns = fields.map((field) => pipelineRegex(field, params.need('fields').offset));
  return (name) => name !== undefined && patterns.some((pattern) => pattern.matchesFrom(name));
}
