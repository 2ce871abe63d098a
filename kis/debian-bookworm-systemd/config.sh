#!/bin/bash
# Runs in the finished root; common/images.sh follows.
set -e

systemctl set-default multi-user.target
systemctl enable serial-getty@ttyS0.service getty@tty1.service

# The network belongs to the initrd: whatever configures it again cuts the root off. Nothing here is enabled that
# does, and what a throw-away root has no use for does not run.
systemctl mask systemd-networkd.service systemd-networkd.socket systemd-resolved.service apt-daily.timer apt-daily-upgrade.timer dpkg-db-backup.timer e2scrub_all.timer fstrim.timer systemd-pstore.service

# LVM, RAID and the like are in the root because kiwi's dracut library wants their tools, not because anyone uses them.
systemctl mask lvm2-monitor.service lvm2-lvmpolld.socket dm-event.socket blk-availability.service e2scrub_reap.service mdadm-shutdown.service \
    mdmonitor.service mdcheck_start.timer mdcheck_continue.timer mdmonitor-oneshot.timer

# Filesystems for debugging the kernel and for FUSE, mounted before anyone asks, each with a modprobe of its own:
# mount -t debugfs, tracefs, configfs and fusectl work as ever.
systemctl mask sys-kernel-debug.mount sys-kernel-tracing.mount sys-kernel-config.mount sys-fs-fuse-connections.mount dev-hugepages.mount

# What is carried from one boot to the next: a root that is new at each boot has nothing to carry, and its accounts
# are all there.
systemctl mask systemd-random-seed.service systemd-journal-flush.service systemd-update-utmp.service systemd-update-utmp-runlevel.service \
    systemd-firstboot.service systemd-machine-id-commit.service systemd-sysusers.service systemd-tmpfiles-clean.timer

# A second systemd for root alone: 2 s at each login.
systemctl mask user@.service

# An empty file means: a new identity at each boot.
: > /etc/machine-id
rm -f /var/lib/dbus/machine-id
ln -s /etc/machine-id /var/lib/dbus/machine-id
