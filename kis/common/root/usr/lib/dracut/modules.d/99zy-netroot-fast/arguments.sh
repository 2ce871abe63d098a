# Replaces getcmdline, getarg, getargs and getargbool of dracut-lib.sh: the same answers, without the three or four
# processes that each question costs there. A boot asks some hundred questions.
# Needs bash, which the hooks of kiwi-overlay need as well.

# Sets CMDLINE as dracut does: first what hooks added, then /etc/cmdline, then the kernel's.
_read_cmdline() {
    local _file _line
    CMDLINE=
    for _file in /etc/cmdline.d/*.conf /etc/cmdline /proc/cmdline; do
        [ -e "$_file" ] || continue
        while read -r _line || [ -n "$_line" ]; do
            CMDLINE="$CMDLINE $_line"
        done < "$_file"
    done
    export CMDLINE
}

getcmdline() {
    _read_cmdline
    printf "%s" "$CMDLINE"
}

# As dracut-getarg: OK if KEY, KEY= or KEY=VALUE is there, the last one counts; REPLY is the value of KEY=.
_cmdline_arg() {
    local -
    local _key="${1%%=*}" _word _found=
    REPLY=
    case "$CMDLINE" in
        *\"*)
            REPLY="$(dracut-getarg "$1")"
            return
            ;;
    esac
    set -f
    for _word in $CMDLINE; do
        case "$_word" in
            "$_key") _found=flag REPLY= ;;
            "$_key="*) _found=value REPLY="${_word#*=}" ;;
        esac
    done
    case "$1" in
        *=?*)
            [ "$_found" = value ] && [ "$REPLY" = "${1#*=}" ] || {
                REPLY=
                return 1
            }
            REPLY=
            ;;
        *) [ -n "$_found" ] ;;
    esac
}

# getarg without the output: the value is in REPLY, _printed says whether there is one.
_getarg() {
    local _deprecated= _newoption=
    _printed=
    _read_cmdline
    while [ $# -gt 0 ]; do
        case "$1" in
            -d)
                _deprecated=1
                shift
                continue
                ;;
            -y | -n)
                if _cmdline_arg "$2"; then
                    [ "$_deprecated" = 1 ] && _warn_deprecated "$2" "${_newoption:+$_newoption$([ "$1" = -n ] && echo =0)}"
                    _printed=1
                    [ "$1" = -y ] && REPLY=1 && return 0
                    REPLY=0
                    return 1
                fi
                shift
                ;;
            *)
                _newoption="${_newoption:-$1}"
                if _cmdline_arg "$1"; then
                    [ "$_deprecated" = 1 ] && _warn_deprecated "$1" "$_newoption"
                    _printed=${REPLY:+1}
                    return 0
                fi
                ;;
        esac
        _deprecated=0
        shift
    done
    REPLY=
    return 1
}

_warn_deprecated() {
    if [ -n "$2" ]; then
        warn "Kernel command line option '$1' is deprecated, use '$2' instead."
    else
        warn "Option '$1' is deprecated."
    fi
}

getarg() {
    debug_off
    local _printed REPLY _status
    _getarg "$@"
    _status=$?
    [ -n "$_printed" ] && printf '%s\n' "$REPLY"
    debug_on
    return $_status
}

getargbool() {
    debug_off
    local _printed REPLY _default="$1"
    shift
    _getarg "$@" || REPLY="${REPLY:-$_default}"
    debug_on
    case "$REPLY" in
        0 | no | off) return 1 ;;
    esac
    return 0
}

# As dracut-getargs: each value of KEY= in order, the name itself where it stands there as a flag.
_cmdline_args() {
    local -
    local _key="${1%%=*}" _word _found=
    case "$CMDLINE" in
        *\"*)
            dracut-getargs "$1"
            return
            ;;
    esac
    set -f
    for _word in $CMDLINE; do
        case "$_word" in
            "$_key" | "$_key="*)
                case "$1" in
                    *=?*) [ "$_word" = "$1" ] || continue ;;
                esac
                _found=1
                _word="${_word#"$_key="}"
                [ -n "$_word" ] && printf '%s\n' "$_word"
                ;;
        esac
    done
    [ -n "$_found" ]
}

getargs() {
    debug_off
    local _option _gfound= _deprecated= _newoption="$1"
    _read_cmdline
    for _option in "$@"; do
        if [ "$_option" = -d ]; then
            _deprecated=1
            continue
        fi
        if _cmdline_args "$_option"; then
            [ "$_deprecated" = 1 ] && _warn_deprecated "$_option" "$_newoption"
            _gfound=1
        fi
        _deprecated=0
    done
    debug_on
    [ -n "$_gfound" ]
}
