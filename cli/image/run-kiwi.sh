#!/bin/bash
# Runs kiwi-ng as root, on behalf of `netroot image build`:
#   run-kiwi.sh DESCRIPTION TARGET MIRROR OWNER
# DESCRIPTION is the merged kiwi description, TARGET a folder that gets kiwi's results, MIRROR the Debian mirror of this
# machine's apt, OWNER the uid:gid that the results are given to. What kiwi says goes to stdout.
#
# The build ends when stdin does, so that it never outlives who asked for it. kiwi runs in mount and process
# namespaces of its own: everything that it started ends with it, and no bind mount in the image's root (this machine's
# /dev among them) is there any more when files are removed.
set -euo pipefail

cache=/var/cache/netroot
work=/var/tmp/netroot-image-build

if [ "${1:-}" != --inside ]; then
    trap '' PIPE # whoever read our output may be gone by the time there is something to tidy
    exec 3<&0
    unshare --mount --propagation private --pid --fork --kill-child=KILL -- "$0" --inside "$@" < /dev/null 3<&- &
    build=$!
    { cat <&3 > /dev/null || true; kill -KILL "$build" 2> /dev/null || true; } > /dev/null 2>&1 &
    watch=$!
    code=0
    wait "$build" || code=$?
    # Its cat holds our stdout no longer than this.
    pkill -P "$watch" 2> /dev/null || true
    kill "$watch" 2> /dev/null || true
    [ "$code" = 0 ] || flock --timeout 5 "$cache/lock" rm -rf --one-file-system "$work" || true
    exit "$code"
fi
shift
description=$1 target=$2 mirror=$3 owner=$4

# Packages are fetched once for all images and builds.
keyring=/usr/share/keyrings/debian-archive-keyring.gpg
mkdir -p "$cache/debootstrap" "$cache/kiwi/apt-get"

# kiwi writes the repository into its shared cache: one build at a time on one machine.
exec 9> "$cache/lock"
if ! flock --nonblock 9; then
    echo "[ INFO    ]: netroot: waiting for another image build on this machine"
    flock 9
fi
install -m 644 "$keyring" "$cache/kiwi/apt-get/trusted.gpg"

# Whatever lies here was left by a build that was killed: the lock is ours.
rm -rf --one-file-system "$work"
mkdir -m 755 "$work" "$work/bin" "$work/tmp"

# kiwi 9.24 calls debootstrap without an architecture, and would take this machine's.
cat > "$work/bin/debootstrap" <<WRAPPER
#!/bin/sh
exec $(command -v debootstrap) --arch=i386 --cache-dir=$cache/debootstrap "\$@"
WRAPPER
chmod 755 "$work/bin/debootstrap"

# kiwi always packs its results into a .tar.xz, which nobody reads here: as little effort as xz can be told to make.
printf 'xz:\n  - options: "-0 --threads=0"\n' > "$work/kiwi.yml"

PATH=$work/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LC_ALL=C.UTF-8 \
    linux32 kiwi-ng --debug --temp-dir "$work/tmp" --config "$work/kiwi.yml" --shared-cache-dir "$cache/kiwi" \
    system build --description "$description" --target-dir "$work/result" --set-repo "$mirror" < /dev/null 2>&1 9>&-

shopt -s extglob
chmod 644 "$work"/result/*.!(tar.xz|result) 2> /dev/null || true
mv "$work"/result/!(build|*.tar.xz) "$target/"
chown --recursive "$owner" "$target"
# A mount that kiwi left behind ends with this namespace: until then nothing under it may be removed.
grep -qF " $work/" /proc/self/mountinfo || rm -rf --one-file-system "$work"
