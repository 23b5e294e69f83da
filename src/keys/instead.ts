/** What to do instead where a key does not apply, for people who move a session to another backend. */
import type { SESSION_KEYS } from "./session_keys.ts";

type Table = typeof SESSION_KEYS;
/** The keys that only one backend has. */
type Only = {
  [Name in keyof Table]: Table[Name] extends { readonly only: string } ? Name : never;
}[keyof Table];

/** By the names of keys; `working_dir` means another place on each backend. */
export const INSTEAD: Readonly<Record<Only | "working_dir", string>> = {
  image: "the program and what it needs have to be installed on this machine",
  log_volume: "kstops keeps what it prints all the same",
  network: "the program uses the network of this machine",
  ports: "the program listens on this machine itself: say in its command where",
  restart_delay: "the runtime has a delay of its own",
  restart_max_delay: "the runtime has a delay of its own",
  restart_reset: "the runtime counts failures in its own way",
  run_args: "limits are for the command itself to set, as with ulimit or nice",
  runtime: "nothing is needed",
  socket_name: "nothing is needed: a container has no socket",
  stop_scope: "the runtime asks the first process, which has to tell the others",
  success_exit_codes: "the runtime takes every other code than 0 for a failure",
  tty: "every session has a terminal",
  user: "the program runs as whoever starts it",
  volumes: "the program sees the files of this machine: use their own paths",
  working_dir: "it begins where its image says, or in the directory of the config",
};
