#!/bin/bash
# Runs in the finished root, before the root image and the initrd are made from it.
set -e

# Take back what post_bootstrap.sh did for the time of the build.
rm -f /usr/bin/dracut
dpkg-divert --local --rename --remove /usr/bin/dracut
rm -f /usr/sbin/policy-rc.d /etc/dpkg/dpkg.cfg.d/netroot-build

chmod 700 /root
passwd --delete root
: > /etc/fstab
: > /etc/motd
printf 'Debian GNU/Linux 12, root filesystem over the network (\\l)\n\n' > /etc/issue
ln -sf /proc/self/mounts /etc/mtab

# Left over from the bootstrap, which knew nothing of the exclusions yet.
rm -rf /usr/share/locale/* /usr/share/man/* /usr/share/info/* /var/lib/apt/lists/* /var/cache/apt/* /var/cache/debconf/*-old /var/log/*.log /var/log/apt
find /usr/share/doc -mindepth 2 -not -name copyright -delete 2> /dev/null || true

systemctl set-default multi-user.target
systemctl enable serial-getty@ttyS0.service getty@tty1.service

# The network belongs to the initrd: whatever configures it again cuts the root off. Nothing here is enabled that
# does, and what a throw-away root has no use for does not run.
systemctl mask systemd-networkd.service systemd-networkd.socket systemd-resolved.service apt-daily.timer apt-daily-upgrade.timer dpkg-db-backup.timer e2scrub_all.timer fstrim.timer systemd-pstore.service

# LVM, RAID and the like are in the root because kiwi's dracut library wants their tools, not because anyone uses them.
systemctl mask lvm2-monitor.service lvm2-lvmpolld.socket dm-event.socket blk-availability.service e2scrub_reap.service mdadm-shutdown.service \
    mdmonitor.service mdcheck_start.timer mdcheck_continue.timer mdmonitor-oneshot.timer

# An empty file means: a new identity at each boot.
: > /etc/machine-id
rm -f /var/lib/dbus/machine-id
ln -s /etc/machine-id /var/lib/dbus/machine-id

# Drivers for hardware that no emulated PC has: half of the root image.
kernel=$(basename /usr/lib/modules/*)
for unused in sound drivers/{gpu,media,infiniband,staging,iio,comedi,hwmon,net/wireless}; do
    rm -rf "/usr/lib/modules/$kernel/kernel/$unused"
done
depmod "$kernel"
