# Answers without a process of its own: what findmnt and mountpoint say about mounts is in /proc.

ismounted() {
    local _device _mount _ _wanted="$1"
    [ -b "$1" ] && _wanted="$(readlink -f "$1")"
    while read -r _device _mount _; do
        if [ "$_mount" = "$_wanted" ] || [ -b "$_wanted" -a "$_device" = "$_wanted" ]; then
            return 0
        fi
    done < /proc/mounts
    return 1
}

# As mountpoint -q DIRECTORY.
mountpoint() {
    local _mount _ _wanted="$2"
    while read -r _ _ _ _ _mount _; do
        [ "$_mount" = "$_wanted" ] && return 0
    done < /proc/self/mountinfo
    return 1
}

# iproute2 knows more, busybox starts in a third of the time: lifetimes and IPv6 are for the one, the rest for the other.
# By an alias, because net-lib.sh unsets "ip", its variable, and with that a function of this name.
alias ip=fast_ip
fast_ip() {
    case "$*" in
        *_lft* | -6* | *" change "* | "link add"* | *" type "* | *master*) command ip "$@" ;;
        *) busybox ip "$@" ;;
    esac
}

# initqueue knows where the hooks are, so udev need not be told.
udevproperty() {
    local _property
    for _property in "$@"; do
        case "$_property" in
            hookdir=*) ;;
            *) udevadm control --property="$_property" ;;
        esac
    done
}
