// Cuts the power of a real guest over and over while it writes and fsyncs numbered records:
//   npm run power-cuts -- --cuts 200 --seed 1
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { cutPower } from "../../cli/disk/testing/power-cuts.ts";

const { values } = parseArgs({
  options: { cuts: { type: "string", default: "200" }, seed: { type: "string", default: "1" } },
});
const cuts = Number(values.cuts);
let seed = Number(values.seed);
let [done, records, operations] = [0, 0, 0];
await cutPower({
  tree: fileURLToPath(new URL("../../.netroot", import.meta.url)),
  cuts,
  // Lehmer's generator: a run can be had again, as far as the guest's timing lets it.
  random() {
    seed = (seed * 48_271) % 2_147_483_647;
    return seed / 2_147_483_647;
  },
  onCut(cut) {
    done += 1;
    records += cut.synced - cut.from + 1;
    operations += cut.operations;
    process.stderr.write(`\r${done} of ${cuts} cuts, ${records} records acknowledged and found`);
  },
});
process.stdout.write(
  `\n${done} power cuts, ${records} records acknowledged, ${operations} writes and flushes: none missing, none torn, every filesystem clean\n`,
);
process.exit(0);
