#!/bin/sh
# A program of the walk: walker.sh --mark=MARK KIND LINES RECORD
# It prints numbered lines, each with the id of this execution, so many at once and then one every half
# second, and writes into RECORD how far it came. It also runs in containers of busybox.
kind=$2 lines=$3 record=$4
if [ "$kind" = stubborn ]; then trap '' HUP; fi
read -r id </proc/sys/kernel/random/uuid
said=0
# What cannot be printed does not count.
say() { echo "$id $((said + 1)) $1" && said=$((said + 1)); }
note() { echo "$id $said" >>"$record"; }
end() {
  say "ends in peace"
  note
  exit 0
}
trap end TERM INT
note
if [ "$kind" = family ]; then sleep 86397 & fi
turn=0
while [ "$turn" -lt "$lines" ]; do
  turn=$((turn + 1))
  say 'says this in its first breath'
done
note
while :; do
  sleep 0.5
  say goes
  note
done
