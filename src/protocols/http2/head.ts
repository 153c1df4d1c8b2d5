import type { HeaderField } from '../../model/conversation.ts';
import type { HeaderBlock } from './hpack.ts';

/** A header block as HTTP reads it. */
export interface Http2Head {
  readonly method?: string;
  readonly target?: string;
  readonly scheme?: string;
  readonly authority?: string;
  readonly statusCode?: number;
  readonly contentType?: string;
  readonly contentLength?: number;
  readonly grpcStatus?: string;
  readonly grpcMessage?: string;
  /** Without pseudo-header fields. */
  readonly fields: readonly HeaderField[];
  /** It has pseudo-header fields: trailers have none. */
  readonly hasPseudo: boolean;
  /** Fields were left out that are not known, or did not fit. */
  readonly damaged: boolean;
  readonly droppedFields: number;
}

export interface HeaderChoice {
  /** Lower-case names; all when absent. */
  readonly names?: ReadonlySet<string>;
  readonly maxHeaders: number;
}

type Draft = { -readonly [K in keyof Http2Head]: Http2Head[K] } & { readonly fields: HeaderField[] };

export function readHttp2Head(block: HeaderBlock, choice: HeaderChoice): Http2Head {
  const damaged = block.unknown > 0 || block.cut || block.error !== undefined;
  const head: Draft = { fields: [], hasPseudo: false, damaged, droppedFields: 0 };
  for (const field of block.fields) {
    const [name, value] = field;
    if (name.startsWith(':')) addPseudo(head, name, value);
    else addField(head, field, choice);
  }
  return head;
}

function addPseudo(head: Draft, name: string, value: string): void {
  head.hasPseudo = true;
  if (name === ':method') head.method = value;
  else if (name === ':path') head.target = value;
  else if (name === ':scheme') head.scheme = value;
  else if (name === ':authority') head.authority = value;
  else if (name === ':status' && /^[1-9]\d\d$/.test(value)) head.statusCode = Number(value);
}

function addField(head: Draft, field: HeaderField, { names, maxHeaders }: HeaderChoice): void {
  const [name, value] = field;
  if (name === 'content-type') head.contentType = value;
  else if (name === 'content-length' && /^\d{1,15}$/.test(value)) head.contentLength = Number(value);
  else if (name === 'host') head.authority ??= value;
  else if (name === 'grpc-status') head.grpcStatus = value;
  else if (name === 'grpc-message') head.grpcMessage = value;
  if (names !== undefined && !names.has(name)) return;
  if (head.fields.length < maxHeaders) head.fields.push(field);
  else head.droppedFields++;
}
