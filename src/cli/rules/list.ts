import { EXIT } from '../../model/errors.ts';
import { createClasses, listClasses } from '../../rules/classes/index.ts';
import { NO_PORTS } from '../../rules/classes/ports.ts';
import { type DocumentReport, reportRules } from '../../rules/report.ts';
import { showLogsource } from '../../rules/syntax/logsource.ts';
import type { CommandResult } from '../config.ts';
import { type CheckCommand, printable } from './check.ts';
import { compileOptionsOf } from './compile-options.ts';
import { loadRules } from './load-rules.ts';
import { rulePaths } from './rule-paths.ts';

/** `rules list`: one line per document, or a JSON array with everything that a document says of itself. */
export function rulesList(paths: readonly string[], command: CheckCommand): CommandResult {
  const { compiled, placeOf } = loadRules(rulePaths(paths), compileOptionsOf(command));
  const { documents } = reportRules(compiled, listClasses(createClasses(NO_PORTS, 'host')), {
    portableWindows: command.portableWindows === true,
  });
  if (command.format === 'text')
    return { stdout: printable(documents.map(textLine).join('')), exitCode: EXIT.ok };
  const list = documents.map((report) => {
    const { document } = report;
    return { ...jsonEntry(report), file: document.file, line: placeOf(document.file, document.offset).line };
  });
  return { stdout: `${JSON.stringify(list, undefined, 2)}\n`, exitCode: EXIT.ok };
}

function textLine({ document, state }: DocumentReport): string {
  const { key, meta } = document;
  return `${key}  ${(meta.level ?? '-').padEnd(13)} ${state.padEnd(7)} ${logsourceOf(document).padEnd(45)} ${meta.title}\n`;
}

function logsourceOf(document: DocumentReport['document']): string {
  return document.kind === 'rule' ? showLogsource(document.logsource) : document.kind;
}

function jsonEntry({ document, state, reason, route }: DocumentReport) {
  const { key, meta, kind } = document;
  return {
    id: key,
    title: meta.title,
    kind,
    state,
    reason: reason ?? null,
    level: meta.level ?? null,
    status: meta.status ?? null,
    author: meta.author ?? null,
    tags: meta.tags,
    logsource: document.kind === 'rule' ? document.logsource : null,
    classes: route?.routed.map(({ className }) => className) ?? [],
    portable: route?.portable === true,
  };
}
