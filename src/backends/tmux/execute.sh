#!/bin/sh
# Becomes the program of a run. `keeper.sh` runs it, with the same parameters: see there.
#
# It tells tmux its pid, which stays that of the program, and the record of runs what nobody can take
# for a later process: when it began. Its variables are not exported, so that the program has none of
# them; nothing of this is printed into the terminal of the program but why it cannot be executed.
# shellcheck disable=SC2329 # called by a name that stands behind it

kstops_run=$2 kstops_tmux=$3 kstops_story=$4 kstops_hold=$5 kstops_carried=$6 kstops_marks=$7
shift 9

# The pane is marked here where hooks of a tmux.conf kept the start script from it.
kstops_pids="$$ $PPID"
[ -z "$KSTOPS_EXECUTION" ] || kstops_pids="$kstops_pids $((${KSTOPS_EXECUTION##*.} - 1))"
case $("$kstops_tmux" -u set-option -p -t "$TMUX_PANE" @kstops_pid "$kstops_pids" \; \
  display-message -p -t "$TMUX_PANE" "#{@kstops_pane}" </dev/null 2>/dev/null) in
*"$kstops_run"*) ;;
*) eval "printf %s $kstops_marks" | "$kstops_tmux" -u source-file - >/dev/null 2>&1 ;;
esac

# A stop that does not know of this process yet has written its file before it looked for one. Of the
# first execution every stop knows: its keeper has no other program.
case $KSTOPS_EXECUTION in
'' | *.1) ;;
*)
  if [ -s "$kstops_hold" ] && read -r kstops_until <"$kstops_hold" && [ "$kstops_until" != go ]; then
    kill -s ALRM "$PPID"
    exit
  fi
  ;;
esac

# Appended in one write, which no other writer gets into.
kstops_executed() {
  printf '{"run":"%s","event":"executed","pid":%d,"began":"%s","boot":"%s"}\n' \
    "$kstops_run" $$ "$1" "$2" >>"$kstops_story"
}
# The fields of stat(5) behind the name, of which the 20th is the time of the start in clock ticks.
kstops_executed_at() {
  kstops_executed "${20}" "$kstops_boot"
}
if [ -n "$kstops_story" ]; then
  {
    if [ -r /proc/$$/stat ]; then
      IFS= read -r kstops_stat </proc/$$/stat
      read -r kstops_boot </proc/sys/kernel/random/boot_id
      # shellcheck disable=SC2086 # words are wanted
      kstops_executed_at ${kstops_stat##*) }
    else
      kstops_executed "$(TZ=UTC LC_ALL=C PATH=/bin:/usr/bin ps -o lstart= -p $$)" ""
    fi
  } 2>/dev/null
fi

for kstops_name in $kstops_carried; do
  eval "$kstops_name=\$KSTOPS_ENV_$kstops_name; export $kstops_name; unset KSTOPS_ENV_$kstops_name"
done

# Only where this fails does it come to the trap: what a program says by such an exit code is another
# thing. bash would leave at once.
# shellcheck disable=SC3044 # of bash alone
[ -z "$BASH_VERSION" ] || shopt -s execfail 2>/dev/null
trap 'kill -s VTALRM "$PPID"' EXIT
exec "$@"
