import { detectFormat } from './formats/detect.ts';
import { READERS } from './formats/index.ts';
import { iprepCategories } from './formats/iprep.ts';
import { ListBuilder } from './list-builder.ts';
import type { ParsedList, ParseOptions } from './parsed-list.ts';

/** Reads a list of any known format. Never throws, whatever the text. */
export function parseList(text: string, options: ParseOptions): ParsedList {
  const format = options.format ?? detectFormat(text);
  const builder = new ListBuilder(options);
  const { categories } = options;
  READERS[format](text, builder, categories === undefined ? {} : { categories: iprepCategories(categories) });
  return builder.build(format);
}
