import { connectionClass, flowClass, rdpClass } from './connection.ts';
import { grpcClass, type HttpSide, httpClass, tlsClass } from './contents.ts';
import { dnsClass } from './dns.ts';
import type { EventClass } from './event-class.ts';
import { findingClass } from './finding.ts';
import { packetRateClass } from './packet-rate.ts';
import type { ClassPorts } from './ports.ts';
import { processClass } from './process.ts';

/** Where events come from: this host, which is one side of an exchange, or a capture, which sees both. */
export type Viewpoint = 'host' | 'capture';

/** Every event class of a viewpoint, under its name. */
export function createClasses(ports: ClassPorts, viewpoint: Viewpoint) {
  const sides: readonly HttpSide[] = viewpoint === 'host' ? ['client', 'server', 'both'] : ['both'];
  return {
    connection: connectionClass(ports),
    rdp: rdpClass(ports),
    flow: flowClass(ports),
    dns: dnsClass(ports),
    http: sides.map((side) => [side, httpClass(side, ports)] as const),
    grpc: grpcClass(ports),
    tls: tlsClass(ports),
    packetRate: packetRateClass(),
    process: processClass(ports),
    finding: findingClass(ports),
  };
}

export type Classes = ReturnType<typeof createClasses>;

/** The classes as a list; what they are about differs, so only the names of their fields can be used. */
export function listClasses(classes: Classes): readonly EventClass<never>[] {
  const { http, ...others } = classes;
  return [
    ...Object.values(others),
    ...http.map(([, eventClass]) => eventClass),
  ] as readonly EventClass<never>[];
}
