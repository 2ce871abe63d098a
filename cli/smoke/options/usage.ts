export const USAGE = `Usage: netroot smoke [TREE | KIS-DIRECTORY | job.toml] [OPTIONS]

Boots an image from the network and says whether it still comes up, and if not, where it broke and why. TREE is a boot tree
(./.netroot unless given), KIS-DIRECTORY what kiwi-ng left for an image of type kis, job.toml several cases of one image. Needs no
root, no KVM and no browser.

What is booted:
  --label NAME            this entry of the boot menu (its default)
  --kernel FILE           in place of a tree: this kernel,
  --initrd FILE             this initrd (may be given again),
  --image FILE              and this root image, as the export kisroot
  --append "WORDS"        added to the kernel's command line
  --root nbd|aoe          attach the root this way, whatever the entry says
  --boot direct|pxe       hand the kernel over, or let the card's firmware fetch it (direct)
  --relay URL             at a relay that runs already; else one is started for the occasion

The machine:
  --engine v86|qemu|both  emulate it here, or in the real qemu-system-i386 or -x86_64, which 64-bit images need (v86);
                            both fails where the two do not agree
  --nic virtio|ne2k       its network card (virtio; pxe in v86: ne2k)
  --memory MIB            its memory (512)
  --write ram|FILE        what the system writes goes to its memory, or to this disk image, which is made (ext4, 2 GiB,
                            sparse) where it is missing: rd.root.overlay.write=/dev/sda (ram)
  --write-over-other      also where that disk was laid over another export before

What must hold:
  --until MILESTONE       the boot gets this far (login)
  --expect RE             the console says this, after what the --expect before it matched
  --screen RE             the text screen says this
  --login USER:PASSWORD   log in at the console
  --run 'COMMAND'         run this at the console's shell; it must end with status 0
  --within TIME           the check in front of this must hold so soon after its turn has come
  --forbid RE             the console never says this
  Checks are gone through in the order in which they are given. RE is a JavaScript regular expression, or /RE/flags.

Time (90, 90s, 2m):
  --timeout TIME          from power-on to the verdict (5m)
  --stall TIME            a boot that stands still so long has failed (60s)
  --timeout-scale N       multiplies every time of this list and every --within
  --retry N               try a case that fails again; one that passes then is told as flaky (0)

Several cases:
  --init                  write a commented job.toml
  --jobs N                so many at a time (1)

Reports:
  --json                  one object on standard output
  --tap                   or the Test Anything Protocol
  --junit FILE            JUnit's XML: a suite a case, a test case a milestone and a check
  --html FILE             one page with the timeline, the console, the packets and the blocks that were read
  --baseline REPORT.json  say what is slower, what is read more and which warnings are new against this report
  --serial-log FILE       all that the machine said on its serial console
  --screenshot FILE       its screen at the end: SVG from v86, PNG from qemu
  --pcap FILE             the frames of its network card (pcapng)
  --keep WHEN             which boots leave these three behind: always, passing, failing or never (always)
                            Of several cases each has files of its own: its name goes in front of the extension.
  --quiet                 no progress
  --interactive           your terminal is the machine's console, until Ctrl-]; no --timeout then unless given,
                            and a given one ends the session as well

  -h, --help              this text

Exit status: 0 passed, 1 the image failed, 2 usage, 99 something of this machine failed, 124 timed out, 130 interrupted.
`;
