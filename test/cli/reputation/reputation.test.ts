import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { blocklistLookup } from '../../../src/cli/blocklist/lookup.ts';
import * as command from '../../../src/cli/reputation/reputation.ts';
import { createRedisServer, type RedisServer, whyNoRedis } from '../../reputation/scores/redis-server.ts';

const skip = whyNoRedis();

describe.skipIf(skip !== undefined)(
  `telegen reputation${skip === undefined ? '' : ` (SKIP: ${skip})`}`,
  () => {
    let server: RedisServer;
    let folder: string;
    let config: string;
    const write = (name: string, text: string) => {
      writeFileSync(join(folder, name), text);
      return join(folder, name);
    };
    const list = async () =>
      JSON.parse((await command.reputationList(config, 'json')).stdout) as { value: string }[];

    beforeAll(async () => {
      server = await createRedisServer();
      await server.start();
      folder = mkdtempSync(join(tmpdir(), 'telegen-reputation-'));
      const redis = `{addresses: ["127.0.0.1:${server.port}"]}`;
      config = write('telegen.yaml', `agent: {network: {security: {reputation: {redis: ${redis}}}}}\n`);
    });
    beforeEach(() => server.admin().flushall());
    afterAll(async () => {
      await server.close();
      rmSync(folder, { recursive: true });
    });

    test('what is added is listed, what is removed is not', async () => {
      const options = { config, score: 80, ttl: '24h', reason: 'phishing' };
      const { stdout } = await command.reputationAdd(
        ['198.51.100.7', 'Evil.Example.com', '203.0.113.7/24'],
        options,
      );
      expect(stdout).toBe('3 added\n');
      expect(await list()).toEqual(
        ['198.51.100.7', '203.0.113.0/24', 'evil.example.com'].map((value) => ({
          value,
          score: 80,
          sources: [expect.stringMatching(/^manual@/)],
          agents: 1,
          sightings: 0,
          first_seen: expect.stringMatching(/Z$/),
          last_seen: expect.stringMatching(/Z$/),
          reason: 'phishing',
        })),
      );
      expect((await command.reputationRemove(['198.51.100.7'], config)).stdout).toBe('1 removed\n');
      expect((await list()).map(({ value }) => value)).toEqual(['203.0.113.0/24', 'evil.example.com']);
      expect((await command.reputationList(config, 'text')).stdout).toMatch(
        /^203\.0\.113\.0\/24 {2}80 {2}0 sightings by 1 \(manual@.*: phishing\n/,
      );
    });

    test('what is exported can be imported elsewhere, and again without harm', async () => {
      await command.reputationAdd(['198.51.100.7', '2001:db8::7'], { config, score: 80, ttl: '24h' });
      const file = write('export.jsonl', (await command.reputationExport(config)).stdout);
      await server.admin().flushall();
      expect((await command.reputationImport(file, config)).stdout).toBe('2 imported, 0 already there\n');
      expect((await command.reputationImport(file, config)).stdout).toBe('0 imported, 2 already there\n');
      expect((await list()).map(({ value }) => value)).toEqual(['198.51.100.7', '2001:db8::7']);
    });

    test('blocklist lookup tells of it, and whether it alerts', async () => {
      await command.reputationAdd(['198.51.100.7', '203.0.113.0/24', 'evil.example.com'], {
        config,
        score: 80,
        ttl: '24h',
      });
      await command.reputationAdd(['2001:db8::7'], { config, score: 10, ttl: '24h' });
      const allowlist = [write('good.txt', '203.0.113.9\n')];
      const list = [write('bad.txt', '198.51.100.99\n')];
      const warnings: string[] = [];
      const ask = async (format: 'text' | 'json', from = config) => {
        const options = {
          config: from,
          list,
          allowlist,
          warn: (text: string) => warnings.push(text),
          format,
        };
        const values = ['198.51.100.7', '203.0.113.9', 'a.evil.example.com', '2001:db8::/64', '192.0.2.1'];
        return (await blocklistLookup(values, options)).stdout;
      };
      const lines = (await ask('text')).split('\n').filter((line) => line.includes('shared reputation'));
      expect(lines).toEqual([
        expect.stringMatching(/: 198\.51\.100\.7 {2}80 {2}.*: alerts$/),
        expect.stringMatching(/: 203\.0\.113\.0\/24 {2}80 {2}.*: no alert, allowed or reserved$/),
        expect.stringMatching(/: evil\.example\.com {2}80 {2}.*: alerts$/),
        expect.stringMatching(/: 2001:db8::7 {2}10 {2}.*: no alert, below the threshold of \d+$/),
        '  shared reputation: none',
      ]);
      const answers = JSON.parse(await ask('json')) as { reputation: { value: string } | null }[];
      expect(answers.map(({ reputation }) => reputation?.value ?? null)).toEqual([
        '198.51.100.7',
        '203.0.113.0/24',
        'evil.example.com',
        '2001:db8::7',
        null,
      ]);
      expect(warnings).toEqual([]);
    });

    test('blocklist lookup goes on when the store does not answer', async () => {
      const away = write(
        'away-too.yaml',
        'agent: {network: {security: {reputation: {redis: {addresses: ["127.0.0.1:1"]}}}}}\n',
      );
      const warnings: string[] = [];
      const { stdout } = await blocklistLookup(['198.51.100.99'], {
        config: away,
        list: [write('bad.txt', '198.51.100.99\n')],
        allowlist: [],
        warn: (text) => warnings.push(text),
        format: 'text',
      });
      expect(stdout).toMatch(/^198\.51\.100\.99: listed: alerts\n/);
      expect(warnings).toEqual([
        expect.stringMatching(/^shared reputation is not known: Redis at 127\.0\.0\.1:1/),
      ]);
    });

    test.each<[name: string, run: () => Promise<unknown>, code: string, message: RegExp]>([
      [
        'a value that is none',
        () => command.reputationAdd(['0.0.0.0/0'], { config, score: 1, ttl: '1h' }),
        'TELEGEN_CONFIG',
        /would name every address/,
      ],
      [
        'a time that is none',
        () => command.reputationAdd(['198.51.100.7'], { config, score: 1, ttl: 'soon' }),
        'TELEGEN_CONFIG',
        /--ttl soon/,
      ],
      [
        'a file that is not there',
        () => command.reputationImport('/nowhere', config),
        'TELEGEN_CONFIG',
        /nowhere: cannot be read/,
      ],
      [
        'lines that are no records',
        () => command.reputationImport(write('bad', '\n{}\n'), config),
        'TELEGEN_CONFIG',
        /bad:2: not a record/,
      ],
      [
        'no Redis configured',
        () => command.reputationList(undefined, 'json'),
        'TELEGEN_CONFIG',
        /nothing is shared/,
      ],
      [
        'no Redis there',
        () =>
          command.reputationList(
            write(
              'away.yaml',
              'agent: {network: {security: {reputation: {redis: {addresses: ["127.0.0.1:1"]}}}}}\n',
            ),
            'json',
          ),
        'TELEGEN_REPUTATION',
        /Redis at 127\.0\.0\.1:1/,
      ],
    ])('%s is an error that says so', async (_, run, code, message) => {
      const running = run();
      await expect(running).rejects.toMatchObject({ code });
      await expect(running).rejects.toThrow(message);
    });
  },
);
