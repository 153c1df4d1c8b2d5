import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isSecretName } from '../../src/net/secret-names.ts';
import { maskArgs, maskHeader, maskSecrets } from '../../src/net/secrets.ts';

describe('isSecretName', () => {
  it.each([
    ['password', true],
    ['--db-password', true],
    ['PGPASSWORD', true],
    ['MYSQL_PWD', true],
    ['apiKey', true],
    ['api_key', true],
    ['--secret-access-key', true],
    ['AWS_SECRET_ACCESS_KEY', true],
    ['GITHUB_TOKEN', true],
    ['X-Amz-Signature', true],
    ['client_secret', true],
    ['-Dspring.datasource.password', true],
    ['PWD', false],
    ['OLDPWD', false],
    ['password-file', false],
    ['token-type', false],
    ['max-tokens', false],
    ['bypass', false],
    ['key', false],
    ['keyboard', false],
    ['port', false],
    ['', false],
    ['--', false],
  ])('%s: %s', (name, expected) => {
    expect(isSecretName(name)).toBe(expected);
  });
});

describe('maskSecrets', () => {
  it.each([
    ['app --password=s3cret -v', 'app --password=*** -v'],
    ['app --password s3cret -v', 'app --password *** -v'],
    ['app --password "s3 cret" -v', 'app --password *** -v'],
    ["app --password='s3 cret' -v", 'app --password=*** -v'],
    ['app --password --verbose', 'app --password --verbose'],
    ['app -password s3cret', 'app -password ***'],
    ['java -Dapp.password=s3cret', 'java -Dapp.password=***'],
    ['PGPASSWORD=s3cret psql -h db', 'PGPASSWORD=*** psql -h db'],
    ['export API_KEY=s3cret', 'export API_KEY=***'],
    ['mysql -ps3cret -h db', 'mysql -p*** -h db'],
    ['sudo /usr/bin/mysqldump -ps3cret all', 'sudo /usr/bin/mysqldump -p*** all'],
    ['ssh -p 2222 host', 'ssh -p 2222 host'],
    ['docker run -p8080:80 web', 'docker run -p8080:80 web'],
    ['nc -lvp4444', 'nc -lvp4444'],
    ['sshpass -p s3cret ssh h', 'sshpass -p *** ssh h'],
    ['redis-cli -a s3cret -h db', 'redis-cli -a *** -h db'],
    ['curl -u bob:s3cret https://h/', 'curl -u bob:*** https://h/'],
    ['openssl rsa -passin pass:s3cret', 'openssl rsa -passin pass:***'],
    ['https://bob:s3cret@h/p?x=1', 'https://bob:***@h/p?x=1'],
    ['https://bob:s3@cret@h/p', 'https://bob:***@h/p'],
    ['postgres://bob:s3cret@db:5432/x', 'postgres://bob:***@db:5432/x'],
    ['https://s3crets3cret@git.example.com/r', 'https://***@git.example.com/r'],
    ['ssh://git@git.example.com/r', 'ssh://git@git.example.com/r'],
    ['https://h/cb?code=1&access_token=s3cret&x=2', 'https://h/cb?code=1&access_token=***&x=2'],
    ['https://h/?api_key=s3cret#f', 'https://h/?api_key=***#f'],
    ['password=s3cret&user=bob', 'password=***&user=bob'],
    ['user=bob&password=s3cret', 'user=bob&password=***'],
    ['curl -H "Authorization: Bearer s3cret" h', 'curl -H "Authorization: Bearer ***" h'],
    ['curl -H Authorization: Basic s3cret h', 'curl -H Authorization: Basic *** h'],
    ['Proxy-Authorization: Digest user="a", response="s3cret"', 'Proxy-Authorization: ***'],
    ['-H "Authorization: AWS4-HMAC-SHA256 Signature=s3cret" h', '-H "Authorization: ***" h'],
    ['Authorization: s3cret', 'Authorization: ***'],
    ['bearer s3crets3cret', 'bearer ***'],
    ['Cookie: a=s3cret; b=s3cret', 'Cookie: ***'],
    ['X-Api-Key: s3cret', 'X-Api-Key: ***'],
    ['x-auth-token:s3cret', 'x-auth-token:***'],
    ['x-request-id: 77', 'x-request-id: 77'],
    ['{"user":"bob","password":"s3\\"cret","n":1}', '{"user":"bob","password":"***","n":1}'],
    ['{\\"token\\":\\"s3cret\\"}', '{\\"token\\":\\"***\\"}'],
    ["{'client_secret': 's3cret'}", "{'client_secret': '***'}"],
    ['password: s3cret', 'password: ***'],
    ['glpat-s3cretS3cretS3cret1', '***'],
    ['-----BEGIN RSA PRIVATE KEY-----\ns3cret\n-----END RSA PRIVATE KEY-----', '***'],
    ['-----BEGIN PRIVATE KEY-----\ns3cret', '***'],
    ['PWD=/root ls  -l', 'PWD=/root ls  -l'],
    ['app --token-file /etc/token', 'app --token-file /etc/token'],
    ['', ''],
  ])('%s', (text, expected) => {
    expect(maskSecrets(text)).toBe(expected);
    expect(maskSecrets(text)).not.toMatch(/s3cret/);
    expect(maskSecrets(expected)).toBe(expected);
  });

  it('takes time in proportion to the text, whatever it holds', () => {
    const seeds = [
      'a',
      '://a:',
      '-----BEGIN ',
      'x-',
      '"a":',
      '\\"',
      '"a":"\\',
      'cookie:',
      'eyJaaaaa.',
      '&a=',
      'a ',
      '--a ',
    ];
    const seconds = (text: string): number => {
      const start = process.cpuUsage();
      maskSecrets(text);
      return process.cpuUsage(start).user / 1e6;
    };
    // 1 MB at a quadratic cost would take minutes; linear takes well under a second of processor time.
    for (const seed of seeds) expect(seconds(seed.repeat(Math.ceil(1e6 / seed.length)))).toBeLessThan(10);
  });
});

