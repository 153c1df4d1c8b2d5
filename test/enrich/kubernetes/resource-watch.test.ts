import { describe, expect, it } from 'vitest';
import { podObject, serviceObject } from '../../support/kubernetes-objects.ts';
import { ip, openApi, readCluster, TIMES, type World } from './world.ts';

const address = (name: string) => ip(`10.1.0.${name.length}`);
/** A pod whose address is told by the length of its name. */
const pod = (name: string) => podObject({ name, uid: `uid-${name}`, ip: `10.1.0.${name.length}` });
const knows = ({ cluster }: World, name: string): boolean =>
  cluster.workloadAt(address(name), 1)?.podName === name;
const listsOf = ({ api }: World): number =>
  api.asked.filter(
    ({ verb, resource, query }) => verb === 'list' && resource === 'pods' && !query.has('continue'),
  ).length;

async function begin(options = {}, apiOptions = {}): Promise<World> {
  const api = await openApi(apiOptions);
  api.put('pods', pod('a'));
  const world = readCluster(api, options);
  await world.settled();
  return world;
}

describe('a watch that breaks goes on from where it was', () => {
  it.each(['end', 'reset', 'mid-line'] as const)('%s', async (how) => {
    const world = await begin();
    const { api, until } = world;
    api.put('pods', pod('bb'));
    await until('the change', () => knows(world, 'bb'));
    const lists = listsOf(world);
    api.cut('pods', how);
    api.put('pods', pod('ccc'));
    api.remove('pods', 'uid-a');
    await until('what was missed', () => knows(world, 'ccc') && world.status('pods').objects === 2);
    expect(listsOf(world)).toBe(lists);
    const [, second] = api.asked.filter(({ verb, resource }) => verb === 'watch' && resource === 'pods');
    expect(Number(second?.query.get('resourceVersion'))).toBeGreaterThan(1_000);
  });

  it('and from a bookmark, where nothing else was told', async () => {
    const world = await begin();
    const { api, until } = world;
    api.put('services', serviceObject('other', '10.96.0.1'));
    await until('the service', () => world.status('services').objects === 1);
    api.compact();
    api.bookmark('pods');
    await until('the bookmark', () => world.status('pods').bookmarks === 1);
    api.cut('pods', 'end');
    await until('another watch', () => api.watchers('pods') === 1);
    expect(listsOf(world)).toBe(1);
    expect(world.status('pods').failures.gone).toBeUndefined();
  });
});

describe('410 Gone', () => {
  it.each([
    ['as an event of the stream', false],
    ['as a status', true],
  ])('%s: lists anew, and notices what has gone', async (_title, goneByStatus) => {
    const world = await begin({}, { goneByStatus });
    const { api, until, status } = world;
    api.put('pods', pod('bb'));
    await until('the change', () => knows(world, 'bb'));
    api.changeSilently('pods', () => {
      api.remove('pods', 'uid-a');
      api.put('pods', pod('ccc'));
    });
    api.compact();
    api.cut('pods', 'end');
    await until('the second list', () => knows(world, 'ccc'));
    expect(status('pods')).toMatchObject({ objects: 2, lists: 2, failures: { gone: 1 } });
    expect(knows(world, 'bb')).toBe(true);
    // Deleted, so only remembered.
    expect(world.cluster.remembered()).toBe(1);
    expect(world.problems).toEqual([]);
  });

  it('in the middle of a list: begins it again', async () => {
    const api = await openApi({ maxPage: 10 });
    for (let i = 0; i < 40; i += 1) api.put('pods', podObject({ name: `p${i}`, ip: `10.3.0.${i}` }));
    let isFirst = true;
    const push = api.asked.push.bind(api.asked);
    // Between two pages the server forgets what the token stood for.
    api.asked.push = (asked) => {
      if (isFirst && asked.query.has('continue')) {
        isFirst = false;
        api.compact();
      }
      return push(asked);
    };
    const world = readCluster(api);
    await world.settled();
    expect(world.status('pods')).toMatchObject({ objects: 40, lists: 1, failures: { gone: 1 } });
  });
});

