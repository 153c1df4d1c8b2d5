import { pathOf } from './url-path.ts';

export interface RouteOptions {
  /** Tried in order: `{name}` stands for one segment of a path, a last segment `*` for any rest. */
  readonly patterns: readonly string[];
  /** Make templates of paths that no pattern fits. */
  readonly infer: boolean;
  /** Inferred templates that one service may have. */
  readonly maxPerService: number;
}

export interface RouteCounters {
  /** Paths that got `/*` because their service has enough templates. */
  readonly folded: number;
  /** Services forgotten to make room. */
  readonly forgotten: number;
}

export interface Routes {
  /** The route of a request; `service` is whoever serves it. Undefined when there is no path or no pattern fits. */
  readonly routeOf: (
    target: string | undefined,
    service: string,
    statusCode: number | undefined,
  ) => string | undefined;
  readonly counters: RouteCounters;
}

/** Services whose templates are remembered; the one that was first met goes first. */
const MAX_SERVICES = 256;
/** The longest name of a host. */
const MAX_SERVICE_CHARS = 255;
const MAX_SEGMENTS = 16;
const FOLDED = '/*';
const NOT_FOUND = 404;

/** Names the route of requests, so that paths with ids in them are told as one. */
export function createRoutes(options: RouteOptions): Routes {
  const { infer, maxPerService } = options;
  const patterns = options.patterns.map(compilePattern);
  const services = new Map<string, Set<string>>();
  const templateOf = rememberTemplates();
  const counters = { folded: 0, forgotten: 0 };

  function templatesOf(name: string): Set<string> {
    const service = name.slice(0, MAX_SERVICE_CHARS);
    const known = services.get(service);
    if (known !== undefined) return known;
    if (services.size >= MAX_SERVICES) {
      const oldest = services.keys().next();
      if (oldest.done !== true) services.delete(oldest.value);
      counters.forgotten += 1;
    }
    const fresh = new Set<string>();
    services.set(service, fresh);
    return fresh;
  }

  function inferred(path: string, service: string): string {
    const template = templateOf(path);
    const templates = templatesOf(service);
    if (templates.has(template)) return template;
    if (templates.size >= maxPerService) {
      counters.folded += 1;
      return FOLDED;
    }
    templates.add(template);
    return template;
  }

  return {
    counters,
    routeOf(target, service, statusCode) {
      const path = pathOf(target);
      if (path === undefined) return undefined;
      const pattern = patterns.find((each) => each.fits(path));
      if (pattern !== undefined) return pattern.text;
      // What is not there has no route; scanners would use up the templates of a service.
      if (!infer || statusCode === NOT_FOUND || statusCode === undefined) return undefined;
      return inferred(path, service);
    },
  };
}

interface Pattern {
  readonly text: string;
  fits(path: string): boolean;
}

function compilePattern(text: string): Pattern {
  const wanted = text.split('/').slice(1);
  const open = wanted.at(-1) === '*';
  if (open) wanted.pop();
  const isWild = wanted.map((segment) => /^\{[^{}]*\}$/.test(segment));
  return {
    text,
    fits(path) {
      const found = path.split('/').slice(1);
      if (open ? found.length < wanted.length : found.length !== wanted.length) return false;
      return wanted.every((segment, at) => (isWild[at] ? found[at] !== '' : found[at] === segment));
    },
  };
}

const REMEMBERED_SLOTS = 256;
const MAX_REMEMBERED_CHARS = 256;

/** Gives templates, and those of paths asked for lately without taking them apart anew. */
function rememberTemplates(): (path: string) => string {
  const paths: string[] = Array.from({ length: REMEMBERED_SLOTS }, () => '');
  const templates: string[] = [...paths];
  return (path) => {
    const { length } = path;
    if (length === 0 || length > MAX_REMEMBERED_CHARS) return templateOf(path);
    const mixed = length * 31 + path.charCodeAt(length - 1) * 7 + path.charCodeAt(length >> 1);
    const slot = mixed & (REMEMBERED_SLOTS - 1);
    if (paths[slot] !== path) {
      templates[slot] = templateOf(path);
      paths[slot] = path;
    }
    return templates[slot] ?? '';
  };
}

function templateOf(path: string): string {
  const segments = path.split('/');
  const shown = segments.slice(0, MAX_SEGMENTS + 1).map((segment) => (isId(segment) ? '{id}' : segment));
  return segments.length > MAX_SEGMENTS + 1 ? `${shown.join('/')}${FOLDED}` : shown.join('/');
}

const UUID = /^[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}$/i;
/** Hexadecimal of a hash or an object id; without a digit it may be a word. */
const HEX = /^(?=.*\d)[0-9a-f]{8,}$/i;
const LONGEST_WORD = 40;

/** Numbers, UUIDs, hashes, addresses of mail, escaped and very long segments: a value, not a part of the route. */
function isId(segment: string): boolean {
  if (segment === '') return false;
  if (/^[-+]?\d[\d.,:_-]*$/.test(segment) || UUID.test(segment) || HEX.test(segment)) return true;
  if (segment.length > LONGEST_WORD || /[@%=~]/.test(segment)) return true;
  const digits = segment.replace(/\D/g, '').length;
  return segment.length >= 12 && digits >= 4 && /[A-Za-z]/.test(segment) && !/[-.]/.test(segment);
}
