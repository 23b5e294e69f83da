#!/bin/sh
# The shell that keeps a program in its pane, and executes it again where a policy says so.
#
#   $1  the text of execute.sh, which becomes the program
#   $2  the id of the run
#   $3  the tmux program
#   $4  the file that remembers how runs began and ended; empty: none does
#   $5  the file in which a stop says until when it needs the terminal, in hundredths of a second of
#       /proc/uptime (where there is none, of the time of day), on a second line which process says
#       so, and on a third one `asked` once the program was asked to end; `go` on the first one takes
#       it back; empty: none does
#   $6  names of variables that tmux sets itself, and that the program gets from KSTOPS_ENV_NAME
#   $7  words for printf, which print the tmux commands that mark the pane
#   $8  the restart policy: `no`, or KIND MOST DELAY MAX RESET GRACE CODES: `on-failure`, `always` or
#       `unless-stopped`; how many restarts after failures in a row there may be, or `-`; the first
#       delay, the longest one, and after how long a program has no failures behind it; how long what
#       an execution has left may take to end; all in milliseconds; then the exit codes of success,
#       with commas
#   $9  the text of leftovers.sh, which ends what an execution has left
#   $10 the program, and behind it its arguments
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
# A stop writes its file before it looks for the program, and sends SIGURG, which wakes a keeper that
# waits. So an execution that the stop did not see has yet to look at the file: execute.sh sends SIGALRM
# then, and begins nothing.
#
# Variables that it sets have a prefix: the program inherits those that were in the environment before.

trap : INT QUIT TERM USR1 USR2
trap 'kstops_urged=1' URG
trap 'kstops_unexecuted=1' VTALRM
trap 'kstops_withheld=1' ALRM
exec 3>&2 2>/dev/null

# The clock, in hundredths of a second. A number has no leading zero, which would be octal.
kstops_look_at_clock() {
  if [ -r /proc/uptime ]; then
    read -r kstops_now _ </proc/uptime
    kstops_now=${kstops_now%.*}${kstops_now#*.}
    while [ "$kstops_now" != "${kstops_now#0}" ]; do kstops_now=${kstops_now#0}; done
    kstops_now=${kstops_now:-0}
  else
    kstops_now=$(PATH=/bin:/usr/bin date +%s)00
  fi
}

kstops_read_hold() {
  kstops_until='' kstops_holder='' kstops_asked=''
  [ -n "$1" ] && [ -r "$1" ] || return
  { read -r kstops_until && read -r kstops_holder && read -r kstops_asked; } <"$1"
}

# Whether a stop needs the terminal now.
kstops_is_held() {
  kstops_read_hold "$1"
  case $kstops_until in '' | *[!0-9]*) return 1 ;; esac
  kstops_look_at_clock
  if [ -r /proc/uptime ]; then
    [ -d "/proc/$kstops_holder" ] || return 1
  else
    [ -z "$kstops_holder" ] || kill -0 "$kstops_holder" || return 1
  fi
  [ "$kstops_now" -lt "$kstops_until" ]
}

# Whether a stop has begun: then nothing is executed any more, also where that stop was killed since.
kstops_is_stopped() {
  kstops_is_held "$1" && return 0
  [ "$kstops_until" = go ] && kstops_urged=''
  [ -n "$kstops_urged" ] || [ "$kstops_asked" = asked ]
}

# Sets what follows, and `kstops_failures` and `kstops_delay`.
#   $1  the exit status   $2 - $8  the words of the policy
kstops_decide() {
  kstops_next=over
  case ",$8," in
  *",$1,"*)
    [ "$2" = on-failure ] && return
    kstops_failures=0
    ;;
  *)
    [ "$kstops_ran" -lt "$6" ] || kstops_failures=0
    kstops_failures=$((kstops_failures + 1))
    ;;
  esac
  kstops_next=gave_up
  [ "$3" = - ] || [ "$kstops_failures" -le "$3" ] || return
  kstops_next=restart
  kstops_delay=$4 kstops_i=1
  while [ "$kstops_i" -lt "$kstops_failures" ] && [ "$kstops_delay" -lt "$5" ]; do
    kstops_delay=$((kstops_delay * 2)) kstops_i=$((kstops_i + 1))
  done
  [ "$kstops_delay" -le "$5" ] || kstops_delay=$5
}

# Tells tmux what the pane is at: WORD KEEPER RESTARTS CODE FAILURES ENDED DUE.
kstops_tell() {
  "$kstops_tmux" -u set-option -p -t "$TMUX_PANE" @kstops_pid "$*" </dev/null >/dev/null
}

kstops_record() {
  [ -z "$kstops_story" ] ||
    printf '{"run":"%s","event":"ended","at":"%s","exit_code":%d,"reason":%s%s}\n' "$kstops_run" \
      "$kstops_at" "$kstops_status" "$1" "$2" >>"$kstops_story"
}

