#!/bin/sh
# The shell that keeps a program in its pane.
#
#   $1  the text of execute.sh, which becomes the program
#   $2  the id of the run
#   $3  the tmux program
#   $4  the file that remembers how runs began and ended; empty: none does
#   $5  the file that says how long a stop needs the terminal; empty: none does
#   $6  names of variables that tmux sets itself, and that the program gets from KSTOPS_ENV_NAME
#   $7  the program, and behind it its arguments
#
# It outlives the signals that ask the program to end (the traps do nothing, and unlike ignored
# signals they are not inherited), so that it can report how the program ended, to tmux and to the
# record of runs, and it stays 0.1 s longer, so that tmux gets the last output (tmux 3.3a loses it
# otherwise). Only SIGHUP ends it: the kernel tells the program of a closed terminal, as when the
# server is killed, only once the leader of its process session is gone. What it would say itself
# (`Killed`) is nothing that the program printed, so it has no standard error; only within the
# parentheses is the terminal that of the program again.
#
# Until the program has begun it sets no variable: one of that name may be in the environment.

trap : INT QUIT TERM USR1 USR2
exec 3>&2 2>/dev/null
(exec /bin/sh -c "$1" "$0" "$@" 2>&3 3>&-)
status=$?
[ -z "$4" ] ||
  printf '{"run":"%s","event":"ended","at":"%s","exit_code":%d,"reason":null}\n' \
    "$2" "$(PATH=/bin:/usr/bin date -u +%Y-%m-%dT%H:%M:%SZ)" "$status" >>"$4"
PATH=/bin:/usr/bin sleep 0.1
exit "$status"
