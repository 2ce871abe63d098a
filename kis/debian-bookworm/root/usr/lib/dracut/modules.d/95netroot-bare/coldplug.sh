#!/bin/bash
# dracut's init replays the uevents of every device and of every subsystem that the kernel knows: some three hundred
# on a PC, each worth a process in udevd. What has to be found here sits on the PCI bus, and whatever its drivers
# bring up reports for itself. udevd is not told anything, and not waited for, where there is nothing to tell.

# As udevadm control --exit, for five seconds at most.
stop_udevd() {
    local pid tries=50
    pid=$(busybox pidof systemd-udevd) || return 0
    kill "$pid"
    while kill -0 "$pid" 2> /dev/null && [ $((tries -= 1)) -gt 0 ]; do
        sleep 0.1
    done
}

udevadm() {
    local device
    case "$*" in
        # It has just read its rules.
        "control --reload"*) ;;
        "trigger --type=subsystems"*) ;;
        "trigger --type=devices"*)
            for device in /sys/bus/pci/devices/*/uevent /sys/bus/virtio/devices/*/uevent; do
                [ -e "$device" ] && echo add > "$device"
            done
            ;;
        # The main loop waits for what the root needs. A disk for the write layer it does not know.
        settle) getarg rd.root.overlay.write= > /dev/null && command udevadm settle ;;
        "settle --timeout=0") [ ! -e /run/udev/queue ] ;;
        "control --exit") stop_udevd ;;
        "info --cleanup-db") rm -rf -- /run/udev/data /run/udev/links /run/udev/tags /run/udev/watch ;;
        *) command udevadm "$@" ;;
    esac
}

# The nodes of drivers that load at first use: the root has no use for those that are in the initrd.
kmod() {
    [ "$1" = static-nodes ] || command kmod "$@"
}
