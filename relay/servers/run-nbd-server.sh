#!/bin/bash
# Keeps one nbd-server in FOLDER, which holds its config and the socket for its log: run-nbd-server.sh FOLDER
#
# nbd-server always puts itself into the background (its -d serves one client and ends), and tells its log to /dev/log only.
# So this script stays in its place: it prints "pid N", ends when nbd-server does (exit 3), and when standard input ends,
# which it also does when the relay is killed, it ends nbd-server with all of its children and removes FOLDER.
set -u
folder=$1

if [ "${2-}" = --inside ]; then
  # In a mount namespace of its own: a /dev with the same devices, and our /dev/log.
  if mount --rbind /dev "$folder/dev" && mount -t tmpfs -o mode=755 tmpfs /dev; then
    for device in "$folder"/dev/*; do ln -s "$device" /dev/; done
    ln -sfn "$folder/log" /dev/log
  fi
  exec nbd-server -C "$folder/config" -p "$folder/pid"
fi

alive() {
  local stat
  # Where nobody reaps orphans the dead stay as zombies.
  IFS= read -r stat 2>/dev/null <"/proc/$1/stat" && [[ $stat != *") Z "* ]]
}

remove() {
  rm -f "$folder/config" "$folder/pid" "$folder/log"
  # Not rm -r: nothing may ever be removed through a mount of /dev.
  rmdir "$folder/dev" "$folder" 2>/dev/null
}

finish() {
  # nbd-server leads the session, so its process group is the whole family.
  kill -TERM -- "-$pid" 2>/dev/null
  for ((i = 0; i < 20; i++)); do
    alive "$pid" || break
    sleep 0.05
  done
  kill -KILL -- "-$pid" 2>/dev/null
  remove
  exit 0
}

rm -f "$folder/pid"
if unshare --mount --propagation private true 2>/dev/null; then
  own=(unshare --mount --propagation private)
elif unshare --user --map-root-user --mount --propagation private true 2>/dev/null; then
  own=(unshare --user --map-root-user --mount --propagation private)
else
  own=()
  echo "no-log"
fi
if [ ${#own[@]} -gt 0 ]; then
  "${own[@]}" bash "$0" "$folder" --inside </dev/null || exit $?
else
  nbd-server -C "$folder/config" -p "$folder/pid" </dev/null || exit $?
fi

# It is in the background before its pid is in the file.
pid=
for ((i = 0; i < 100; i++)); do
  IFS= read -r pid 2>/dev/null <"$folder/pid" && [ -n "$pid" ] && break
  sleep 0.05
done
[ -n "$pid" ] || exit 4
echo "pid $pid"

while alive "$pid"; do
  read -r -t 0.2
  [ $? -gt 128 ] || finish
done
kill -KILL -- "-$pid" 2>/dev/null
exit 3
