import { networkInterfaces } from 'node:os';
import type { IpAddress } from '../../../model/ip-address.ts';
import { ipKey, parseIp } from '../../../net/ip.ts';
import type { BpfObject } from '../../addon.ts';

const MAP = 'tg_local_addresses';
export const MAX_LOCAL_ADDRESSES = 4_096;
const VALUE = new Uint8Array(4);

function hostAddresses(): readonly string[] {
  return Object.values(networkInterfaces()).flatMap((list) => (list ?? []).map(({ address }) => address));
}

function keyOf({ w0, w1, w2, w3 }: IpAddress): Uint8Array {
  return new Uint8Array(new Uint32Array([w0, w1, w2, w3]).buffer);
}

/** Tells the kernel side which addresses are this host's, and follows them. */
export class LocalAddresses {
  readonly #object: BpfObject;
  readonly #list: () => readonly string[];
  #known = new Map<number | string, Uint8Array>();

  constructor(object: BpfObject, list = hostAddresses) {
    this.#object = object;
    this.#list = list;
  }

  refresh(): void {
    const now = new Map<number | string, Uint8Array>();
    for (const text of this.#list()) {
      const ip = parseIp(text);
      if (ip !== undefined && now.size < MAX_LOCAL_ADDRESSES) now.set(ipKey(ip), keyOf(ip));
    }
    for (const [id, key] of this.#known) if (!now.has(id)) this.#object.mapDelete(MAP, key);
    for (const [id, key] of now) if (!this.#known.has(id)) this.#object.mapUpdate(MAP, key, VALUE, 0);
    this.#known = now;
  }
}
