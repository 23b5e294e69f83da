#!/bin/sh
# The shell that keeps a program in its pane.
#
#   $1  the text of execute.sh, which becomes the program
#   $2  the id of the run
#   $3  the tmux program
#   $4  the file that remembers how runs began and ended; empty: none does
#   $5  the file in which a stop says until when it needs the terminal, in hundredths of a second of
#       /proc/uptime (where there is none, of the time of day), and on a second line which process
#       says so; empty: none does
#   $6  names of variables that tmux sets itself, and that the program gets from KSTOPS_ENV_NAME
#   $7  words for printf, which print the tmux commands that mark the pane
#   $8  the program, and behind it its arguments
#
# It outlives the signals that ask the program to end (the traps do nothing, and unlike ignored
# signals they are not inherited), so that it can report how the program ended, to tmux and to the
# record of runs, and it stays 0.1 s longer, so that tmux gets the last output (tmux 3.3a loses it
# otherwise). Only SIGHUP ends it: the kernel tells the program of a closed terminal, as when the
# server is killed, only once the leader of its process session is gone. What it would say itself
# (`Killed`) is nothing that the program printed, so it has no standard error; only within the
# parentheses is the terminal that of the program again.
#
# The kernel also hangs up what is left of a session whose leader goes. So it stays while a stop waits
# for what the program left to finish: the moment in the file is set anew for as long as somebody waits,
# and counts for nothing once the process that waits is gone.
#
# Until the program has begun it sets no variable: one of that name may be in the environment.

trap : INT QUIT TERM USR1 USR2 URG
trap 'kstops_unexecuted=1' VTALRM
exec 3>&2 2>/dev/null
(exec /bin/sh -c "$1" "$0" "$@" 2>&3 3>&-)
status=$?

if [ -n "$kstops_unexecuted" ]; then
  "$3" -u set-option -p -t "$TMUX_PANE" @kstops_pid none </dev/null >/dev/null
  reason='"it could not be executed"'
else
  reason=null
fi
[ -z "$4" ] ||
  printf '{"run":"%s","event":"ended","at":"%s","exit_code":%d,"reason":%s}\n' "$2" \
    "$(PATH=/bin:/usr/bin date -u +%Y-%m-%dT%H:%M:%SZ)" "$status" "$reason" >>"$4"

# Whether a stop needs the terminal now. A moment has no leading zero, which would be octal.
is_held() {
  until='' holder=''
  [ -n "$1" ] && [ -r "$1" ] && { read -r until && read -r holder; } <"$1"
  [ -n "$until" ] || return 1
  if [ -r /proc/uptime ]; then
    read -r now _ </proc/uptime
    now=${now%.*}${now#*.}
    [ -d "/proc/$holder" ] || return 1
  else
    now=$(PATH=/bin:/usr/bin date +%s)00
    [ -z "$holder" ] || kill -0 "$holder" || return 1
  fi
  [ "$now" -lt "$until" ]
}
while :; do
  PATH=/bin:/usr/bin sleep 0.1
  is_held "$5" || break
done
exit "$status"
