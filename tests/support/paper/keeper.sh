#!/bin/sh
# Keeps a program on paper. Parameters: directory of the session, file for the output, program...
echo $$ > "$1/keeper"
# shellcheck disable=SC2016 # The inner shell, which becomes the program, expands them.
sh -c '
  kstops_dir=$1 kstops_log=$2
  shift 2
  echo $$ > "$kstops_dir/pid.new"
  mv "$kstops_dir/pid.new" "$kstops_dir/pid"
  exec "$@" >> "$kstops_log" 2>&1
' sh "$@" < /dev/null
echo $? > "$1/end.new"
mv "$1/end.new" "$1/end"
