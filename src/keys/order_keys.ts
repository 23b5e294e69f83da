/** The keys of a session that say in which order sessions start, as a part of the table of keys. */
import { CONDITIONS, MAX_DEPENDENCIES } from "../model.ts";
import type { Key } from "./form.ts";

/** The keys. */
export const ORDER_KEYS = {
  depends_on: {
    description:
      "Sessions that have to be there before it starts: names, or `{NAME: CONDITION}` with " +
      "`started` (a name alone means that), `ready`, `healthy`, or `completed`: its program has " +
      "ended with success.",
    field: "dependsOn",
    form: {
      kind: "either",
      forms: [
        {
          kind: "list",
          item: { kind: "text", check: "sessionName" },
          limit: MAX_DEPENDENCIES,
          orOne: true,
        },
        { kind: "map", item: { kind: "choice", words: CONDITIONS }, limit: MAX_DEPENDENCIES },
      ],
    },
  },
  oneshot: {
    description:
      "`true`: it is a task. Once it has ended with success, `up` does not run it again " +
      "unless its definition changed or `down` came in between. Default: `false`.",
    field: "oneshot",
    form: { kind: "flag" },
    default: false,
  },
} as const satisfies Readonly<Record<string, Key & { readonly default?: boolean }>>;
