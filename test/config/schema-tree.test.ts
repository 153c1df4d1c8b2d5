import { describe, expect, test } from 'vitest';
import { inactiveKeys, inactiveWarning } from '../../src/config/inactive.ts';
import { configJsonSchema } from '../../src/config/json-schema.ts';
import { expectation, isActive, LEAVES, NODES } from '../../src/config/schema-tree.ts';

describe('every leaf', () => {
  test.each(LEAVES.map((leaf) => [leaf.key, leaf] as const))('%s says what it is', (_key, leaf) => {
    const note = leaf.schema.meta();
    expect(typeof note?.active).toBe('boolean');
    expect(note?.description).toMatch(/^[A-Z`].*\.$/);
    expect(expectation(leaf.schema)).not.toContain('section');
  });

  test('all are active', () => {
    expect(LEAVES.filter((leaf) => !isActive(leaf)).map((leaf) => leaf.key)).toEqual([]);
    expect(LEAVES).toHaveLength(159);
  });
});

describe('inactiveKeys', () => {
  test.each([
    [undefined, []],
    [{}, []],
    ['text', []],
    [{ agent: { network: { security: { enabled: true } } } }, []],
    [
      { semantic_conventions: 'otel', agent: { network: { tcp: { rtt: false }, xdp: { enabled: true } } } },
      [],
    ],
  ])('%j', (document, keys) => expect(inactiveKeys(document)).toEqual(keys));

  test('the warning line', () => {
    expect(inactiveWarning([])).toBeUndefined();
    expect(inactiveWarning(['a.b', 'c'])).toBe('accepted, not active yet: a.b, c');
  });
});

describe('JSON Schema', () => {
  interface Node {
    readonly type?: string;
    readonly description?: string;
    readonly default?: unknown;
    readonly properties?: Readonly<Record<string, Node>>;
    readonly additionalProperties?: unknown;
    readonly required?: readonly string[];
  }
  const root = configJsonSchema() as unknown as Node & { $schema: string };
  const at = (path: readonly string[]): Node | undefined =>
    path.reduce<Node | undefined>((node, name) => node?.properties?.[name], root);

  test('is draft 7 and knows nothing of our notes', () => {
    expect(root.$schema).toBe('http://json-schema.org/draft-07/schema#');
    expect(JSON.stringify(root)).not.toMatch(/"(active|expects|secret)":/);
  });

  test.each(NODES.map((node) => [node.key, node] as const))('%s is described', (_key, node) => {
    const schema = at(node.path);
    expect(schema?.description).toContain(node.schema.meta()?.description);
    if (node.isSection) expect(schema).toMatchObject({ type: 'object', additionalProperties: false });
    else if (node.schema.safeParse(undefined).data !== undefined) {
      expect(schema?.default).toEqual(node.schema.parse(undefined));
    }
    expect(schema?.required).toBeUndefined();
    expect(schema?.description?.includes('not active yet')).toBe(!node.isSection && !isActive(node));
  });
});