describe('maskArgs', () => {
  it.each([
    [
      ['app', '--password', 's3cret', 'db'],
      ['app', '--password', '***', 'db'],
    ],
    [
      ['app', '--password=s3 cret & s3cret'],
      ['app', '--password=***'],
    ],
    [
      ['app', '--password', 's3 cret'],
      ['app', '--password', '***'],
    ],
    [
      ['app', '--password', '-s3cret'],
      ['app', '--password', '***'],
    ],
    [
      ['app', '--password', '--force'],
      ['app', '--password', '--force'],
    ],
    [
      ['app', '--password'],
      ['app', '--password'],
    ],
    [
      ['sh', '-c', 'mysql -ps3cret db'],
      ['sh', '-c', 'mysql -p*** db'],
    ],
    [
      ['/usr/bin/mysql', '-ps3cret'],
      ['/usr/bin/mysql', '-p***'],
    ],
    [
      ['curl', '-ubob:s3cret', 'h'],
      ['curl', '-ubob:***', 'h'],
    ],
    [
      ['curl', '--user', 'bob:s3cret'],
      ['curl', '--user', 'bob:***'],
    ],
    [
      ['curl', '-H', 'Authorization: Bearer s3cret'],
      ['curl', '-H', 'Authorization: Bearer ***'],
    ],
    [
      ['curl', '-d', '{"password":"s3cret"}'],
      ['curl', '-d', '{"password":"***"}'],
    ],
    [
      ['env', 'TOKEN=s3cret', 'app'],
      ['env', 'TOKEN=***', 'app'],
    ],
    [
      ['docker', 'run', '-p', '80:80'],
      ['docker', 'run', '-p', '80:80'],
    ],
    [
      ['', ''],
      ['', ''],
    ],
    [[], []],
  ])('%j', (args, expected) => {
    expect(maskArgs(args)).toEqual(expected);
  });

  it('keeps the number of arguments and never throws (property)', () => {
    const piece = fc.oneof(
      fc.string(),
      fc.constantFrom('--password', '-p', 'mysql', 'curl', '-u', 'a:b', '"', '://a:b@'),
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 8 }), (args) => {
        expect(maskArgs(args)).toHaveLength(args.length);
        maskSecrets(args.join(' '));
      }),
    );
  });

  it('never lets the value of a secret flag through (property)', () => {
    const secret = fc.stringMatching(/^[A-Za-z0-9!@#$%^*()+=/?.:;&|~-]{1,30}$/).map((text) => `Q${text}Q`);
    fc.assert(
      fc.property(secret, (value) => {
        expect(maskArgs(['app', '--password', value, 'end'])).toEqual(['app', '--password', '***', 'end']);
        expect(maskArgs(['app', `--password=${value}`, 'end'])).toEqual(['app', '--password=***', 'end']);
      }),
    );
  });
});

describe('maskHeader', () => {
  it.each([
    ['authorization', 'Bearer abc', '***'],
    ['proxy-authorization', 'Basic abc', '***'],
    ['cookie', 'a=b', '***'],
    ['set-cookie', 'a=b; Path=/', '***'],
    ['x-api-key', 'abc', '***'],
    ['x-auth-token', 'abc', '***'],
    ['x-forwarded-authorization', 'abc', '***'],
    ['x-csrf-token', 'abc', '***'],
    ['api-key', 'abc', '***'],
    ['x-auth', 'abc', '***'],
    ['content-type', 'text/plain; charset=utf-8', 'text/plain; charset=utf-8'],
    ['user-agent', 'Mozilla/5.0 (X11; Linux x86_64)', 'Mozilla/5.0 (X11; Linux x86_64)'],
    ['x-request-id', '0d3f3a2e-8f3c-4c1b', '0d3f3a2e-8f3c-4c1b'],
    ['referer', 'https://example.com/a?token=abc&b=1', 'https://example.com/a?token=***&b=1'],
    ['location', 'https://ann:abc@example.com/', 'https://ann:***@example.com/'],
    ['x-custom', 'Bearer abcdefghij', 'Bearer ***'],
  ])('%s: %s', (name, value, expected) => expect(maskHeader(name, value)).toBe(expected));
});

describe('the short way for plain URLs', () => {
  const parts =
    'http:// https:// / ? & = : 8080 a token x-api-key cookie authorization api_key sig ghp_ AAAAAAAAAAAAAAAAAAAAAA eyJhbGciOi ' +
    '. - -- pass: %20 + , ~ example.com @ " # ; bearer users *';
  const part = fc.constantFrom(...parts.split(' '));

  it('gives what the long way gives', () => {
    fc.assert(
      fc.property(fc.array(part, { maxLength: 12 }), (chosen) => {
        const text = chosen.join('');
        // A blank in front makes a text that is no URL, and changes nothing about what is secret in it.
        expect(` ${maskSecrets(text)}`).toBe(maskSecrets(` ${text}`));
      }),
      { numRuns: 20_000, seed: 7 },
    );
  });
});
