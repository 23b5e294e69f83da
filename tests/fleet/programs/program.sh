#!/bin/sh
# A program of the chaos: program.sh --mark=MARK KIND ROLE RECORD FIFO
# It writes its pid, the tick at which it began and its role into RECORD, starts what belongs to its
# kind, and waits until a signal ends it: without a child, so that each process is one of these.
kind=$2 role=$3 record=$4 fifo=$5
case $kind-$role in
  stubborn-* | family-child) trap '' HUP ;;
esac
read -r stat </proc/$$/stat
begun=${stat##*) }
# The twentieth word behind the name is the tick (proc(5)).
words() { shift 19 && begun=$1; }
# shellcheck disable=SC2086
words $begun
echo "$$ $begun $role" >>"$record"
case $kind-$role in
  family-main) sh "$0" "$1" "$kind" child "$record" "$fifo" & ;;
  daemon-main) setsid -f sh "$0" "$1" "$kind" child "$record" "$fifo" ;;
  wrapper-main)
    sh "$0" "$1" "$kind" child "$record" "$fifo"
    echo after
    exit
    ;;
esac
# Nobody ever writes.
# shellcheck disable=SC2034
read -r line <>"$fifo"
