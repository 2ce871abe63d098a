#!/bin/bash
# Makes dracut's own scripts cheap for an emulated machine, where starting a process costs what a thousand lines of
# shell cost. The scripts stay dracut's; what changes is what they call.

# called by dracut
check() {
    require_binaries busybox || return 1
    return 255
}

# called by dracut
depends() {
    echo base network-legacy
    return 0
}

# Functions that answer in the shell itself, in the place of those of dracut-lib.sh.
fast_functions() {
    local library="${initdir:?}/usr/lib/dracut-lib.sh" name

    # findmnt decides between two versions of ismounted.
    sed -i '/^if command -v findmnt/,/^fi$/d' "$library"
    for name in getcmdline getarg getargs getargbool udevproperty; do
        sed -i "/^$name() {\$/,/^}\$/d" "$library"
    done
    cat "${moddir:?}/arguments.sh" "$moddir/tools.sh" "$library" > "$library.new"
    mv "$library.new" "$library"
}

# One static program for the tools that the hooks start again and again: nothing to link at each start.
fast_tools() {
    local tool

    inst /usr/bin/busybox
    for tool in awk basename cat chmod chown cp cut dd expr false grep head ln ls mkdir mkfifo mknod mount mv readlink rm rmdir sed setsid \
        sleep tail tr true umount uname; do
        rm -f -- "${initdir:?}/usr/bin/$tool"
        ln -s busybox "${initdir}/usr/bin/$tool"
    done
    rm -f -- "$initdir"/usr/bin/{mawk,findmnt,mountpoint} "$initdir/usr/sbin/modprobe"
    ln -s ../bin/busybox "$initdir/usr/sbin/modprobe"
    # mount tries these in turn where no type is given.
    printf 'squashfs\next4\n*\n' > "$initdir/etc/filesystems"
}

# udev starts it for each network card; all that it takes from dracut's library is where the hooks are.
fast_initqueue() {
    sed -i -e '1s,.*,#!/usr/bin/busybox sh,' -e 's,^type getarg .*,hookdir=/lib/dracut/hooks,' "${initdir:?}/usr/sbin/initqueue"
}

# Hooks for what has no driver in this initrd (bonds, teams, bridges, VLANs), and for roots that it can not mount
# (netroot= is iSCSI, NFS and the like; kiwi-overlay has root=).
fast_network() {
    rm -f -- "${initdir:?}"/usr/lib/dracut/hooks/cmdline/*-parse-{bond,bridge,team,vlan}.sh
    sed -i 's,^\( *\)/sbin/netroot "$netif"$,\1:,' "$initdir/usr/sbin/ifup"
    # Waits for a dhclient only where one was started.
    sed -i '2i set -- /tmp/dhclient.*.pid\n[ -e "$1" ] || return 0' "$initdir"/usr/lib/dracut/hooks/cleanup/*-kill-dhclient.sh
}

# called by dracut
install() {
    fast_functions
    fast_tools
    fast_initqueue
    fast_network
}
