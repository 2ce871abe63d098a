// A process of its own for one boot under Node, so that the relay does not share its thread, as in the other engines.
// Arguments: the relay's address, the append line, the memory in MiB. Prints the milestones as JSON.
import { runMachine } from "../cli/engine/run-machine.ts";

const [relay = "", append = "", memoryMiB = ""] = process.argv.slice(2);
const running = await runMachine({
  settings: {
    boot: "direct",
    nic: "virtio",
    memoryMiB: Number(memoryMiB),
    append,
    kernelUrl: `${relay}tftpboot/boot/linux`,
    initrdUrls: [`${relay}tftpboot/boot/initrd`],
    biosUrl: `${relay}firmware/bios.bin`,
    vgaBiosUrl: `${relay}firmware/vgabios.bin`,
    wireUrl: `${relay.replace(/^http/, "ws")}wire`,
  },
});
await running.reached("login");
process.stdout.write(`${JSON.stringify(running.milestones)}\n`);
await running.close();
