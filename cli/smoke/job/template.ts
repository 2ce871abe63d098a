/** What `netroot smoke --init` writes. */
export const JOB_TEMPLATE = `# What \`netroot smoke\` asks of an image. Run it with: netroot smoke job.toml
# Paths are relative to this file. Everything is optional.

# A boot tree, or the folder in which kiwi-ng left an image of type kis.
image = ".netroot"
# In its place, files of any make:
# kernel = "vmlinuz"
# initrd = ["initrd.img"]
# root_image = "root.squashfs"     # the export kisroot

# How far the boot must get.
until = "login"
# From power-on to the verdict, and how long a boot may stand still.
timeout = "5m"
stall = "60s"
# How often a case that failed is tried again. One that passes then is told as flaky.
retry = 0
# What the console must never say.
forbid = ["Kernel panic", "Oops:"]

# What must hold when the boot has got there, in this order. Each may have a time of its own.
# [[check]]
# login = "root:secret"
[[check]]
run = "findmnt -n -o FSTYPE /"
[[check]]
expect = "^overlay$"
within = "10s"

# Every combination is a case.
[matrix]
root = ["nbd"]                     # "aoe"
boot = ["direct"]                  # "pxe": the card's firmware fetches kernel and initrd
nic = ["virtio"]                   # "ne2k"; a boot by pxe has that one
memory = [512]                     # MiB
engine = ["v86"]                   # "qemu": also for 64-bit images
# append = ["", "quiet"]           # added to the kernel's command line

# But not these.
# [[matrix.exclude]]
# boot = "pxe"
# root = "aoe"

# And besides:
# [[case]]
# name = "little memory"
# memory = 256
`;
