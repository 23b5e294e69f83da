#!/bin/sh
# Ends what an execution of a program has left, so that a port is free for the next one: SIGTERM, some
# time, SIGKILL. Linux only, where a process tells what it belongs to.
#
#   $1  the id of the run
#   $2  the number of the execution
#   $3  the pid of the keeper, whose process session is that of the pane
#   $4 - $10  the restart policy: see keeper.sh; of which the sixth word is how long it may take
#
# Never a part of it: multiplexer servers, monitors of containers and agents of keys, with all that is
# below them; what carries the mark of another run; the keeper, and what that runs besides.

[ -r /proc/self/stat ] && cd /proc || exit
kstops_mark=$1 kstops_number=$2 kstops_keeper=$3 kstops_grace=$9

# Sets the parent and the process session of a process.
kstops_stat() {
  IFS= read -r kstops_line <"$1/stat" || return
  kstops_line=${kstops_line##*) }
  # A zombie has ended.
  case $kstops_line in Z* | X*) return 1 ;; esac
  # shellcheck disable=SC2086 # words are wanted
  kstops_fields $kstops_line
}
kstops_fields() {
  kstops_parent=$2 kstops_session=$4
}

# Whether it serves others, or is below what does.
kstops_is_service() {
  kstops_pid=$1
  while [ "$kstops_pid" -gt 1 ]; do
    IFS= read -r kstops_name <"$kstops_pid/comm" || return
    case $kstops_name in
    'tmux: server' | screen | SCREEN | zellij | dtach | abduco | conmon | containerd | \
      containerd-shim* | dockerd | ssh-agent | gpg-agent) return 0 ;;
    esac
    kstops_stat "$kstops_pid" || return
    kstops_pid=$kstops_parent
  done
  return 1
}

kstops_marked() {
  LC_ALL=C grep -slz -e "$1" [0-9]*/environ
}

# Sets `kstops_left` to the pids of what is left.
kstops_look() {
  kstops_left=''
  kstops_of_run=" $(kstops_marked "^KSTOPS_ID=$kstops_mark\$" | tr '\n' ' ')"
  kstops_of_it=" $(kstops_marked "^KSTOPS_EXECUTION=${kstops_mark}[.]$kstops_number\$" | tr '\n' ' ')"
  for kstops_each in [0-9]*; do
    case $kstops_each in "$$" | "$kstops_keeper") continue ;; esac
    kstops_stat "$kstops_each" || continue
    case $kstops_parent in "$$" | "$kstops_keeper") continue ;; esac
    if [ "$kstops_session" != "$kstops_keeper" ]; then
      case $kstops_of_it in *" $kstops_each/environ "*) ;; *) continue ;; esac
      case $kstops_of_run in *" $kstops_each/environ "*) ;; *) continue ;; esac
    fi
    kstops_is_service "$kstops_each" || kstops_left="$kstops_left $kstops_each"
  done
}

# Whether nothing is left within so many tenths of a second.
kstops_gone_within() {
  kstops_tenths=$1
  while kstops_look && [ -n "$kstops_left" ]; do
    [ "$kstops_tenths" -gt 0 ] || return
    kstops_tenths=$((kstops_tenths - 1))
    sleep 0.1
  done
}

exec 2>/dev/null
kstops_look
[ -n "$kstops_left" ] || exit
# A stopped process acts on a signal only once it goes on.
for kstops_signal in TERM CONT; do
  # shellcheck disable=SC2086 # words are wanted
  kill -s "$kstops_signal" $kstops_left
done
kstops_gone_within $((kstops_grace / 100)) && exit
kstops_tries=3
while [ "$kstops_tries" -gt 0 ]; do
  kstops_tries=$((kstops_tries - 1))
  # shellcheck disable=SC2086 # words are wanted
  kill -s KILL $kstops_left
  kstops_gone_within 10 && exit
done
