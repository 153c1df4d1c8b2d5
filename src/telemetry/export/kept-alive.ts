import type { ChannelCredentials } from '@grpc/grpc-js';

/** Shorter than the patience of common load balancers and NAT gateways with silent connections (60 s and more). */
const QUIET_MS = 30_000;

/**
 * The credentials, whose connections the kernel probes while nothing is sent (TCP keepalive): a peer that is gone is noticed
 * before the next alert needs it. The pings of gRPC are out of reach: the SDK's exporter passes no options to its channel.
 */
export function keptAlive(credentials: ChannelCredentials): ChannelCredentials {
  const createConnector = credentials._createSecureConnector.bind(credentials);
  credentials._createSecureConnector = (...args) => {
    const connector = createConnector(...args);
    const connect = connector.connect.bind(connector);
    connector.connect = (socket) => connect(socket.setKeepAlive(true, QUIET_MS));
    return connector;
  };
  return credentials;
}
