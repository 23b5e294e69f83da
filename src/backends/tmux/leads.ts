/** Variables that lead a client of tmux to other servers than usual. */
export const LEADS: readonly string[] = ["TMUX_TMPDIR"];