# What a program that was killed left of the terminal; seen by nobody, and left out of the log.
kstops_reset_terminal() {
  [ -z "$kstops_tty" ] || PATH=/bin:/usr/bin stty "$kstops_tty"
  printf '\030\033]5379;kstops;%s;%d;%d\007' "$kstops_run" "$kstops_execution" "$kstops_status"
  printf '\033[?1049l\033[?1000l\033[?1002l\033[?1003l\033[?1006l\033[?2004l\033[?1l\033>'
  printf '\0337\033[r\0338\033[?25h\033[m\033]5379;end\007'
}

# Sleeps so many seconds, or until somebody wakes it up. A signal ends the wait, not the sleep.
kstops_nap() {
  PATH=/bin:/usr/bin sleep "$1" &
  kstops_sleep=$!
  [ -n "$kstops_urged" ] || wait "$kstops_sleep"
  kill "$kstops_sleep"
  wait "$kstops_sleep"
}

# Sleeps until a moment, or a stop.
kstops_sleep_until() {
  while kstops_look_at_clock && [ "$kstops_now" -lt "$1" ]; do
    ! kstops_is_stopped "$kstops_hold" || return
    kstops_left=$(($1 - kstops_now))
    kstops_nap "$((kstops_left / 100)).$((kstops_left / 10 % 10))$((kstops_left % 10))"
  done
}

kstops_run=$2 kstops_tmux=$3 kstops_story=$4 kstops_hold=$5 kstops_policy=$8
kstops_execution=1 kstops_failures=0
[ "$kstops_policy" = no ] || kstops_tty=$(PATH=/bin:/usr/bin stty -g)
while :; do
  kstops_look_at_clock
  kstops_began=$kstops_now
  if [ "$kstops_policy" = no ]; then
    (exec /bin/sh -c "$1" "$0" "$@" 2>&3 3>&-)
  else
    (export KSTOPS_EXECUTION="$2.$kstops_execution" && exec /bin/sh -c "$1" "$0" "$@" 2>&3 3>&-)
  fi
  kstops_ended=$?
  [ -z "$kstops_withheld" ] || break
  kstops_status=$kstops_ended
  kstops_look_at_clock
  kstops_ran=$(((kstops_now - kstops_began) * 10))
  # The time for people, and for tmux.
  kstops_at=$(PATH=/bin:/usr/bin date -u '+%Y-%m-%dT%H:%M:%SZ %s')
  kstops_epoch=${kstops_at#* } kstops_at=${kstops_at% *} kstops_reason=null
  if [ -n "$kstops_unexecuted" ]; then
    kstops_unexecuted='' kstops_reason='"it could not be executed"'
    [ "$kstops_execution" -gt 1 ] || kstops_policy=none
  fi
  case $kstops_policy in
  no) kstops_next=over ;;
  none)
    kstops_next=over
    kstops_tell none
    ;;
  *)
    # shellcheck disable=SC2086 # words are wanted
    kstops_decide "$kstops_status" $kstops_policy
    ! kstops_is_stopped "$kstops_hold" || kstops_next=over
    ;;
  esac
  case $kstops_next in
  over)
    kstops_record "$kstops_reason"
    break
    ;;
  gave_up)
    kstops_tell gave_up $$ $((kstops_execution - 1)) "$kstops_status" "$kstops_failures"
    kstops_record "$kstops_reason" ",\"failures\":$kstops_failures,\"gave_up\":true"
    break
    ;;
  esac
  # A tenth of it at random either way, so that many do not start at once.
  kstops_delay=$((kstops_delay * (900 + ($$ * 7919 + kstops_now * 31) % 201) / 1000))
  kstops_due=$((kstops_now + kstops_delay / 10))
  kstops_tell wait $$ $((kstops_execution - 1)) "$kstops_status" "$kstops_failures" \
    "$kstops_epoch" $((kstops_epoch + (kstops_delay + 999) / 1000))
  kstops_record "$kstops_reason" \
    ",\"failures\":$kstops_failures,\"restart_in_ms\":$kstops_delay"
  kstops_reset_terminal
  # shellcheck disable=SC2086 # words are wanted
  PATH=/bin:/usr/bin /bin/sh -c "$9" "$0" "$kstops_run" "$kstops_execution" "$$" $kstops_policy \
    </dev/null >/dev/null 3>&-
  kstops_sleep_until "$kstops_due"
  ! kstops_is_stopped "$kstops_hold" || break
  # What a stop has left that was killed before it asked for anything counts for nothing.
  [ -z "$kstops_until" ] || : >"$kstops_hold"
  kstops_execution=$((kstops_execution + 1))
done

PATH=/bin:/usr/bin sleep 0.1
# Who ends the hold wakes it up.
while kstops_urged='' && kstops_is_held "$5"; do kstops_nap 1; done
exit "$kstops_status"
