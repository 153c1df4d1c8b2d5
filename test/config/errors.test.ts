import { describe, expect, test } from 'vitest';
import { errorsOf, inspectText } from './helpers.ts';

const network = (text: string): string => `agent: {network: {${text}}}`;
const security = (text: string): string => network(`security: {${text}}`);

describe('one problem: place, key, cause and cure', () => {
  test.each([
    [
      'agent:\n  network:\n    dns:\n      enabeld: true\n',
      '4:7: agent.network.dns.enabeld: unknown key; did you mean "enabled"?',
    ],
    ['agnet: {}', '1:1: agnet: unknown key; did you mean "agent"?'],
    [
      network('exclude_ports: [22]'),
      'agent.network.exclude_ports: unknown key; "exclude_ports" is legal at agent.ebpf',
    ],
    ['blocklists: []', 'blocklists: unknown key; "blocklists" is legal at agent.network.security.blocklists'],
    ['1: x', '1:1: 1: unknown key; legal here: agent, rules, otlp, alerts, semantic_conventions'],
    ['agent: {constructor: 1}', '1:9: agent.constructor: unknown key; legal here'],
    ['__proto__: {agent: 1}', '1:1: __proto__: unknown key'],
    ['agent: {__proto__: 1}', '1:9: agent.__proto__: unknown key'],
    [network('dns: {enabled: yes}'), 'found the string "yes"; must be true or false; write true'],
    [network('dns: {enabled: Off}'), 'found the string "Off"; must be true or false; write false'],
    [network('dns: {enabled: "true"}'), 'found the string "true"; must be true or false; write true'],
    [network('dns: {enabled: 1}'), 'found the number 1; must be true or false'],
    [network('dns: {enabled: }'), '1:25: agent.network.dns.enabled: found no value; must be true or false'],
    [network('dns: {enabled: [true]}'), 'found a list; must be true or false'],
    [network('dns: true'), 'found true; must be a section'],
    [network('dns: [enabled]'), 'found a list; must be a section'],
    [network('http: true'), 'agent.ebpf.network.http takes such a value'],
    [network('interfaces: eth0'), 'must be a list of interface names or globs; write ["eth0"]'],
    [
      network('interfaces: [eth 0]'),
      'agent.network.interfaces[0]: found the string "eth 0"; must be an interface name',
    ],
    [
      network('include_ports: 80'),
      'found the number 80; must be a list of ports (whole numbers from 1 to 65535); write [80]',
    ],
    [network('include_ports: "80,443"'), 'write [80,443]'],
    [
      network('include_ports: ["80"]'),
      'agent.network.include_ports[0]: found the string "80"; must be a port',
    ],
    [
      network('include_ports: [80, 0]'),
      '1:39: agent.network.include_ports[1]: found the number 0; must be a port',
    ],
    [
      network('include_ports: [65536]'),
      'found the number 65536; must be a port: a whole number from 1 to 65535',
    ],
    [network('include_ports: [80.5]'), 'found the number 80.5'],
    [network('include_ports: [.nan]'), 'found the number NaN'],
    [network('include_ports: [80-90]'), 'found the string "80-90"; must be a port'],
    [network('tcp: {sample_rate: 0}'), 'found the number 0; must be a whole number from 1 to 4294967295'],
    [network('tcp: {sample_rate: 1/10}'), 'found the string "1/10"; must be a whole number'],
    [
      network('xdp: {filters: {protocols: [TCP]}}'),
      'found the string "TCP"; must be tcp, udp, icmp or icmpv6; write tcp',
    ],
    [
      network('ring_buffer_size: 10000000'),
      'not a power of two; the nearest legal sizes are 8388608 and 16777216',
    ],
    [network('ring_buffer_size: 2048'), '2048 bytes is too small; the nearest legal size is 4096'],
    [network('ring_buffer_size: 0'), 'the nearest legal size is 4096'],
    [network('ring_buffer_size: -8'), 'the nearest legal size is 4096'],
    [network('ring_buffer_size: 2147483648'), 'too large; the nearest legal size is 1073741824'],
    [
      network('ring_buffer_size: 8MB'),
      'found the string "8MB"; must be bytes, a power of two from 4096 to 1073741824; write 8388608',
    ],
    [
      security('merge_window: 300'),
      'found the number 300; must be a duration from 1s to 24h, such as 5m (units: ms, s, m, h); write 300s',
    ],
    [security('merge_window: 999ms'), 'found the string "999ms"; must be a duration from 1s to 24h'],
    [security('merge_window: 25h'), 'must be a duration from 1s to 24h'],
    [security('merge_window: 5 M'), 'write 5m'],
    [security('blocklists: [""]'), 'blocklists[0]: found the string ""; must be a file path'],
    [security('blocklists: ["a\\0b"]'), 'must be a file path'],
    [
      security('internal_networks: [10.0.0.1/8]'),
      '"10.0.0.1/8": bits are set beyond the prefix length; write 10.0.0.0/8 or 10.0.0.1/32',
    ],
    [security('internal_networks: [1.2.3.4/-1]'), 'the prefix length must be a whole number from 0 to 32'],
    [security('allow: {cidrs: [all]}'), 'agent.network.security.allow.cidrs[0]: "all": not an IP address'],
    [security('allow: {processes: [curl]}'), 'found the string "curl"; must be an absolute executable path'],
    ['agent: {ebpf: {network: {exclude_paths: [health]}}}', 'must be a path that starts with "/" or "*"'],
    ['agent: {ebpf: {network: {capture_headers: ["x y"]}}}', 'must be an HTTP header name'],
    ['agent: {kubernetes: {enabled: "yes"}}', 'must be auto, true or false; write true'],
    [
      'agent: {kubernetes: {node_name: Node_1}}',
      'found the string "Node_1"; must be a name of lower-case letters, digits, "-" and "."',
    ],
    ['agent: {kubernetes: {enabled: maybe}}', 'found the string "maybe"; must be auto, true or false'],
    ['semantic_conventions: OTEL', 'must be telegen, otel or both; write otel'],
    ['otlp: {compression: zstd}', 'must be none or gzip'],
    ['otlp: {endpoint: collector}', '1:18: otlp.endpoint: has no port'],
    ['otlp: {timeout: 10}', 'write 10s'],
    ['otlp: {service_name: ""}', 'must be text of 1 to 255 characters'],
    ['- agent', '1:1: found a list; must be a mapping of keys such as "agent:"'],
    ['agent', '1:1: found the string "agent"; must be a mapping'],
    ['42', '1:1: found the number 42; must be a mapping'],
  ])('%s', (text, message) => {
    const errors = errorsOf(text);
    expect(errors).toHaveLength(1);
    expect(errors[0]).toContain(message);
  });
});

