#!/bin/bash
# Runs in the new root between the bootstrap and the installation of the image's packages.
set -e

# The post-install trigger of dracut would build an initrd that nobody uses (and fails in a root without a running
# system). images.sh takes this back before kiwi builds the real one.
dpkg-divert --local --rename --divert /usr/bin/dracut.real --add /usr/bin/dracut
ln -s /bin/true /usr/bin/dracut

# No package may start a service while the image is being built.
printf '#!/bin/sh\nexit 101\n' > /usr/sbin/policy-rc.d
chmod 755 /usr/sbin/policy-rc.d

# The root is thrown away when a build is interrupted: nothing has to survive a power cut.
echo force-unsafe-io > /etc/dpkg/dpkg.cfg.d/netroot-build

# Translations and manuals are not read at this prompt; copyright files stay.
cat > /etc/dpkg/dpkg.cfg.d/netroot-excludes <<'EXCLUDES'
path-exclude=/usr/share/locale/*
path-exclude=/usr/share/man/*
path-exclude=/usr/share/info/*
path-exclude=/usr/share/doc/*
path-include=/usr/share/doc/*/copyright
EXCLUDES
