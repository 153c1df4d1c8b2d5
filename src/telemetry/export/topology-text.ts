import { stringify } from 'yaml';
import type { Topology, TopologyEdge, TopologyNode } from '../aggregate/topology/topology.ts';

export const TOPOLOGY_FORMATS = ['yaml', 'json', 'mermaid', 'dot'] as const;
export type TopologyFormat = (typeof TOPOLOGY_FORMATS)[number];

/** The topology as text; ends with a line break. */
export function formatTopology(topology: Topology, format: TopologyFormat): string {
  switch (format) {
    case 'yaml':
      return stringify(
        { topology },
        { defaultStringType: 'QUOTE_DOUBLE', defaultKeyType: 'PLAIN', lineWidth: 0 },
      );
    case 'json':
      return `${JSON.stringify({ topology }, null, 2)}\n`;
    case 'mermaid':
      return mermaid(topology);
    case 'dot':
      return dot(topology);
    default:
      return format satisfies never;
  }
}

/** Names come from outside: nothing in them may end a label or begin markup. */
const mermaidText = (text: string): string =>
  text.replace(/[^\p{L}\p{N} ./:@_~-]/gu, (character) => `#${character.codePointAt(0)};`);

function mermaid({ nodes, edges }: Topology): string {
  const names = new Map(nodes.map(({ id }, index) => [id, `n${index}`]));
  const lines = nodes.map((node) => `    ${names.get(node.id)}${shape(node)}`);
  for (const { source, target, attributes } of edges) {
    lines.push(`    ${names.get(source)} -->|${mermaidText(attributes.protocol)}| ${names.get(target)}`);
  }
  return `${['flowchart LR', ...lines].join('\n')}\n`;
}

/** Stores as cylinders, queues as stadiums. */
function shape({ id, type }: TopologyNode): string {
  const label = `"${mermaidText(id)}"`;
  if (type === 'database' || type === 'cache') return `[(${label})]`;
  return type === 'queue' ? `([${label}])` : `[${label}]`;
}

const dotText = (text: string): string =>
  `"${text
    .replace(/[\p{Cc}\u2028\u2029]/gu, '?')
    .replaceAll('\\', '\\\\')
    .replaceAll('"', '\\"')}"`;

function dot({ nodes, edges }: Topology): string {
  const lines = nodes.map(({ id, type }) => {
    const form = type === 'database' || type === 'cache' ? 'cylinder' : 'box';
    return `  ${dotText(id)} [shape=${form}, tooltip=${dotText(type)}];`;
  });
  for (const edge of edges)
    lines.push(`  ${dotText(edge.source)} -> ${dotText(edge.target)} [label=${dotText(edgeLabel(edge))}];`);
  return `${['digraph topology {', '  rankdir=LR;', ...lines, '}'].join('\n')}\n`;
}

function edgeLabel({ attributes }: TopologyEdge): string {
  const { protocol, requests_per_second: rate, avg_latency_ms: latency, error_rate: errors } = attributes;
  const timed = latency === undefined ? '' : `, ${latency} ms`;
  return `${protocol} ${rate}/s${timed}${errors > 0 ? `, ${Math.round(errors * 1000) / 10} % errors` : ''}`;
}