describe('YAML', () => {
  test.each([
    ['agent:\n\tnetwork:', '2:1: a tab; YAML wants spaces'],
    ['agent: {}\nagent: {}', '2:1: agent: duplicate key; the first one is on line 1'],
    ['agent: {network: {tcp: {rtt: true, rtt: true}}}', '1:36: agent.network.tcp.rtt: duplicate key'],
    ['agent: "x', 'YAML syntax: Missing closing "quote'],
    ['agent: {network: [}', 'YAML syntax'],
    ['agent:\n  network:\n dns:', 'YAML syntax'],
    ['agent: {}\n---\nagent: {}', '2:1: a second YAML document starts here'],
    ['agent: !include x', '1:8: a YAML tag; remove it'],
    [
      'agent: {network: {exclude_interfaces: [*veth]}}',
      '1:40: an alias (*name) of nothing; a value that starts with "*" must be in quotes',
    ],
    ['agent: {network: {exclude_interfaces: [*]}}', 'must be in quotes'],
    ['? [a, b]\n: c', 'YAML syntax: With stringKeys, all keys must be strings'],
    ['['.repeat(20_000), 'nested too deeply'],
    [`${'{a: '.repeat(20_000)}1${'}'.repeat(20_000)}`, 'nested too deeply'],
    ['- '.repeat(20_000), 'nested too deeply'],
    [
      [
        'a: &a [x,x,x,x,x,x,x,x,x]',
        ...'bcdefghi'.split('').map((key, index) => {
          const before = `*${'abcdefghi'[index]}`;
          return `${key}: &${key} [${Array(9).fill(before).join(', ')}]`;
        }),
      ].join('\n'),
      'too many aliases',
    ],
  ])('%.60s', (text, message) => expect(errorsOf(text).join('\n')).toContain(message));

  test('a duplicate key does not hide the other problems', () => {
    expect(errorsOf('otlp: {insecure: no}\nagent: {}\nagent: {x: 1}')).toEqual([
      '1:18: otlp.insecure: found the string "no"; must be true or false; write false',
      '3:1: agent: duplicate key; the first one is on line 2',
      '3:9: agent.x: unknown key; legal here: user, resources, network, ebpf, telemetry, kubernetes',
    ]);
  });

  test('a wide file with duplicates takes linear time', () => {
    const text = Array.from({ length: 20_000 }, (_, index) => `key${index % 19_999}: 1`).join('\n');
    const inspection = inspectText(`agent: {}\n${text}`);
    const problems = inspection.ok ? [] : inspection.problems;
    expect(problems).toHaveLength(1002);
    const messages = problems.map(({ message }) => message);
    expect(messages).toContain('this and 18998 more problems are not listed');
    expect(messages).toContain('duplicate key; the first one is on line 2');
  });

  test('very many wrong values', () => {
    const errors = errorsOf(`agent: {network: {include_ports: [${'x,'.repeat(150_000)}]}}`);
    expect(errors).toHaveLength(101);
  });

  test('a reference to itself', () => {
    expect(errorsOf('agent: &a {network: *a}').join()).toContain('agent.network.network: unknown key');
  });
});

