/** A list that is fetched over HTTPS now and then. */
export interface Feed {
  readonly name: string;
  readonly url: string;
  readonly role: 'block' | 'allow';
  readonly intervalMs: number;
  /** For the whole of one fetch. */
  readonly timeoutMs: number;
  /** Of the list after decompression. */
  readonly maxBytes: number;
  /** Header names and the files that hold their values; read at each fetch, so that secrets can be renewed. */
  readonly headerFiles: Readonly<Record<string, string>>;
  /** Address of the SHA-256 of the list in hexadecimal, as `sha256sum` writes it. */
  readonly checksumUrl?: string;
  /** `http://host:port` */
  readonly proxy?: string;
  readonly caFile?: string;
}

/** What the server said of the version that is at hand. */
export interface Validators {
  readonly etag?: string;
  readonly lastModified?: string;
}

export type FetchOutcome =
  | { readonly kind: 'new'; readonly bytes: Buffer; readonly validators: Validators }
  | { readonly kind: 'unchanged' }
  | { readonly kind: 'failed'; readonly reason: string; readonly retryAfterMs?: number };

export type Fetch = (feed: Feed, validators: Validators, signal: AbortSignal) => Promise<FetchOutcome>;
