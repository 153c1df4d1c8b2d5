import { randomUUID } from 'node:crypto';
import { existsSync, writeFileSync } from 'node:fs';
import { EXIT, TelegenError } from '../../model/errors.ts';
import type { CommandResult } from '../config.ts';

export interface NewCommand {
  readonly title: string;
  readonly category: string;
}

/** Event categories for which there is a template, with a field that they have. */
const EXAMPLES: Readonly<Record<string, readonly [string, string, string]>> = {
  network_connection: ['DestinationPort', '4444', '443'],
  dns: ['query', 'c2.example.com', 'www.example.com'],
  proxy: ['cs-host', 'c2.example.com', 'www.example.com'],
  webserver: ['cs-uri-query', '/admin/shell.php', '/index.html'],
  process_creation: ['Image', '/tmp/tool', '/usr/bin/ls'],
};
export const TEMPLATE_CATEGORIES: readonly string[] = Object.keys(EXAMPLES);

/** `rules new`: writes a rule to start from, with a fresh id and both tests; `-` prints it. */
export function rulesNew(file: string, { title, category }: NewCommand): CommandResult {
  const text = template(title, category);
  if (file === '-') return { stdout: text, exitCode: EXIT.ok };
  if (existsSync(file)) throw new TelegenError('TELEGEN_RULES', `${file}: is there already`);
  writeFileSync(file, text, { flag: 'wx' });
  return { stdout: `${file}\n`, exitCode: EXIT.ok };
}

function template(title: string, category: string): string {
  const [field = '', hit = '', miss = ''] = EXAMPLES[category] ?? [];
  const product = ['network_connection', 'process_creation'].includes(category) ? '\n    product: linux' : '';
  return `title: ${JSON.stringify(title)}
id: ${randomUUID()}
status: experimental
description: What it detects, and why that is worth an analyst's time.
references: []
author: ''
date: ${new Date().toISOString().slice(0, 10)}
tags: []
logsource:
    category: ${category}${product}
detection:
    selection:
        ${field}: '${hit}'
    condition: selection
falsepositives:
    - Unknown
level: medium
blind_spots:
    - What it cannot see.
tests:
    - name: the thing itself
      match: true
      fields:
          ${field}: '${hit}'
    - name: something ordinary
      match: false
      fields:
          ${field}: '${miss}'
`;
}
