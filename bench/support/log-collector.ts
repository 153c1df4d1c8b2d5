/** An OTLP/gRPC logs receiver in a process of its own: accepts everything unread. Prints its port; ends with its stdin. */
import { Server, ServerCredentials, type sendUnaryData } from '@grpc/grpc-js';

const unread = (bytes: Buffer): Buffer => bytes;
const service = {
  Export: {
    path: '/opentelemetry.proto.collector.logs.v1.LogsService/Export',
    requestStream: false,
    responseStream: false,
    requestSerialize: unread,
    requestDeserialize: unread,
    responseSerialize: unread,
    responseDeserialize: unread,
  },
};

const server = new Server({ 'grpc.max_receive_message_length': 64 * 1024 * 1024 });
server.addService(service, {
  Export: (_call: unknown, reply: sendUnaryData<Buffer>) => reply(null, Buffer.alloc(0)),
});
server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, port) => {
  if (error) throw error;
  process.stdout.write(`${port}\n`);
});
process.stdin.on('end', () => process.exit(0)).resume();
