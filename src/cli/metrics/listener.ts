import type { TelemetryConfig } from '../../config/config.ts';
import { type HttpRoute, type HttpServer, openHttpServer } from '../../telemetry/export/http-server.ts';
import type { Diagnostics } from '../run/diagnostics.ts';
import { openListenSecrets } from './listen-secrets.ts';

export interface Listener {
  server(): HttpServer | undefined;
  /** Looks whether token or certificate have been renewed. */
  tick(): void;
  close(): Promise<void>;
}

const LISTEN_AGAIN_MS = 15_000;
const LOOPBACK = /^(?:127\.|::1$)/;

/**
 * Listens, and goes on trying when the port is taken: detection must not wait for it. TELEGEN_EXPORT when the token or the
 * certificate cannot be used.
 */
export function createListener(
  { enabled, address, port, tokenFile, tls }: TelemetryConfig['listen'],
  diagnostics: Diagnostics,
  routes: () => Readonly<Record<string, HttpRoute>>,
): Listener {
  let server: HttpServer | undefined;
  let timer: NodeJS.Timeout | undefined;
  let closed = false;
  let complained = false;
  const place = address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`;
  const secrets = openListenSecrets(enabled ? { tokenFile, tls } : { tokenFile: undefined, tls: undefined });

  async function listen(): Promise<void> {
    try {
      const { guard, tls: material } = secrets;
      server = await openHttpServer({
        address,
        port,
        routes: routes(),
        ...(guard === undefined ? {} : { guard }),
        ...(material === undefined ? {} : { tls: material }),
      });
      if (closed) return await server.close();
      diagnostics.info(
        `metrics and topology at ${material === undefined ? 'http' : 'https'}://${place}/metrics`,
      );
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      if (!complained)
        diagnostics.warn(`no HTTP: cannot listen on ${place} (${reason}); trying again, detection goes on`);
      complained = true;
      if (!closed) timer = setTimeout(() => void listen(), LISTEN_AGAIN_MS).unref();
    }
  }

  if (enabled && !LOOPBACK.test(address) && (tokenFile === undefined || tls === undefined))
    diagnostics.warn(
      `whoever reaches ${place} can read alerts${tls === undefined ? ', and whoever is on the way' : ''}: ` +
        'set agent.telemetry.listen.token_file, cert_file and key_file',
    );
  if (enabled) queueMicrotask(() => void listen());
  return {
    server: () => server,
    tick() {
      const problem = secrets.renew((material) => server?.renewTls(material));
      if (problem !== undefined) diagnostics.error(`${problem}; what was in use stays`);
    },
    async close() {
      closed = true;
      clearTimeout(timer);
      await server?.close();
    },
  };
}
