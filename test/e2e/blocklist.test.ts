import { appendFileSync, chmodSync, mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { openSandbox, type Sandbox, whyNoSandbox } from '../support/sandbox.ts';
import { brief, endTelegens, type Telegen, watch } from '../support/telegen.ts';

const skip = whyNoSandbox();

describe.skipIf(skip !== undefined)(
  `blocklists while telegen runs${skip === undefined ? '' : ` (SKIP: ${skip})`}`,
  () => {
    let sandbox: Sandbox;
    let folder: string;
    let telegen: Telegen;
    let round = 0;

    beforeAll(async () => {
      sandbox = await openSandbox();
    });
    beforeEach(async () => {
      folder = `${sandbox.folder}/lists-${round++}`;
      mkdirSync(folder);
      writeFileSync(`${folder}/bad.txt`, '198.51.100.50\n');
      const network = { security: { suspicious_ports: [], blocklists: [folder, `${folder}/bad.txt`] } };
      // Without these two even root is bound by the permissions of files.
      const wrap = ['setpriv', '--bounding-set=-dac_override,-dac_read_search'];
      telegen = await watch(sandbox, { config: { agent: { network } }, wrap });
    });
    afterEach(async () => {
      await sandbox?.endPrograms();
      await endTelegens();
    });
    afterAll(() => sandbox?.close());

    /** Each attempt is a process of its own, so that nothing is merged. */
    async function connectTo(...addresses: string[]): Promise<void> {
      for (const address of addresses) await sandbox.peer(`tcp4 connect ${address} 8080`).end();
    }
    async function alertsAtEnd(): Promise<string[]> {
      const { code, stderr } = await telegen.stop();
      expect(code, stderr).toBe(0);
      return telegen.alerts().map((alert) => brief(alert, 'net.peer.ip', 'telegen.list.name'));
    }

    it('an added address alerts from the next connection on', async () => {
      await connectTo('198.51.100.77');
      appendFileSync(`${folder}/bad.txt`, '198.51.100.77\n');
      await telegen.says('bad.txt: loaded 2 entries');
      await connectTo('198.51.100.77');
      expect(await alertsAtEnd()).toEqual(['198.51.100.77 bad']);
    });

    it('a removed address alerts no more, a new file and a rename count as well', async () => {
      writeFileSync(`${folder}/other.netset.tmp`, '203.0.113.64/28\n');
      renameSync(`${folder}/other.netset.tmp`, `${folder}/other.netset`);
      await telegen.says('other.netset: loaded 1 entries');
      writeFileSync(`${folder}/bad.tmp`, '198.51.100.51\n198.51.100.52\n');
      renameSync(`${folder}/bad.tmp`, `${folder}/bad.txt`);
      await telegen.says('bad.txt: loaded 2 entries');
      await connectTo('198.51.100.50', '198.51.100.51', '203.0.113.70');
      expect(await alertsAtEnd()).toEqual(['198.51.100.51 bad', '203.0.113.70 other']);
    });

    it('bad lines are named, good ones count', async () => {
      writeFileSync(`${folder}/bad.txt`, '198.51.100.50\n198.51.100.60\n198.51.100.6x\n198.51.100.61\n');
      await telegen.says('bad.txt:3');
      await connectTo('198.51.100.50', '198.51.100.60', '198.51.100.61', '198.51.100.6');
      expect(await alertsAtEnd()).toEqual(['198.51.100.50 bad', '198.51.100.60 bad', '198.51.100.61 bad']);
    });

    it.each([
      ['half-written', () => writeFileSync(`${folder}/bad.txt`, '198.51.1'), /bad\.txt:1\b/],
      [
        'binary',
        () => writeFileSync(`${folder}/bad.txt`, Buffer.from([0x1f, 0x8b, 0, 0, 1, 2, 3])),
        /bad\.txt/,
      ],
      ['empty', () => writeFileSync(`${folder}/bad.txt`, ''), /bad\.txt/],
      [
        'unreadable',
        () => {
          chmodSync(`${folder}/bad.txt`, 0);
          writeFileSync(`${folder}/bad.txt`, '198.51.100.60\n');
        },
        /bad\.txt: .*(EACCES|permission)/,
      ],
      ['gone', () => rmSync(`${folder}/bad.txt`), /bad\.txt/],
      [
        'a folder now',
        () => {
          rmSync(`${folder}/bad.txt`);
          mkdirSync(`${folder}/bad.txt`);
        },
        /bad\.txt/,
      ],
    ])('the last good version stays when the new one is %s', async (_name, spoil, named) => {
      spoil();
      await telegen.says('telegen: WARNING: ');
      expect(telegen.stderr()).toMatch(new RegExp(`WARNING: .*${named.source}`));
      await connectTo('198.51.100.50');
      expect(await alertsAtEnd()).toEqual(['198.51.100.50 bad']);
    });

    it('a spoiled list is taken up again once it is repaired', async () => {
      writeFileSync(`${folder}/bad.txt`, '198.51.1');
      await telegen.says('telegen: WARNING: ');
      writeFileSync(`${folder}/bad.txt`, '198.51.100.90\n198.51.100.91\n198.51.100.92\n');
      await telegen.says('bad.txt: loaded 3 entries');
      await connectTo('198.51.100.50', '198.51.100.91');
      expect(await alertsAtEnd()).toEqual(['198.51.100.91 bad']);
    });
  },
);
