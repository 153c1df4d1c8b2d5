import { createServer, type Server } from 'node:http';
import { afterEach, describe, expect, test } from 'vitest';
import { topology } from '../../src/cli/topology.ts';

let server: Server | undefined;
afterEach(() => {
  server?.close();
  server = undefined;
});

/** Something that answers like this, and its address. */
function answering(status: number, body: string): Promise<string> {
  return new Promise((resolve) => {
    const listening = createServer((_request, response) => response.writeHead(status).end(body));
    server = listening;
    listening.listen(0, '127.0.0.1', () => {
      const { port } = listening.address() as { port: number };
      resolve(`http://127.0.0.1:${port}`);
    });
  });
}

describe('an agent that cannot be asked is an error that names the address and the cure', () => {
  test.each([
    ['not an address', 'not an address such as'],
    ['ftp://127.0.0.1:1', 'not an address such as'],
    ['https://127.0.0.1:1', 'ECONNREFUSED'],
    ['http://127.0.0.1:1', 'ECONNREFUSED'],
  ])('%s', async (url, words) => {
    await expect(topology([], { url, format: 'yaml' })).rejects.toMatchObject({
      code: 'TELEGEN_AGENT',
      message: expect.stringContaining(words) as string,
    });
  });

  test.each([
    [404, 'gone', 'HTTP 404: gone'],
    [200, 'hello', 'not valid JSON'],
    [200, '{}', '-c FILE, or --url'],
    [200, '{"topology": {"nodes": 1}}', '-c FILE, or --url'],
  ])('one that answers %i %s', async (status, body, words) => {
    const url = await answering(status, body);
    await expect(topology([], { url, format: 'yaml' })).rejects.toMatchObject({
      code: 'TELEGEN_AGENT',
      message: expect.stringContaining(words) as string,
    });
  });
});
