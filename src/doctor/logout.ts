/** Findings about whether sessions survive the logout of their user. Pure. */
import { isBelowUserManager, loginScopeIn } from "../boot/groups.ts";
import { quote } from "../errors.ts";
import { shellWord } from "../shell.ts";
import { type Answer, type Finding, namesText, ok, skipped, wrong } from "../model/finding.ts";

/** The facts about what ends processes at logout; null: no systemd runs here. */
export type LogoutFacts = {
  readonly user: string;
  /** Whether the user's service manager runs without a login. */
  readonly linger: boolean;
  /** Whether logind kills what is left of this user's login sessions. */
  readonly kills: Answer<boolean>;
  /** The control groups of the tmux servers; null: unknown. */
  readonly servers: readonly { readonly socketName: string; readonly cgroup: string | null }[];
  /** The control group of this process, and of any server that it starts directly. */
  readonly here: string | null;
  /** Whether a server that is started from here gets a scope of its own instead. */
  readonly scoped: boolean;
  /** Whether podman runs containers as this user. */
  readonly rootlessPodman: boolean;
} | null;

/** Findings about what a logout does to tmux servers and rootless containers. */
export function logoutFindings(facts: LogoutFacts): readonly Finding[] {
  if (facts === null) {
    return [skipped("logout.tmux", "no systemd runs here, so nothing ends sessions at a logout")];
  }
  const { user, linger, servers, here, scoped, rootlessPodman } = facts;
  const places = new Map<string | null, string[]>();
  for (const { socketName, cgroup } of servers) {
    places.set(cgroup, [...places.get(cgroup) ?? [], quote(socketName)]);
  }
  const inTmux = servers.length === 0
    ? [
      scoped
        ? ok(CHECK, `a tmux server started from here survives a logout: ${OWN_SCOPE}`, {
          ...{ cgroup: here, user, linger, kills: killsOf(facts) },
        })
        : placeFinding("a tmux server started from here", here, facts),
    ]
    : [...places].map(([cgroup, names]) =>
      placeFinding(`tmux on socket ${namesText(names)}`, cgroup, facts)
    );
  if (!rootlessPodman) return inTmux;
  const check = "logout.containers";
  const containers = linger
    ? ok(check, `rootless containers survive a logout: ${user} lingers`, { user, linger })
    : wrong("warning", check, {
      message: `rootless containers end when ${user} logs out: ${user} does not linger`,
      fix: lingerFix(user),
      details: { user, linger },
    });
  return [...inTmux, containers];
}

function lingerFix(user: string): string {
  return `run: loginctl enable-linger ${shellWord(user)}`;
}

const CHECK = "logout.tmux";

const OWN_SCOPE = "it gets a scope of its own";

function killsOf({ kills }: NonNullable<LogoutFacts>): boolean | null {
  return kills.kind === "answered" ? kills.value : null;
}

function placeFinding(
  what: string,
  cgroup: string | null,
  facts: NonNullable<LogoutFacts>,
): Finding {
  const check = CHECK;
  const { user, linger, kills } = facts;
  const details = { cgroup, user, linger, kills: killsOf(facts) };
  if (cgroup === null) {
    return skipped(
      check,
      `it is unknown whether ${what} survives a logout: its group cannot be read`,
      {
        details,
      },
    );
  }
  if (isBelowUserManager(cgroup)) {
    return linger
      ? ok(check, `${what} survives a logout: ${user} lingers`, details)
      : wrong("warning", check, {
        message: `${what} ends when ${user} logs out: it runs below the user's service manager, ` +
          `and ${user} does not linger`,
        fix: lingerFix(user),
        details,
      });
  }
  const scope = loginScopeIn(cgroup);
  if (scope === null) {
    return ok(check, `${what} survives a logout: it is in no login session (${cgroup})`, details);
  }
  if (kills.kind === "failed") {
    return skipped(check, `it is unknown whether ${what} survives a logout: ${kills.reason}`, {
      fix: "see KillUserProcesses in /etc/systemd/logind.conf",
      details,
    });
  }
  return kills.value
    ? wrong("warning", check, {
      message: `${what} ends when ${user} logs out: it is in ${scope}, and logind kills what is ` +
        "left there (KillUserProcesses=yes)",
      // A new server of a user who lingers gets a scope of its own.
      fix: linger
        ? `stop the sessions on it, and start them again: then ${OWN_SCOPE}`
        : lingerFix(user),
      details,
    })
    : ok(check, `${what} survives a logout: logind leaves ${scope} alone`, details);
}

/**
 * Whether logind kills a user's processes, from its properties `KillUserProcesses KillOnlyUsers
 * KillExcludeUsers` as busctl prints them, one a line; null: the text is something else.
 */
export function killsIn(text: string, user: string): boolean | null {
  const [kill, only, except] = text.trim().split("\n");
  const named = (line: string | undefined): readonly string[] =>
    Array.from(line?.matchAll(/"([^"]*)"/g) ?? [], ([, name = ""]) => name);
  if (kill !== "b true" && kill !== "b false") return null;
  const chosen = named(only);
  return kill === "b true" && (chosen.length === 0 || chosen.includes(user)) &&
    !named(except).includes(user);
}
