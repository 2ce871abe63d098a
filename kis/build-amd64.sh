#!/bin/bash
# Builds an image of kis/ for amd64 in place of i386, from the same description, and lays out a boot tree with it:
#   sudo kis/build-amd64.sh DESCRIPTION TREE        for instance debian-bookworm .netroot-amd64
# v86 cannot run it; `netroot smoke TREE --engine qemu` can. Takes as long as any build of kiwi's: some four minutes.
set -euo pipefail

description=${1:?which folder of kis/} tree=${2:?where the boot tree goes}
project=$(cd "$(dirname "$0")/.." && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

mkdir "$work/description" "$work/result"
cp -r "$project/kis/common/." "$work/description/"
cp -r "$project/kis/$description/." "$work/description/"

# What names the architecture: the kernel's package, debootstrap's option, and the personality that kiwi runs under.
change() {
    sed "$1" "$2" > "$work/changed"
    ! cmp --silent "$2" "$work/changed" || { echo "build-amd64.sh: $2 is not as expected: $1 changes nothing" >&2; exit 1; }
    cp "$work/changed" "$3"
}
config=$work/description/config.xml
change 's/"linux-image-686"/"linux-image-amd64"/' "$config" "$config"
change 's/--arch=i386/--arch=amd64/; s/linux32 //' "$project/cli/image/run-kiwi.sh" "$work/run-kiwi.sh"
chmod 755 "$work/run-kiwi.sh"

mirror=$(apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' 'Codename: bookworm' | head -1)
"$work/run-kiwi.sh" "$work/description" "$work/result" "$mirror" "$(stat -c %u:%g "$project")"

append=$(sed -n 's/.*kernelcmdline="\([^"]*\)".*/\1/p' "$config")
node "$project/bin/netroot.mjs" image import "$work/result" "$tree" --append "$append"
