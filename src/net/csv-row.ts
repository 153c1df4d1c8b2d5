/**
 * The fields of one CSV line: quotes around a field are taken off, doubled quotes inside are one, blanks around fields
 * go. undefined when a quote is not closed or is followed by text.
 */
export function parseCsvRow(line: string): string[] | undefined {
  const fields: string[] = [];
  let at = 0;
  for (;;) {
    while (line[at] === ' ' || line[at] === '\t') at++;
    const field = line[at] === '"' ? quoted(line, at) : bare(line, at);
    if (!field) return undefined;
    fields.push(field.text);
    if (field.end >= line.length) return fields;
    at = field.end + 1;
  }
}

interface Field {
  readonly text: string;
  /** At the comma behind it, or the end of the line. */
  readonly end: number;
}

function bare(line: string, start: number): Field {
  const comma = line.indexOf(',', start);
  const end = comma < 0 ? line.length : comma;
  return { text: line.slice(start, end).trim(), end };
}

function quoted(line: string, start: number): Field | undefined {
  let text = '';
  let at = start + 1;
  for (;;) {
    const quote = line.indexOf('"', at);
    if (quote < 0) return undefined;
    text += line.slice(at, quote);
    if (line[quote + 1] !== '"') {
      const comma = line.indexOf(',', quote);
      const end = comma < 0 ? line.length : comma;
      return line.slice(quote + 1, end).trim() === '' ? { text, end } : undefined;
    }
    text += '"';
    at = quote + 2;
  }
}
