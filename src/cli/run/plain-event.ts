/** The event as plain data, with everything that it would look up looked up. Bytes of bodies stay behind. */
export function plainEvent<E extends object>(event: E): E {
  const plain: Record<string, unknown> = Object.fromEntries(Object.entries(event));
  for (let at: unknown = Object.getPrototypeOf(event); isBelowObject(at); at = Object.getPrototypeOf(at)) {
    for (const [name, descriptor] of Object.entries(Object.getOwnPropertyDescriptors(at)))
      if ('get' in descriptor) plain[name] = event[name as keyof E];
  }
  for (const [name, value] of Object.entries(plain)) {
    if (value === undefined || value instanceof Uint8Array) delete plain[name];
  }
  return plain as E;
}

const isBelowObject = (value: unknown): value is object =>
  typeof value === 'object' && value !== null && value !== Object.prototype;
