#!/bin/sh
# Installs kstops for you alone, or below any directory that you can write to; no root is needed.
#
#   curl -fsSL https://github.com/kstops/kstops/releases/latest/download/install.sh | sh
#   sh install.sh --help
#
# It downloads one archive and the list of checksums of its release, and checks the one against the
# other before anything is unpacked. The program is tried where it will be, and takes its name last,
# in one step: there is the old one or the new one, never half of one.
#
# Everything is in functions, so that a script that was cut off on its way does nothing.
set -eu

REPOSITORY=https://github.com/kstops/kstops

usage() {
  cat <<END
Usage: install.sh [--version VERSION] [--prefix DIR] [--dry-run]

Installs kstops with its man page and its completions.

  --version VERSION  this version instead of the latest one, such as 0.1.0
  --prefix DIR       below DIR instead of ~/.local: DIR/bin/kstops and DIR/share
  --dry-run          only say what would be done
  --help             print this help

Environment:
  PREFIX               as --prefix
  KSTOPS_INSTALL_FROM  directory, file:// or http(s):// address that has SHA256SUMS and the archives
                       (default: the releases of $REPOSITORY)
END
}

# fail MESSAGE [HINT]
fail() {
  echo "install.sh: $1" >&2
  [ $# -lt 2 ] || echo "hint: $2" >&2
  exit 1
}

misused() {
  echo "install.sh: $1" >&2
  echo "hint: install.sh --help" >&2
  exit 2
}

has() {
  command -v "$1" >/dev/null 2>&1
}

read_options() {
  version=
  prefix=${PREFIX:-}
  dry_run=
  while [ $# -gt 0 ]; do
    case $1 in
      --version | --prefix)
        [ $# -gt 1 ] || misused "$1 takes a value"
        option=$1=$2
        shift 2
        set -- "$option" "$@"
        ;;
      --version=*)
        version=${1#*=}
        version=${version#v}
        case $version in
          '' | *[!0-9A-Za-z.-]*) misused "\"$version\" is no version" ;;
        esac
        shift
        ;;
      --prefix=*)
        prefix=${1#*=}
        [ -n "$prefix" ] || misused "--prefix takes a directory"
        shift
        ;;
      --dry-run)
        dry_run=yes
        shift
        ;;
      -h | --help)
        usage
        exit 0
        ;;
      *) misused "there is no option \"$1\"" ;;
    esac
  done
  if [ -z "$prefix" ]; then
    [ -n "${HOME:-}" ] || fail "there is no HOME to install to" "say where: --prefix DIR"
    prefix=$HOME/.local
  fi
  case $prefix in
    /*) ;;
    *) prefix=$PWD/$prefix ;;
  esac
  prefix=${prefix%/}
}

# The machine, as the archives call it; refuses those that no archive is made for.
find_target() {
  system=$(uname -s)
  machine=$(uname -m)
  # A shell that is translated from Intel's machine code does not say what the machine is.
  if [ "$system" = Darwin ] && [ "$(sysctl -n sysctl.proc_translated 2>/dev/null)" = 1 ]; then
    machine=arm64
  fi
  case $machine in
    x86_64 | amd64) machine=x86_64 loader=/lib64/ld-linux-x86-64.so.2 ;;
    aarch64 | arm64) machine=aarch64 loader=/lib/ld-linux-aarch64.so.1 ;;
    *) fail "there is no kstops for $system on $machine" "it is made for x86_64 and arm64" ;;
  esac
  case $system in
    Linux) target=$machine-unknown-linux-gnu ;;
    Darwin) target=$machine-apple-darwin ;;
    MINGW* | MSYS* | CYGWIN* | Windows*)
      fail "there is no kstops for Windows itself" "run this in WSL, where tmux is"
      ;;
    *) fail "there is no kstops for $system" "it is made for Linux and macOS" ;;
  esac
  if [ "$system" = Linux ] && [ ! -e "$loader" ]; then
    fail "this system has no glibc ($loader), which kstops needs" \
      "Alpine and others with musl cannot run it: use it in a container or a chroot of Debian"
  fi
}

# Where files are fetched from, which may be a directory.
find_source() {
  if [ -n "${KSTOPS_INSTALL_FROM:-}" ]; then
    source=${KSTOPS_INSTALL_FROM%/}
    case $source in
      file://*) source=${source#file://} ;;
    esac
  elif [ -n "$version" ]; then
    source=$REPOSITORY/releases/download/v$version
  else
    source=$REPOSITORY/releases/latest/download
  fi
}

# fetch NAME: into the scratch directory.
fetch() {
  case $source in
    http://* | https://*) download "$source/$1" "$scratch/$1" ;;
    *)
      [ -f "$source/$1" ] || fail "there is no $source/$1"
      cp "$source/$1" "$scratch/$1" || fail "cannot read $source/$1"
      ;;
  esac
}

# download ADDRESS FILE
download() {
  if has curl; then
    # What began over TLS must not go on without.
    case $1 in
      https://*) set -- "$1" "$2" --proto =https --tlsv1.2 ;;
    esac
    address=$1 file=$2
    shift 2
    curl --fail --silent --show-error --location "$@" --output "$file" "$address" ||
      fail "cannot download $address"
  elif has wget; then
    wget -q -O "$2" "$1" || fail "cannot download $1"
  else
    fail "there is neither curl nor wget to download with" "install one of them"
  fi
}

# Which archive of the list is this machine's, and its sum: sets archive, sum and version.
choose_archive() {
  archive=
  # A last line without an end is read all the same.
  while read -r each_sum each || [ -n "${each:-}" ]; do
    each=${each#\*}
    # Without a version the pattern takes any.
    # shellcheck disable=SC2254
    case $each in
      kstops-${version:-*}-$target.tar.gz) ;;
      *) continue ;;
    esac
    [ -z "$archive" ] || fail "$source has more than one kstops for $target" "choose: --version VERSION"
    archive=$each
    sum=$each_sum
  done <"$scratch/SHA256SUMS"
  [ -n "$archive" ] ||
    fail "$source/SHA256SUMS has no kstops ${version:+$version }for $target"
  version=${archive#kstops-}
  version=${version%"-$target.tar.gz"}
  # The latest one may be another one by the time that the archive is fetched.
  if [ "$source" = "$REPOSITORY/releases/latest/download" ]; then
    source=$REPOSITORY/releases/download/v$version
  fi
}

check_sum() {
  if has sha256sum; then
    found=$(sha256sum <"$scratch/$archive")
  elif has shasum; then
    found=$(shasum -a 256 <"$scratch/$archive")
  else
    fail "there is neither sha256sum nor shasum to check the archive with" "install one of them"
  fi
  found=${found%% *}
  [ "$found" = "$sum" ] ||
    fail "$archive is not what SHA256SUMS says: its sum is $found, and should be $sum" \
      "nothing was installed; try again, and do not use that file"
}

unpack() {
  # -m: where the clock is behind, tar would complain of times that are to come.
  tar -xzmf "$scratch/$archive" -C "$scratch" || fail "cannot unpack $archive"
  unpacked=$scratch/${archive%.tar.gz}
  [ -f "$unpacked/bin/kstops" ] || fail "$archive has no kstops in it"
}

# put_beside FILE MODE: copies a file of the archive to its directory below the prefix, under a name
# that nothing knows: sets half_done.
put_beside() {
  directory=$prefix/$(dirname "$1")
  reason=$(mkdir -p "$directory" 2>&1) ||
    fail "cannot make the directory $directory: ${reason##*: }" "choose another one: --prefix DIR"
  half_done=$directory/.kstops-install.$$
  reason=$(cp "$unpacked/$1" "$half_done" 2>&1 && chmod "$2" "$half_done" 2>&1) ||
    fail "cannot write to $directory: ${reason##*: }" "choose another one: --prefix DIR"
}

# give_name FILE: what was put beside gets its name, in one step.
give_name() {
  reason=$(mv -f "$half_done" "$prefix/$1" 2>&1) || fail "cannot write $prefix/$1: ${reason##*: }"
  half_done=
}

# The program is tried in its directory, since others may not allow programs.
try_program() {
  said=$("$1" --version 2>&1) || fail "kstops does not run on this system: $said"
  [ "$said" = "kstops $version" ] ||
    fail "the program in $archive is not kstops $version: it says \"$said\""
}

clear_up() {
  [ -z "$half_done" ] || rm -f "$half_done"
  [ -z "$program" ] || rm -f "$program"
  [ -z "$scratch" ] || rm -rf "$scratch"
}

say_what_is_left() {
  case :$PATH: in
    *":$prefix/bin:"*)
      first=$(command -v kstops || true)
      [ "$first" = "$prefix/bin/kstops" ] || echo "Note: on your PATH, $first comes first."
      ;;
    *)
      echo "Note: $prefix/bin is not on your PATH. In ~/.profile, or what your shell reads:"
      echo "  export PATH=\"$prefix/bin:\$PATH\""
      ;;
  esac
}

main() {
  half_done=
  program=
  scratch=
  read_options "$@"
  find_target
  find_source
  if [ -n "$dry_run" ]; then
    name=kstops-${version:-VERSION}-$target
    echo "Would download $source/SHA256SUMS"
    echo "Would download $source/$name.tar.gz"
    echo "Would check the sum of $name.tar.gz"
    echo "Would install $prefix/bin/kstops"
    echo "Would install the man page and completions below $prefix/share"
    say_what_is_left
    return
  fi
  trap clear_up EXIT
  trap 'exit 129' HUP
  trap 'exit 130' INT
  trap 'exit 143' TERM
  scratch=$(mktemp -d) || fail "cannot make a temporary directory" "set TMPDIR to one that you can write to"
  echo "Downloading $source/SHA256SUMS"
  fetch SHA256SUMS
  choose_archive
  echo "Downloading $source/$archive"
  fetch "$archive"
  echo "Checking the sum of $archive"
  check_sum
  unpack
  put_beside bin/kstops 755
  program=$half_done
  try_program "$program"
  for file in \
    share/man/man1/kstops.1 \
    share/bash-completion/completions/kstops \
    share/zsh/site-functions/_kstops \
    share/fish/vendor_completions.d/kstops.fish; do
    echo "Installing $prefix/$file"
    put_beside "$file" 644
    give_name "$file"
  done
  echo "Installing $prefix/bin/kstops"
  half_done=$program
  give_name bin/kstops
  echo "Installed kstops $version"
  say_what_is_left
}

# In braces, since a shell would also run the beginning of a line.
{ main "$@"; }
