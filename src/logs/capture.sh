# Keeps what a pane prints, in files of bounded number and size. Reads its standard input to the
# end, and never stops reading, so that the program that prints is never held up, be the disk full or
# the directory gone. Runs in dash, bash and busybox sh, with the tools of GNU, busybox and BSD.
#
# Parameters, set before the first line:
#
#   directory    where the files go, as an absolute path; it may come and go
#   run          what their names begin with: RUN-000001.log, RUN-000001.times and so on
#   max_bytes    size at which the next file is begun: its own, or that of its times
#   own          pattern of the files that are this owner's, in a directory with others'
#   keep         how many of them stay, of this run and earlier ones; the oldest go
#   block_bytes  what is read at once, at most
#   most_blocks  how many reads go by before the shell looks, at most, while a lot is printed
#
# `dd` does the work: unlike `head`, it writes what it has read at once (GNU coreutils 9.1 head.c
# collects 4 KB first), and it says at its end whether there was anything to read. It reads once, as
# much as there is, and the shell looks at the file: is it large enough for the next one, and when
# was it written to. Only while a lot comes it reads a few times in between.
#
# Each line of a file of times is `SECONDS BYTES`: all before that offset was written by then (Unix
# time). A program that prints now and then gets a line for each print; one that prints a lot gets
# one a second. Of what is printed a few bytes at a time the file of times is the larger one; then
# that decides when the next file is begun.
#
# Lines that are only a comment are left out of the command that runs.
# shellcheck shell=sh
: "${directory:?}" "${run:?}" "${max_bytes:?}" "${own:?}" "${keep:?}" "${block_bytes:?}" "${most_blocks:?}"
umask 077
PATH=/usr/bin:/bin LC_ALL=C
export PATH LC_ALL
part=1 blocks=1 noted=0 stretch=0 patience='?'

# Reads on into the file; fails where it cannot be written to, and has then read something.
copy() {
  { true >>"$name.log"; } 2>/dev/null || first || return 1
  said=$(dd bs="$block_bytes" count="$blocks" 2>&1 >>"$name.log")
  ended=$?
  case $said in
    *[0-9]'0+0 records in'*) ;;
    *'0+0 records in'*) finish ;;
    *'records in'*) ;;
    *)
      # Somebody killed it, or it is not there: then nothing can be kept.
      [ "$ended" -le 125 ] || [ "$ended" -ge 128 ] || exec cat >/dev/null
      [ "$ended" -le 128 ] || return 1
      first
      return
      ;;
  esac
  # A full disk: what was read is lost.
  [ "$ended" -eq 0 ] || [ "$ended" -gt 128 ] || { skip; return 1; }
  stretch=0
}

# Waits for one byte and only then looks whether the file can be written to: while nothing is
# printed, it may have become so.
first() {
  byte=$(dd bs=1 count=1 2>/dev/null; echo .)
  if [ "$byte" = . ]; then
    # A NUL, which a shell cannot hold, or the end.
    byte=
    said=$(dd bs="$block_bytes" count=1 2>&1 >/dev/null) || [ "$?" -ne 127 ] || exec cat >/dev/null
    case $said in
      *[0-9]'0+0 records in'*) ;;
      *'0+0 records in'*) finish ;;
    esac
  fi
  { printf %s "${byte%.}" >>"$name.log"; } 2>/dev/null || { skip; return 1; }
}

# Throws away what comes, without a look at the file: more each time that it is called in a row, but
# for a second at most. A look costs several processes, and a program that prints a lot is held up
# by each. While little comes, nothing is thrown away here.
skip() {
  if [ "$stretch" -gt 0 ]; then
    if [ "$patience" = '?' ]; then
      patience='timeout 1' most=4096
      timeout 1 true 2>/dev/null || patience='' most=16
    fi
    # shellcheck disable=SC2086 # two words, or none
    $patience dd bs=262144 count="$stretch" >/dev/null 2>&1
    # The time was up: less comes.
    case $? in 124 | 143) stretch=$((stretch / 4)) ;; esac
    [ "$stretch" -lt "$most" ] || stretch=$((most / 2))
  fi
  if [ "$stretch" -eq 0 ]; then stretch=1; else stretch=$((stretch * 2)); fi
}

note() {
  [ "$bytes" = "$noted_bytes" ] || mark "$noted" "$bytes"
}

mark() {
  { echo "$1 $2" >>"$name.times"; } 2>/dev/null
  times=$((times + ${#1} + ${#2} + 2))
}

finish() {
  note
  exit 0
}

if stat -c %Y / >/dev/null 2>&1; then form='-c %Y %s'; else form='-f %m %z'; fi
while :; do
  name=$directory/$run-$(printf %06d "$part") bytes=0 noted_bytes=0 times=0
  while [ "$bytes" -lt "$max_bytes" ] && [ "$times" -lt "$max_bytes" ]; do
    copy || continue
    before=$bytes
    facts=$(stat "${form%% *}" "${form#* }" "$name.log" 2>/dev/null) || continue
    now=${facts% *}
    if [ "$now" = "$noted" ]; then
      bytes=${facts#* }
    else
      note
      bytes=${facts#* } noted=$now
      mark "$now" "$bytes"
      noted_bytes=$bytes
    fi
    if [ "$((bytes - before))" -lt 65536 ]; then blocks=1; else blocks=$most_blocks; fi
  done
  note
  part=$((part + 1))
  # shellcheck disable=SC2086 # A pattern.
  set -- "$directory"/$own
  while [ "$#" -ge "$keep" ]; do
    rm -f -- "$1" "${1%.log}.times"
    shift
  done
done
