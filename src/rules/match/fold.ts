let table: Uint16Array | undefined;

/**
 * Case folding: every UTF-16 unit becomes its simple lower case where that is one unit, so that folding never changes
 * lengths and does not depend on neighbours. Rules and events are folded alike.
 */
export function foldTable(): Uint16Array {
  if (table === undefined) {
    table = new Uint16Array(0x10000);
    for (let unit = 0; unit < table.length; unit++) {
      const lower = String.fromCharCode(unit).toLowerCase();
      table[unit] = lower.length === 1 ? lower.charCodeAt(0) : unit;
    }
  }
  return table;
}

/** The folded text. */
export function fold(text: string): string {
  const folds = foldTable();
  let from = 0;
  let out = '';
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    const folded = folds[unit] ?? unit;
    if (folded === unit) continue;
    out += text.slice(from, i) + String.fromCharCode(folded);
    from = i + 1;
  }
  return from === 0 ? text : out + text.slice(from);
}

let unfolded: ReadonlyMap<number, readonly number[]> | undefined;

/** All units that fold to this one, itself included when it does. */
export function unitsFoldingTo(folded: number): readonly number[] {
  if (unfolded === undefined) {
    const map = new Map<number, number[]>();
    for (const [unit, lower] of foldTable().entries()) {
      if (unit !== lower) map.set(lower, [...(map.get(lower) ?? [lower]), unit]);
    }
    unfolded = map;
  }
  return unfolded.get(folded) ?? [folded];
}
