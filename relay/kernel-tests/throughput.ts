// Prints what our TCP costs by itself: one endpoint sends to another in the same process, over a link that only copies
// references. Run: node --import tsx relay/kernel-tests/throughput.ts [MiB]
import { performance } from "node:perf_hooks";
import type { Ipv4Address } from "../../net/ipv4/address.ts";
import { TcpEndpoint } from "../../net/tcp/endpoint.ts";
import { LEFT, RIGHT, seededBytes } from "../../net/tcp/simulated-link.ts";

const totalBytes = Number(process.argv[2] ?? 512) * 1024 * 1024;
const chunk = seededBytes(1)(128 * 1024);

const waiting: { to: Ipv4Address; from: Ipv4Address; bytes: Uint8Array }[] = [];
const clock = { now: () => performance.now() };
const endpoint = (address: Ipv4Address) =>
  new TcpEndpoint({
    clock,
    random: seededBytes(address),
    output: {
      address,
      mtu: 1500,
      send(_protocol, destination, length, fill) {
        const frame = new Uint8Array(34 + length);
        fill(frame, 34);
        waiting.push({ to: destination, from: address, bytes: frame.subarray(34) });
      },
    },
  });
const server = endpoint(LEFT);
const client = endpoint(RIGHT);

server.listen(1, (stream) => {
  let left = totalBytes;
  const write = () => {
    while (left > 0) {
      left -= chunk.length;
      if (!stream.write(chunk)) return;
    }
    stream.end();
  };
  write();
  return { data() {}, end() {}, drained: write, closed() {} };
});

let received = 0;
let finished = false;
const stream = client.connect(
  { address: LEFT, port: 1 },
  {
    data(bytes) {
      received += bytes.length;
    },
    end() {
      stream.end();
    },
    drained() {},
    closed() {
      finished = true;
    },
  },
);

const cpu = process.cpuUsage();
const started = performance.now();
while (!finished) {
  const batch = waiting.splice(0);
  for (const { to, from, bytes } of batch) (to === LEFT ? server : client).receive(from, bytes);
  for (const machine of [server, client]) if (machine.deadline() <= clock.now()) machine.advance(clock.now());
}
const seconds = (performance.now() - started) / 1000;
const megabytes = received / 1e6;
const { user, system } = process.cpuUsage(cpu);
console.log(
  `${megabytes.toFixed(0)} MB in ${seconds.toFixed(2)} s: ${(megabytes / seconds).toFixed(0)} MB/s, ` +
    `${((user + system) / 1000 / megabytes).toFixed(2)} ms of CPU a MB for sender and receiver together, ` +
    `${server.counters.segmentsOut} segments out, ${server.counters.segmentsIn} in`,
);