describe('otlp: contradictions', () => {
  const TLS = 'ca_file: ca.pem';
  test.each([
    ['otlp: {tls: {cert_file: c.pem}}', 'otlp.tls.cert_file: needs otlp.tls.key_file as well'],
    ['otlp: {tls: {key_file: k.pem}}', 'otlp.tls.key_file: needs otlp.tls.cert_file as well'],
    [
      `otlp: {insecure: true, tls: {${TLS}}}`,
      'otlp.tls.ca_file: has no effect because otlp.insecure is true',
    ],
    [
      `otlp: {endpoint: "http://h:1", tls: {${TLS}}}`,
      'has no effect because otlp.endpoint starts with http://',
    ],
    ['otlp: {endpoint: "https://h:1", insecure: true}', 'otlp.insecure: contradicts otlp.endpoint'],
  ])('%s', (text, message) => expect(errorsOf(text).join('\n')).toContain(message));

  test.each([
    [`otlp: {endpoint: "h:1", tls: {${TLS}}}`],
    [`otlp: {endpoint: "https://h:1", insecure: false, tls: {${TLS}, cert_file: c, key_file: k}}`],
    ['otlp: {endpoint: "http://h:1", insecure: true, tls: {}}'],
  ])('%s is fine', (text) => expect(errorsOf(text)).toEqual([]));
});

describe('all problems at once, in the order of the file', () => {
  test('lines', () => {
    const inspection = inspectText(`
otlp:
  tls: {cert_file: a.pem}
  headers: {b: {file: none}}
agent:
  network:
    dns: {enabeld: true}
    security:
      suspicious_ports: [1, x, 2, 70000]
`);
    expect(
      inspection.ok ? [] : inspection.problems.map(({ line, column, key }) => [line, column, key]),
    ).toEqual([
      [3, 9, 'otlp.tls.cert_file'],
      [4, 23, 'otlp.headers.b.file'],
      [7, 11, 'agent.network.dns.enabeld'],
      [9, 29, 'agent.network.security.suspicious_ports[1]'],
      [9, 35, 'agent.network.security.suspicious_ports[3]'],
    ]);
  });

  test('a value reached through an alias is placed where it stands', () => {
    const text =
      'agent:\n  network:\n    include_ports: &p [80, x]\n    security:\n      suspicious_ports: *p\n';
    expect(errorsOf(text)[0]).toMatch(/^3:28: agent\.network\.include_ports\[1]/);
    expect(errorsOf(text)[1]).toMatch(/^3:28: agent\.network\.security\.suspicious_ports\[1]/);
  });

  test('control characters of a file do not reach the terminal', () => {
    const [line = ''] = errorsOf('"a\\e[31m\\nb": 1');
    expect(line).toContain('a\\u001b[31m\\u000ab: unknown key');
  });
});
