#!/bin/bash
# Runs last and takes out what the modules before it brought along for machines other than an emulated PC with a
# network root. Every megabyte is paid for twice by that machine: it downloads it and it unpacks it.

# called by dracut
check() {
    return 255
}

# called by dracut
depends() {
    return 0
}

# Keeps the drivers named in dracut.conf and what they depend on.
slim_kernel_modules() {
    local -A keep=()
    local path

    while read -r _ path _; do
        keep["${path##*/}"]=1
    done < <(modprobe --all --ignore-install --set-version "${kernel:?}" --show-depends ${drivers:?} ${force_drivers:?} 2> /dev/null | grep '^insmod')

    while read -r path; do
        [[ ${keep["${path##*/}"]} ]] || rm -f -- "$path"
    done < <(find "${initdir:?}"/usr/lib/modules "${initdir:?}"/lib/modules/ -name '*.ko' 2> /dev/null)
    find "${initdir:?}/usr/lib/modules" -mindepth 1 -type d -empty -delete 2> /dev/null
    rm -rf -- "${initdir:?}"/usr/lib/firmware "${initdir:?}"/lib/firmware
}

# kiwi-lib installs what kiwi's other modules need to repartition a disk, crypt to unlock one.
slim_tools() {
    local tool
    for tool in btrfs btrfsck bc cryptsetup curl dialog dmsetup dolly e2fsck fsck fsck.ext2 fsck.ext3 fsck.ext4 lvm lvcreate lvextend lvresize \
        mdadm mkswap partprobe pgrep pv pvresize resize2fs sfdisk sgdisk vgchange vgs xfs_growfs xfs_repair xz; do
        rm -f -- "${initdir:?}"/{usr/,}{bin,sbin}/"$tool"
    done
}

# Libraries that no program left in the initrd needs.
slim_libraries() {
    local -A keep=()
    local file library

    while read -r library; do
        keep["${library##*/}"]=1
    done < <(
        find "${initdir:?}"/usr/{bin,sbin,lib/systemd,lib/udev} "${initdir:?}"/usr/lib/*-linux-gnu -maxdepth 1 \
            \( -path '*bin/*' -o -path '*/systemd/*' -o -path '*/udev/*' -o -name 'libnss_*' \) -type f -perm /111 -print0 \
            | xargs -0 ldd 2> /dev/null | sed -n 's/.*=> \(\/[^ ]*\).*/\1/p; s/^\t\(\/[^ ]*ld-linux[^ ]*\).*/\1/p' | sort -u
    )
    for file in "${initdir:?}"/usr/lib/*-linux-gnu/lib*.so*; do
        [[ -L $file || ${file##*/} == libnss_* || ${file##*/} == libgcc_s* ]] && continue
        library=${file##*/}
        [[ ${keep[$library]} ]] && continue
        # A program names the link (libfoo.so.1); keep the file that the link leads to.
        local link used=
        for link in "${file%/*}"/*.so*; do
            [[ -L $link && $(readlink "$link") == "$library" && ${keep[${link##*/}]} ]] && used=1 && break
        done
        [[ $used ]] || rm -f -- "$file"
    done
    find "${initdir:?}/usr/lib" -xtype l -name '*.so*' -delete
}

# called by dracut
installkernel() {
    slim_kernel_modules
}

# Hooks for disk encryption, device mapper and network scripts of another distribution.
slim_hooks() {
    local hooks="${initdir:?}/usr/lib/dracut/hooks"
    rm -f -- "$hooks"/pre-udev/*-dm-pre-udev.sh "$hooks"/cmdline/*-parse-{keydev,crypt}.sh "$hooks"/cleanup/*-crypt-cleanup.sh \
        "$hooks"/pre-pivot/*-write-ifcfg.sh "${initdir:?}"/usr/lib/udev/rules.d/*dm*.rules
}

# called by dracut
install() {
    slim_tools
    slim_libraries
    slim_hooks
}
