import { describe, expect, it } from 'vitest';
import { resolveResource } from '../../../src/telemetry/export/otlp-resource.ts';

const input = { serviceName: undefined, serviceVersion: '1.2.3', hostName: 'node-1' };

describe('resolveResource', () => {
  it('says who is speaking', () => {
    expect(resolveResource(input, {})).toEqual({
      'service.name': 'telegen',
      'service.version': '1.2.3',
      'host.name': 'node-1',
      'telemetry.distro.name': 'telegen',
      'telemetry.distro.version': '1.2.3',
    });
  });

  it.each([
    [
      'the configuration',
      'mine',
      { OTEL_SERVICE_NAME: 'env', OTEL_RESOURCE_ATTRIBUTES: 'service.name=attr' },
      'mine',
    ],
    [
      'OTEL_SERVICE_NAME',
      undefined,
      { OTEL_SERVICE_NAME: 'env', OTEL_RESOURCE_ATTRIBUTES: 'service.name=attr' },
      'env',
    ],
    ['OTEL_RESOURCE_ATTRIBUTES', undefined, { OTEL_RESOURCE_ATTRIBUTES: 'service.name=attr' }, 'attr'],
    [
      'OTEL_RESOURCE_ATTRIBUTES for an empty name',
      undefined,
      { OTEL_SERVICE_NAME: ' ', OTEL_RESOURCE_ATTRIBUTES: 'service.name=attr' },
      'attr',
    ],
  ])('takes the name from %s', (_name, serviceName, env, expected) => {
    expect(resolveResource({ ...input, serviceName }, env)['service.name']).toBe(expected);
  });

  it('keeps other attributes, which may name the host but not another program', () => {
    const env = {
      OTEL_RESOURCE_ATTRIBUTES: 'deployment.environment.name=a%20b,host.name=h,telemetry.distro.name=x',
    };
    expect(resolveResource(input, env)).toMatchObject({
      'deployment.environment.name': 'a b',
      'host.name': 'h',
      'telemetry.distro.name': 'telegen',
    });
  });

  it('refuses what it cannot read', () => {
    expect(() => resolveResource(input, { OTEL_RESOURCE_ATTRIBUTES: 'oops' })).toThrow(
      /OTEL_RESOURCE_ATTRIBUTES: item 1/,
    );
  });
});