describe('an API that is away', () => {
  it('from the start: look-ups answer at once, and all is read when it comes', async () => {
    const api = await openApi();
    await api.stop();
    const world = readCluster(api);
    await world.until('the failure', () => (world.status('pods').failures.unreachable ?? 0) > 2);
    expect(world.cluster.workloadAt(ip('10.1.0.1'), 80)).toBeUndefined();
    expect(world.status('pods')).toMatchObject({ state: 'away', isComplete: false });
    api.put('pods', pod('a'));
    await api.restart();
    await world.settled();
    expect(knows(world, 'a')).toBe(true);
  });

  it('later: what is known stays, and the watch goes on without a new list', async () => {
    const world = await begin();
    await world.api.stop();
    await world.until('failures', () => (world.status('pods').failures.unreachable ?? 0) > 5);
    // Also while it is tried again.
    expect(world.status('pods').state).toBe('away');
    expect(knows(world, 'a')).toBe(true);
    world.api.put('pods', pod('bb'));
    await world.api.restart();
    await world.until('the change', () => knows(world, 'bb'));
    expect(listsOf(world)).toBe(1);
  });

  it('silent: is given up after a while, a list as well as a watch', async () => {
    const world = await begin({ times: { ...TIMES, watchMs: 1, silenceMs: 250 } });
    await world.until('a watch given up', () => (world.status('pods').failures.silent ?? 0) > 0);
    const silent = await begin({ times: { ...TIMES, silenceMs: 250 } });
    silent.api.trouble.set('services', { silent: true });
    silent.api.cut('services', 'reset');
    // Its watches may rest for a minute, but not the answer to whether there is to be one.
    await silent.until('a silent server', () => (silent.status('services').failures.silent ?? 0) > 1);
    expect(silent.status('services').state).toBe('away');
  });

  it('slow: one byte at a time is read all the same', async () => {
    const api = await openApi();
    api.put('pods', pod('a'));
    api.trouble.set('pods', { trickle: true });
    const world = readCluster(api);
    await world.settled();
    expect(knows(world, 'a')).toBe(true);
  });

  it.each([
    [403, 'forbidden'],
    [500, 'server'],
    [429, 'throttled'],
    [404, 'not_found'],
  ])('answers %d: is tried again, the others go on', async (status, reason) => {
    const api = await openApi();
    api.put('pods', pod('a'));
    api.trouble.set('services', { status });
    const world = readCluster(api);
    await world.until('the failure', () => (world.status('services').failures[reason as 'server'] ?? 0) > 1);
    expect(world.problems[0]?.message).toBe(`the API answered ${status}: refused with ${status}`);
    await world.until('the pods', () => knows(world, 'a'));
    api.trouble.clear();
    await world.settled();
  });

  it('says how long to wait: is not asked before', async () => {
    const api = await openApi();
    api.trouble.set('pods', { status: 429, retryAfter: '3600' });
    const world = readCluster(api);
    await world.until('the refusal', () => world.status('pods').failures.throttled === 1);
    await world.until('other lists', () => world.status('nodes').state === 'watching');
    expect(listsOf(world)).toBe(1);
  });

  it.each([
    ['cut off', { cut: true }, 'unreachable'],
    ['no JSON', { body: '<html>' }, 'malformed'],
    ['no list', { body: '[]' }, 'malformed'],
  ])('answers with a body that is %s', async (_title, trouble, reason) => {
    const api = await openApi();
    api.put('pods', pod('a'));
    api.trouble.set('pods', trouble);
    const world = readCluster(api);
    await world.until('the failure', () => (world.status('pods').failures[reason as 'malformed'] ?? 0) > 0);
    api.trouble.clear();
    await world.until('the pod', () => knows(world, 'a'));
  });
});

