import { type Addon, type BpfObject, isKernelError } from '../addon.ts';

export interface ObjectSpec {
  readonly path: string;
  /** `const volatile` globals by name; names that the object lacks are skipped. */
  readonly constants: Readonly<Record<string, Uint8Array>>;
  readonly mapSizes: Readonly<Record<string, number>>;
  /** Maps that this object shares with one that is already loaded. */
  readonly shared?: { readonly from: BpfObject; readonly maps: readonly string[] };
}

export interface LoadedObject {
  readonly object: BpfObject;
  /** Programs that the kernel refused, with its reason. */
  readonly refused: ReadonlyMap<string, string>;
}

const ENOENT = 2;
const EAGAIN = 11;
const LOAD_ATTEMPTS = 20;

/** One readable line out of an error of libbpf or the verifier. */
export function reasonOf(error: unknown): string {
  if (!isKernelError(error)) return error instanceof Error ? error.message : String(error);
  const lines = error.log
    .split('\n')
    .filter((line) => /unknown func|cannot use helper|invalid|not found|BTF|denied/i.test(line));
  const last = lines
    .at(-1)
    ?.replace(/^libbpf: /, '')
    .trim();
  return last === undefined ? `${error.code} (${error.message})` : `${error.code} (${last.slice(0, 200)})`;
}

/**
 * Loads an object with as many of its programs as the kernel takes. One refused program fails the whole load in
 * libbpf, so after a failure each program is tried alone. Throws KernelError when none can be loaded.
 */
export function loadObject(addon: Addon, spec: ObjectSpec): LoadedObject {
  try {
    return { object: loadOnly(addon, spec, () => true), refused: new Map() };
  } catch (error) {
    const refused = tryEachAlone(addon, spec);
    const names = programNames(addon, spec);
    if (refused.size === names.length) throw error;
    return { object: loadOnly(addon, spec, (name) => !refused.has(name)), refused };
  }
}

function programNames(addon: Addon, spec: ObjectSpec): string[] {
  const object = new addon.BpfObject(spec.path);
  try {
    return object.programs().map((program) => program.name);
  } finally {
    object.close();
  }
}

function tryEachAlone(addon: Addon, spec: ObjectSpec): Map<string, string> {
  const refused = new Map<string, string>();
  for (const name of programNames(addon, spec)) {
    try {
      loadOnly(addon, spec, (other) => other === name).close();
    } catch (error) {
      refused.set(name, reasonOf(error));
    }
  }
  return refused;
}

/** The verifier gives up with EAGAIN when a signal arrives (a profiler's timer, say): that says nothing of the program. */
function loadOnly(addon: Addon, spec: ObjectSpec, wanted: (program: string) => boolean): BpfObject {
  for (let attempt = 1; ; attempt++) {
    try {
      return loadOnce(addon, spec, wanted);
    } catch (error) {
      if (!isKernelError(error) || error.errno !== EAGAIN || attempt === LOAD_ATTEMPTS) throw error;
    }
  }
}

function loadOnce(addon: Addon, spec: ObjectSpec, wanted: (program: string) => boolean): BpfObject {
  const object = new addon.BpfObject(spec.path);
  try {
    for (const { name } of object.programs()) object.setAutoload(name, wanted(name));
    for (const [name, value] of Object.entries(spec.constants)) setIfPresent(object, name, value);
    for (const [map, entries] of Object.entries(spec.mapSizes)) object.resizeMap(map, entries);
    for (const map of spec.shared?.maps ?? []) object.reuseMap(map, spec.shared?.from as BpfObject);
    object.load();
    return object;
  } catch (error) {
    object.close();
    throw error;
  }
}

function setIfPresent(object: BpfObject, name: string, value: Uint8Array): void {
  try {
    object.setConstant(name, value);
  } catch (error) {
    if (!isKernelError(error) || error.errno !== ENOENT) throw error;
  }
}
