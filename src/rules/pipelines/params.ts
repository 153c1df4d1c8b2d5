import { nearest } from '../../net/nearest.ts';
import { isNull, type ScalarValue, textOf, textsOf, type YamlEntry, type YamlNode } from '../syntax/node.ts';
import { quoted } from '../syntax/problem.ts';

/** What is wrong with a pipeline file, and where. */
export class PipelineError extends Error {
  /** Characters from the start of the file. */
  readonly offset: number;

  constructor(offset: number, message: string) {
    super(message);
    this.offset = offset;
  }
}

/** Reads the keys of a mapping; what nobody asked for is an error, so that no key does nothing. */
export class Params {
  readonly offset: number;
  readonly #what: string;
  readonly #entries: ReadonlyMap<string, YamlEntry>;
  readonly #asked = new Set<string>();

  /** Throws PipelineError when the node is no mapping; `what` is how messages call it. */
  constructor(node: YamlNode | undefined, what: string, at = 0) {
    if (node?.kind !== 'map') throw new PipelineError(node?.offset ?? at, `${what} must be a mapping`);
    this.offset = node.offset;
    this.#what = what;
    this.#entries = new Map(node.entries.map((entry) => [entry.key, entry]));
  }

  node(key: string): YamlNode | undefined {
    this.#asked.add(key);
    const value = this.#entries.get(key)?.value;
    return isNull(value) ? undefined : value;
  }

  has(key: string): boolean {
    return this.#entries.has(key);
  }

  fail(key: string, message: string): never {
    throw new PipelineError(this.#entries.get(key)?.value.offset ?? this.offset, message);
  }

  need(key: string): YamlNode {
    return this.node(key) ?? this.fail(key, `${this.#what} needs "${key}"`);
  }

  text(key: string): string | undefined {
    const node = this.node(key);
    if (node === undefined) return undefined;
    // An empty text is one, too: a replacement may be nothing.
    if (node.kind === 'scalar' && node.value === '') return '';
    return textOf(node) ?? this.fail(key, `"${key}" must be text`);
  }

  needText(key: string): string {
    this.need(key);
    return this.text(key) ?? this.fail(key, `${this.#what} needs "${key}"`);
  }

  scalar(key: string): ScalarValue {
    this.#asked.add(key);
    const node = this.#entries.get(key)?.value;
    if (node?.kind !== 'scalar')
      this.fail(key, `${this.#what} needs "${key}": text, a number, true or false`);
    return node.value;
  }

  flag(key: string): boolean {
    const node = this.node(key);
    if (node === undefined) return false;
    if (node.kind === 'scalar' && typeof node.value === 'boolean') return node.value;
    return this.fail(key, `"${key}" must be true or false`);
  }

  choice<T extends string>(key: string, legal: readonly T[], otherwise?: T): T {
    const text = this.text(key) ?? otherwise;
    const found = legal.find((each) => each === text);
    return found ?? this.fail(key, `"${key}" must be one of ${legal.join(', ')}`);
  }

  texts(key: string): readonly string[] | undefined {
    const node = this.node(key);
    if (node === undefined) return undefined;
    const texts = textsOf(node);
    if (node.kind === 'map' || (node.kind === 'seq' && texts.length < node.items.length))
      this.fail(key, `"${key}" must be a list of texts`);
    return texts;
  }

  needTexts(key: string): readonly string[] {
    this.need(key);
    return this.texts(key) ?? [];
  }

  /** A mapping of names to one or more texts. */
  textMap(key: string): ReadonlyMap<string, readonly string[]> {
    const node = this.need(key);
    if (node.kind !== 'map') this.fail(key, `"${key}" must be a mapping`);
    return new Map(
      node.entries.map(({ key: name, value }) => {
        const texts = textsOf(value);
        const isText = value.kind === 'scalar' ? texts.length === 1 : value.kind === 'seq';
        if (!isText || (value.kind === 'seq' && texts.length < value.items.length))
          throw new PipelineError(value.offset, `${quoted(name)} must be mapped to text, or a list of texts`);
        return [name, texts] as const;
      }),
    );
  }

  /** Throws for the first key that nobody asked for. */
  end(): void {
    for (const [key, { keyOffset }] of this.#entries) {
      if (this.#asked.has(key)) continue;
      const near = nearest(key, [...this.#asked])?.name;
      const hint = near === undefined ? '' : `; did you mean "${near}"?`;
      throw new PipelineError(keyOffset, `${this.#what} knows no "${key}"${hint}`);
    }
  }
}
