#!/bin/bash
# What an initrd without systemd needs beside the unmodified kiwi-overlay: that module prepares the lower, upper and
# work directories and leaves the mount itself to a systemd generator. mount-overlay.sh does that last step, with the
# options of kiwi-generator.sh. coldplug.sh keeps udev from replaying what no network root needs.

# called by dracut
check() {
    return 255
}

# called by dracut
depends() {
    echo kiwi-overlay
    return 0
}

# called by dracut
install() {
    declare moddir=${moddir}
    inst_multiple mount mountpoint
    inst_hook pre-trigger 10 "${moddir}/coldplug.sh"
    inst_hook mount 10 "${moddir}/mount-overlay.sh"
}
