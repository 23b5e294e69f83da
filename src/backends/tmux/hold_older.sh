#!/bin/sh
# Keeps the keeper of an older kstops, which leaves 0.1 s after its program, until standard input ends:
# kstops lets go, or is gone. The keeper itself cannot be halted (tmux makes it go on), so the `sleep`
# is that it waits for.
#
#   $1  the keeper's pid
#   $2  the program's pid, which may be a `sleep`, too; empty: nobody knows

PATH=/usr/bin:/bin
exec 2>/dev/null

# Sends a signal to the sleep of the keeper.
tell() {
  kids='' name=''
  read -r kids <"/proc/$2/task/$2/children"
  for kid in $kids; do
    [ "$kid" != "$3" ] && read -r name <"/proc/$kid/comm" && [ "$name" = sleep ] &&
      kill -s "$1" "$kid"
  done
}

while [ -d "/proc/$1" ]; do
  tell STOP "$@"
  sleep 0.02
done >/dev/null &
echo ready
cat >/dev/null
kill "$!"
tell CONT "$@"
