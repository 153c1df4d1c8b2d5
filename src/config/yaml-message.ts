export const DANGLING_ALIAS = 'an alias (*name) of nothing; a value that starts with "*" must be in quotes';

/** Our words for what the YAML parser reports: cause and cure, without text of the file (it may be a secret). */
export function yamlMessage(code: string, message: string, char?: string): string {
  if (code === 'TAB_AS_INDENT' || char === '\t') return 'a tab; YAML wants spaces for indentation';
  if (code === 'MULTIPLE_DOCS')
    return 'a second YAML document starts here; keep one per file (remove the "---")';
  if (code === 'TAG_RESOLVE_FAILED')
    return 'a YAML tag; remove it (a value that starts with "!" must be in quotes)';
  if (/call stack|RESOURCE_EXHAUSTION/i.test(`${code} ${message}`)) return 'nested too deeply';
  if (/excessive alias/i.test(message))
    return 'too many aliases (*name) of anchors (&name); write the values out';
  if (/alias/i.test(message)) return DANGLING_ALIAS;
  return `YAML syntax: ${message.replace(/(extra characters|escape sequence).*/s, '$1')}`;
}
