// A process of its own for one boot under Node, so that the relay does not share its thread, as in the other engines.
// Its arguments are the machine's settings as JSON and the milestone to reach. Prints the milestones as JSON.
import { runMachine } from "../cli/engine/run-machine.ts";
import type { MachineSettings, MilestoneName } from "../worker/interface.ts";

const running = await runMachine({ settings: JSON.parse(process.argv[2] ?? "") as MachineSettings });
await running.reached(process.argv[3] as MilestoneName);
process.stdout.write(`${JSON.stringify(running.milestones)}\n`);
await running.close();
