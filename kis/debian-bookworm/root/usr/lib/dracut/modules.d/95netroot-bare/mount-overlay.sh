#!/bin/bash
type getarg >/dev/null 2>&1 || . /lib/dracut-lib.sh
type getOverlayBaseDirectory >/dev/null 2>&1 || . /lib/kiwi-filesystem-lib.sh

case "$(getarg root=)" in
    overlay:*)
        if ! ismounted "${NEWROOT}"; then
            overlay_base=$(getOverlayBaseDirectory)
            rootflags=$(getarg rootflags=)
            mount -t overlay -o "${rootflags:+${rootflags},}lowerdir=${overlay_base}/rootfsbase,upperdir=${overlay_base}/overlayfs/rw,workdir=${overlay_base}/overlayfs/work" \
                OverlayOS_rootfs "${NEWROOT}" || die "Failed to mount the overlay"
        fi
        ;;
esac
