# Completions of kstops for bash 4 and newer. Either of these installs them:
#
#   echo 'source <(kstops completions bash)' >> ~/.bashrc
#
#   # where the package bash-completion is in use
#   mkdir -p ~/.local/share/bash-completion/completions
#   kstops completions bash > ~/.local/share/bash-completion/completions/kstops

_kstops() {
  local answer
  COMPREPLY=()
  # The line goes to kstops as text, and what comes back is text: nothing in either is evaluated.
  {
    mapfile -t answer <<<"$(command kstops __complete bash "${COMP_LINE:0:COMP_POINT}" "${2-}")"
    case ${answer[0]-} in
      words*) COMPREPLY=("${answer[@]:1}") ;;
      files*) compopt -o default ;;
      directories*) compopt -o dirnames ;;
    esac
  } 2>/dev/null || return 0
}

complete -F _kstops kstops
