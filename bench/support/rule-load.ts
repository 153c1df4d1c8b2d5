import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { ConnectionEvent, DnsEvent, HttpEvent, ProcessEvent } from '../../src/model/event.ts';
import type { Owner, Process } from '../../src/model/process.ts';
import { findRuleFiles } from '../../src/rule-files/find-files.ts';
import { readRuleYaml } from '../../src/rule-files/read-yaml.ts';
import { type CompiledRule, compileRules } from '../../src/rules/compile.ts';
import type { Atom, Expression } from '../../src/rules/syntax/expression.ts';
import type { Part } from '../../src/rules/syntax/pattern.ts';
import { BASE_MS } from './synthetic-engine.ts';

const SHIPPED = fileURLToPath(new URL('../../rules', import.meta.url));

/** Texts of the shipped rule files. */
const ruleTexts = (): readonly string[] =>
  findRuleFiles([SHIPPED]).files.map((file) => readFileSync(file, 'utf8'));

/** So many rule files: the shipped ones again and again. Ids and names differ, or all but the first would be refused. */
export function manyRuleTexts(count: number): readonly string[] {
  const texts = ruleTexts();
  return Array.from({ length: count }, (_, n) => {
    const text = texts[n % texts.length] ?? '';
    return text.replaceAll(/^(id|name): (.*)$/gm, `$1: $2-${n}`).replaceAll(/^( {8}- )(\w+)$/gm, '$1$2');
  });
}

/** The shipped rules of a log source, and copies of them with other literals, `count` in all. */
export function manyRules(count: number, isWanted: (rule: CompiledRule) => boolean): readonly CompiledRule[] {
  const files = ruleTexts().map((text, number) => ({ file: String(number), ...readRuleYaml(text) }));
  const { documents } = compileRules(files);
  const own = documents.filter((each): each is CompiledRule => each.kind === 'rule' && isWanted(each));
  return Array.from({ length: count }, (_, number) => {
    const rule = own[number % own.length];
    if (rule === undefined) throw new Error('no rule of this log source');
    const copy = Math.floor(number / own.length);
    return copy === 0
      ? rule
      : { ...rule, key: `${rule.key}-${copy}`, expression: vary(rule.expression, copy) };
  });
}

function vary(expression: Expression, copy: number): Expression {
  switch (expression.kind) {
    case 'test':
      return { ...expression, atoms: expression.atoms.map((atom) => varyAtom(atom, copy)) };
    case 'not':
    case 'named':
      return { ...expression, of: vary(expression.of, copy) };
    default:
      return { ...expression, of: expression.of.map((part) => vary(part, copy)) };
  }
}

/** Texts of three characters and more get a mark of their copy in the middle; ports move. */
function varyAtom(atom: Atom, copy: number): Atom {
  if (atom.kind === 'number' && atom.value > 1000) return { ...atom, value: Number(atom.value) + copy * 7 };
  if (atom.kind !== 'text') return atom;
  const mark = copy.toString(36);
  const part = (each: Part): Part =>
    typeof each === 'string' && each.length > 2 ? `${each.slice(0, 2)}${mark}${each.slice(2)}` : each;
  return { ...atom, pattern: atom.pattern.map(part) };
}

const IMAGES = 400;
const COMMAND_LINES = 3_000;
const HOSTS = 5_000;
const AGENTS = 500;

function processOf(n: number): Process {
  const image = n % IMAGES;
  return {
    pid: 1000 + image,
    key: `${image}:1`,
    name: `program-${image}`,
    executablePath: `/usr/lib/service-${image % 40}/bin/program-${image}`,
    commandLine: `/usr/lib/service/bin/program-${image} --listen 127.0.0.1:${n % COMMAND_LINES} --verbose`,
    ancestors: ['/usr/lib/systemd/systemd'],
  };
}

const OWNER: Owner = { pid: 1, parentPid: 1, uid: 0, startNs: 1, execId: 1, comm: 'p', cgroupId: 1 };

function conversation(n: number) {
  return {
    timeMs: BASE_MS + n,
    transport: 'tcp' as const,
    role: 'client' as const,
    local: {
      ip: { family: 4 as const, w0: 0, w1: 0, w2: 0, w3: 0x0a_00_00_02 },
      port: 20_000 + (n % 30_000),
    },
    remote: {
      ip: { family: 4 as const, w0: 0, w1: 0, w2: 0, w3: 0x0a_01_00_00 + (n % HOSTS) },
      port: [443, 80, 5432, 6379, 8080][n % 5] ?? 0,
    },
    socketId: n + 1,
    owner: OWNER,
    attribution: 'socket' as const,
    process: processOf(n),
    workload: undefined,
    peerNames: [`host-${n % HOSTS}.example.com`],
  };
}

export const connectionEvent = (n: number): ConnectionEvent => ({
  ...conversation(n),
  kind: 'connection',
  phase: 'attempted',
});

export const dnsEvent = (n: number): DnsEvent => ({
  ...conversation(n),
  kind: 'dns',
  dns: {
    id: n & 0xffff,
    questionName: `host-${n % HOSTS}.zone-${n % 97}.example.com`,
    questionType: n % 7 === 0 ? 'AAAA' : 'A',
    outcome: 'answered',
    responseCode: 'NOERROR',
    answers: [{ name: 'x', type: 'A', ttlSeconds: 60, data: `192.0.2.${n & 255}` }],
    retries: 0,
  },
});

/** Every URL is another. */
export const httpEvent = (n: number): HttpEvent => ({
  ...conversation(n),
  role: 'server',
  kind: 'http',
  http: {
    version: '1.1',
    method: n % 9 === 0 ? 'POST' : 'GET',
    target: `/api/v1/items/${n}/details?session=${n * 7919}&page=${n % 13}`,
    authority: `host-${n % HOSTS}.example.com`,
    scheme: 'http',
    statusCode: 200,
    requestHeaders: [['user-agent', `Mozilla/5.0 (X11; Linux x86_64) Build/${n % AGENTS}`]],
    responseHeaders: [['content-type', 'application/json']],
    outcome: 'complete',
    partial: false,
  },
});

export const processEvent = (n: number): ProcessEvent => ({
  kind: 'process',
  action: 'exec',
  timeMs: BASE_MS + n,
  owner: OWNER,
  process: processOf(n),
});
