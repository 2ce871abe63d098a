#!/bin/bash
# Runs in the finished root, after the description's own config.sh and before the root image and the initrd are made.
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

# A login shell knows who it is: id is a process each time.
sed -i 's/"$(id -u)"/"${EUID:-$(id -u)}"/' /etc/profile

# Left over from the bootstrap, which knew nothing of the exclusions yet.
rm -rf /usr/share/locale/* /usr/share/man/* /usr/share/info/* /var/lib/apt/lists/* /var/cache/apt/* /var/cache/debconf/*-old /var/log/*.log /var/log/apt
find /usr/share/doc -mindepth 2 -not -name copyright -delete 2> /dev/null || true

# Drivers for hardware that no emulated PC has: half of the root image.
kernel=$(basename /usr/lib/modules/*)
for unused in sound drivers/{gpu,media,infiniband,staging,iio,comedi,hwmon,net/wireless}; do
    rm -rf "/usr/lib/modules/$kernel/kernel/$unused"
done
depmod "$kernel"
