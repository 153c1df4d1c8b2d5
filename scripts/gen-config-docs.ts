import { writeFileSync } from 'node:fs';
import { MAX_CONFIG_BYTES } from '../src/config/defaults.ts';
import { SHARED_SETTINGS } from '../src/config/schema.ts';
import { expectation, isActive, NODES, type SchemaNode, sectionShape } from '../src/config/schema-tree.ts';

const INTRO = `<!-- Generated from src/config by scripts/gen-config-docs.ts; edit the schema, not this page. -->
# Configuration

telegen reads one YAML 1.2 file (\`telegen run -c FILE\`). Every key is optional: a key in the file replaces its default
(a list replaces the whole default list), everything else keeps its default. An empty file, or none, means all defaults.

\`\`\`yaml
agent:
  network:
    security:
      suspicious_ports: [4444, 31337]
      external_connection_alerts: true
      blocklists: ["/etc/telegen/ip-blocklist.txt"]
      allow:
        cidrs: ["198.51.100.0/24"]
        processes: ["/usr/lib/apt/*"]
otlp:
  endpoint: https://collector.example.com:4317
  headers:
    x-api-key: { file: secrets/api-key }
\`\`\`

\`telegen config check FILE\` lists every problem of a file as \`file:line:column: key: message\` and exits with 2;
\`telegen config print\` shows the effective configuration, header values masked; \`telegen config schema\` prints a JSON
Schema for editors.

Unknown keys, wrong types, duplicate keys and contradictions are errors, never ignored. Keys marked "not yet" in the
column *Active* are checked like the others and named in one warning at start: \`accepted, not active yet: ...\`.

- Relative paths start at the folder of the configuration file.
- Networks are strict: no leading zeros, no bits beyond the prefix length; an address alone is a network of one.
- A value that starts with \`*\` or \`!\` must be in quotes. \`yes\` and \`no\` are strings in YAML 1.2: write \`true\` or \`false\`.
- ${SHARED_SETTINGS.map((name) => `\`${name}\``).join(', ')} may stand in \`agent.network\` or in \`agent.ebpf.network\`;
  different values in both are an error.
- Header values are printable text, or \`{file: PATH}\` to keep the secret in a file of its own.
- TLS settings together with plaintext (\`insecure: true\` or an \`http://\` endpoint) are an error.
- OTLP options that the file does not set are taken from the standard \`OTEL_EXPORTER_OTLP_*\` variables, then from the defaults.
- The file must be a regular UTF-8 file of at most ${MAX_CONFIG_BYTES} bytes, without YAML tags and with a few aliases at most.
`;

const HEAD = '| Key | Type | Default | Active | Description |\n| --- | --- | --- | --- | --- |';

/** The text of docs/config.md. */
export function renderConfigDocs(): string {
  const sections = NODES.filter(({ isSection }) => isSection).flatMap((section) => {
    const rows = leavesOf(section.path).map(row);
    return rows.length === 0
      ? []
      : [`## \`${section.key}\`\n\n${describe(section)}.\n\n${HEAD}\n${rows.join('\n')}\n`];
  });
  const top = `## Top level\n\n${HEAD}\n${leavesOf([]).map(row).join('\n')}\n`;
  return [INTRO, ...sections, top].join('\n');
}

const leavesOf = (section: readonly string[]): readonly SchemaNode[] =>
  NODES.filter(({ isSection, path }) => !isSection && path.slice(0, -1).join('.') === section.join('.'));

const describe = ({ schema }: SchemaNode): string => schema.meta()?.description?.replace(/\.$/, '') ?? '';

function row(node: SchemaNode): string {
  const cells = [
    `\`${node.key}\``,
    expectation(node.schema),
    defaultOf(node),
    isActive(node) ? 'yes' : 'not yet',
    `${describe(node)}.`,
  ];
  return `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
}

function defaultOf({ schema }: SchemaNode): string {
  if (sectionShape(schema) !== undefined) return '';
  const value = schema.parse(undefined);
  return value === undefined ? 'unset' : `\`${typeof value === 'string' ? value : JSON.stringify(value)}\``;
}

if (import.meta.main) writeFileSync(new URL('../docs/config.md', import.meta.url), renderConfigDocs());
