# Completions of kstops for fish. Either of these installs them:
#
#   kstops completions fish > ~/.config/fish/completions/kstops.fish
#
#   # in ~/.config/fish/config.fish
#   kstops completions fish | source

# Asks kstops, and is false where it leaves the matter to fish, as with the names of files.
function __kstops_ask
    command -q kstops; or return 1
    set -l words (commandline -opc) (commandline -ct)
    # The words go to kstops as text, and what comes back is text: nothing in either is evaluated.
    set -g __kstops_answer (command kstops __complete fish $words[2..-1] 2>/dev/null)
    switch "$__kstops_answer[1]"
        case 'files*'
            return 1
        case 'directories*'
            set -g __kstops_answer directories (__fish_complete_directories (commandline -ct))
    end
    return 0
end

complete -c kstops -e
complete -c kstops -n __kstops_ask -f -a '$__kstops_answer[2..-1]'
