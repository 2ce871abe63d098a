#!/bin/bash
# What one writes where there is no `netroot smoke`: the same image in qemu-system-i386 (TCG, one thread) from nbd-server, up to its
# prompt, and one command typed there whose answer is looked at.
#   by-hand.sh TREE
set -euo pipefail
tree=$(realpath "$1")
work=$(mktemp -d)
qemu=
finish() {
    [ -z "$qemu" ] || kill "$qemu" 2> /dev/null || true
    [ ! -f "$work/pid" ] || kill "$(cat "$work/pid")" 2> /dev/null || true
    rm -rf "$work"
}
trap finish EXIT

cat > "$work/config" <<CONFIG
[generic]
  port = 10809
  listenaddr = 127.0.0.1
[kisroot]
  exportname = $tree/exports/kisroot.squashfs
  readonly = true
CONFIG
nbd-server -C "$work/config" -p "$work/pid"

append=$(sed -n 's/^ *append *initrd=[^ ]* *//p' "$tree/tftpboot/pxelinux.cfg/default" | head -1)
mkfifo "$work/in" "$work/out"
qemu-system-i386 -accel tcg,thread=single -m 512 -display none -monitor none -no-reboot -serial stdio \
    -kernel "$tree/tftpboot/boot/linux" -initrd "$tree/tftpboot/boot/initrd" -append "$append" \
    -netdev user,id=boot,net=10.86.0.0/24,host=10.86.0.1,dhcpstart=10.86.0.100 \
    -device virtio-net-pci,netdev=boot < "$work/in" > "$work/out" &
qemu=$!
exec 3> "$work/in" 4< "$work/out"

said=
until [[ $said == *root@netroot:* ]]; do
    IFS= read -r -t 120 -d '#' said <&4 || { echo "no prompt" >&2; exit 1; }
done
echo 'echo "root is $(findmnt -n -o FSTYPE /)"' >&3
while IFS= read -r -t 20 line <&4; do
    [[ $line != *"root is overlay"* ]] || exit 0
done
echo "the root is no overlay" >&2
exit 1
