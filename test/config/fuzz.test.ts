import fc from 'fast-check';
import { expect, test } from 'vitest';
import { stringify } from 'yaml';
import { inspectConfig } from '../../src/config/inspect.ts';
import { loadConfig } from '../../src/config/load.ts';
import { printConfig } from '../../src/config/print.ts';
import { LEAVES, NODES } from '../../src/config/schema-tree.ts';
import { TelegenError } from '../../src/model/errors.ts';
import { FILE, memoryFiles } from './helpers.ts';

/** Loads, or fails with a TelegenError whose lines all name the file; anything else is a bug. */
function loadsOrExplains(content: string | Uint8Array): void {
  try {
    loadConfig(FILE, memoryFiles({ [FILE]: content }));
  } catch (error) {
    expect(error).toBeInstanceOf(TelegenError);
    const { code, message } = error as TelegenError;
    expect(code).toBe('TELEGEN_CONFIG');
    for (const line of message.split('\n'))
      expect(line).toMatch(/^(\/etc\/telegen\/config\.yaml:(\d+:\d+:)? |\.\.\. and )/);
  }
}

const name = fc.oneof(
  fc.constantFrom(...NODES.map((node) => node.path.at(-1) ?? '')),
  fc.constantFrom('__proto__', 'constructor', 'toString', 'file', '<<', '', '0'),
  fc.string({ maxLength: 8 }),
);
const scalar = fc.oneof(
  fc.constantFrom(
    true,
    false,
    null,
    0,
    1,
    -1,
    80,
    65_536,
    4096,
    1e21,
    Number.NaN,
    'auto',
    '5m',
    '10.0.0.0/8',
    'yes',
    '::1',
  ),
  fc.string(),
  fc.double(),
);
const { tree } = fc.letrec((tie) => ({
  tree: fc.oneof(
    { maxDepth: 6, withCrossShrink: true },
    scalar,
    fc.array(tie('tree'), { maxLength: 4 }),
    fc.array(fc.tuple(name, tie('tree')), { maxLength: 5 }).map((pairs) => new Map(pairs)),
  ),
}));

test('any bytes', () => {
  fc.assert(fc.property(fc.uint8Array({ maxLength: 200 }), loadsOrExplains), { numRuns: 500 });
});

test('text of YAML characters', () => {
  const text = fc.stringMatching(/^[-a-c:,?!&*#|>'"%@`{}[\]\n\t 0-9.~<=\\]{0,80}$/);
  fc.assert(fc.property(text, loadsOrExplains), { numRuns: 2000 });
});

test('trees of legal and illegal names', () => {
  const check = (value: unknown): void => loadsOrExplains(stringify(value));
  fc.assert(fc.property(tree, check), { numRuns: 1000 });
});

test('any value at any key', () => {
  const check = (path: readonly string[], value: unknown): void => {
    loadsOrExplains(stringify(path.reduceRight((below: unknown, key) => ({ [key]: below }), value)));
  };
  const path = fc.constantFrom(...NODES.map((node) => node.path));
  fc.assert(fc.property(path, tree, check), { numRuns: 1000 });
});

function setAt(document: Record<string, unknown>, path: readonly string[], value: unknown): void {
  const [key = '', ...below] = path;
  if (below.length === 0) document[key] = value;
  else {
    document[key] ??= {};
    setAt(document[key] as Record<string, unknown>, below, value);
  }
}

test('what is printed loads again as the same', () => {
  const values: Readonly<Record<string, unknown>> = {
    'agent.network.tcp.sample_rate': 7,
    'agent.network.security.merge_window': '90s',
    'agent.network.security.internal_networks': ['2001:DB8::/32', '192.0.2.0/255.255.255.0'],
    'agent.network.security.blocklists': ['lists', '/a b/c'],
    'agent.network.exclude_interfaces': ['veth*', '!x', '#y'],
    'agent.network.include_ports': [443],
    'agent.kubernetes.enabled': true,
    'otlp.endpoint': '[2001:db8::1]:4317',
    'otlp.tls.ca_file': 'ca.pem',
  };
  const check = (keys: readonly string[]): void => {
    const lines = LEAVES.filter((leaf) => keys.includes(leaf.key)).map((leaf) => ({
      leaf,
      value: values[leaf.key],
    }));
    const document: Record<string, unknown> = {};
    for (const { leaf, value } of lines) {
      setAt(document, leaf.path, value);
    }
    const first = loadConfig(FILE, memoryFiles({ [FILE]: stringify(document) }));
    const again = inspectConfig(
      '/elsewhere/c.yaml',
      memoryFiles({ '/elsewhere/c.yaml': printConfig(first.effective) }),
    );
    expect(again.ok && again.loaded.config).toEqual(first.config);
    expect(first.setKeys).toEqual(new Set(lines.map(({ leaf }) => leaf.key)));
  };
  fc.assert(fc.property(fc.subarray(Object.keys(values)), check), { numRuns: 100 });
});
