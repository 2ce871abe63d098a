#!/bin/bash
# systemd's cold plug in the initrd, without the three hundred devices that a network root has no use for: what has to be
# found sits on the PCI bus, and whatever its drivers bring up reports for itself. nbd is loaded before udev starts.

# called by dracut
check() {
    return 255
}

# called by dracut
depends() {
    echo systemd
    return 0
}

# called by dracut
install() {
    mkdir -p "${initdir:?}/etc/systemd/system/systemd-udev-trigger.service.d"
    inst_simple "${moddir:?}/few.conf" /etc/systemd/system/systemd-udev-trigger.service.d/few.conf
}