describe('hostile and broken objects', () => {
  it.each([
    ['no JSON', '{"type":"ADDED","object":{\n'],
    ['no object', '{"type":"ADDED"}\n'],
    ['no metadata', '{"type":"ADDED","object":{"metadata":null}}\n'],
    ['a list', '[1,2,3]\n'],
    [
      'no uid',
      '{"type":"ADDED","object":{"metadata":{"resourceVersion":"2000","name":"x","namespace":"y"}}}\n',
    ],
    ['no name', '{"type":"ADDED","object":{"metadata":{"resourceVersion":"2000","uid":"x"}}}\n'],
    ['longer than any object', `{"type":"ADDED","object":{"a":"${'x'.repeat(9 << 20)}"}}\n`],
  ])('%s: is counted, and the watch goes on', async (_title, text) => {
    const world = await begin();
    world.api.inject('pods', text);
    world.api.put('pods', pod('bb'));
    await world.until('the next change', () => knows(world, 'bb'));
    expect(world.status('pods')).toMatchObject({ malformed: 1, lists: 1, failures: {} });
  });

  it('fields of every wrong type are not known', async () => {
    const world = await begin();
    const wrong: readonly unknown[] = [null, 7, 'text', [], [null], [[]], {}, { a: 1 }, [{ ip: 7 }], true];
    for (const [i, value] of wrong.entries()) {
      const metadata = {
        name: `w${i}`,
        namespace: 'shop',
        labels: value,
        annotations: value,
        ownerReferences: value,
      };
      world.api.put('pods', { metadata, spec: value, status: value });
      const status = { podIPs: value, podIP: value, hostIPs: value, phase: value, containerStatuses: value };
      world.api.put('pods', {
        metadata: { ...metadata, name: `v${i}` },
        spec: { nodeName: 'node-1' },
        status,
      });
      world.api.put('services', {
        metadata,
        spec: { clusterIPs: value, clusterIP: value, externalIPs: value },
        status: value,
      });
      world.api.put('endpointslices', { metadata, addressType: 'IPv4', ports: value, endpoints: value });
      world.api.put('nodes', {
        metadata: { name: `n${i}` },
        spec: { podCIDRs: value, podCIDR: value },
        status: { addresses: value },
      });
    }
    world.api.put('pods', pod('bb'));
    await world.until('the next change', () => knows(world, 'bb'));
    await world.until('the nodes', () => world.status('nodes').objects === wrong.length);
    expect(world.status('pods')).toMatchObject({ malformed: 0, state: 'watching' });
  });

  it('an error in the stream that is none of the known ones: is tried again', async () => {
    const world = await begin();
    world.api.inject('pods', '{"type":"ERROR","object":{"kind":"Status","message":"etcd has gone"}}\n');
    await world.until('the failure', () => world.status('pods').failures.server === 1);
    world.api.put('pods', pod('bb'));
    await world.until('the next change', () => knows(world, 'bb'));
    expect(world.problems[0]?.message).toBe('etcd has gone');
  });

  it('a change cut at every byte is read whole', async () => {
    const world = await begin();
    const line = `${JSON.stringify({ type: 'ADDED', object: { ...pod('bb'), metadata: { ...pod('bb').metadata, resourceVersion: '5000' } } })}\n`;
    for (const byte of line) {
      world.api.inject('pods', byte);
      await new Promise(setImmediate);
    }
    await world.until('the change', () => knows(world, 'bb'));
    expect(world.status('pods')).toMatchObject({ events: 1, malformed: 0 });
  });
});

describe('bounds', () => {
  it('a huge list is read in pages; beyond the bound objects are refused and counted', async () => {
    const api = await openApi();
    for (let i = 0; i < 3_000; i += 1)
      api.put('services', serviceObject(`s${i}`, `10.96.${i >> 8}.${i & 255}`));
    const world = readCluster(api, { bounds: { services: 2_500 } });
    await world.settled();
    expect(world.status('services')).toMatchObject({ objects: 2_500, refused: 500, lists: 1 });
    const pages = api.asked.filter(({ verb, resource }) => verb === 'list' && resource === 'services');
    expect(pages).toHaveLength(30);
    expect(pages.every(({ query }) => query.get('limit') === '100')).toBe(true);
    expect(world.cluster.serviceAt(ip('10.96.0.7'), 80)?.name).toBe('s7');
    expect(world.cluster.serviceAt(ip('10.96.11.183'), 80)).toBeUndefined();
  });

  it('pages that are too long are asked for in smaller ones', async () => {
    const api = await openApi();
    const padding = 'x'.repeat(300_000);
    for (let i = 0; i < 60; i += 1)
      api.put('services', { ...serviceObject(`s${i}`, `10.96.0.${i}`), padding });
    const world = readCluster(api);
    await world.settled();
    expect(world.status('services')).toMatchObject({ objects: 60, lists: 1, failures: {} });
  });

  it('objects that did not change are not read anew with the next list', async () => {
    const world = await begin();
    const before = world.cluster.workloadAt(address('a'), 1);
    world.api.compact();
    world.api.cut('pods', 'end');
    await world.until('the second list', () => world.status('pods').lists === 2);
    expect(world.cluster.workloadAt(address('a'), 1)).toBe(before);
  });

  it('a server that ends each watch at once is not asked without a pause', async () => {
    const world = await begin({ times: { ...TIMES, backoffMinMs: 3_600_000, backoffMaxMs: 3_600_000 } });
    world.api.cut('pods', 'end');
    world.api.put('services', serviceObject('s', '10.96.0.1'));
    await world.until('the service', () => world.status('services').objects === 1);
    const watches = world.api.asked.filter(({ verb, resource }) => verb === 'watch' && resource === 'pods');
    expect(watches).toHaveLength(1);
  });
});

it('ends at once when it is closed, whatever it waits for', async () => {
  const world = await begin({ times: { ...TIMES, backoffMinMs: 3_600_000, backoffMaxMs: 3_600_000 } });
  world.api.trouble.set('services', { status: 500 });
  world.api.cut('services', 'reset');
  await world.until('the failure', () => world.status('services').state === 'away');
  const before = world.problems.length;
  await world.cluster.close();
  expect(world.problems.slice(before)).toEqual([]);
});
