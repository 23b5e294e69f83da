import config from "../deno.json" with { type: "json" };

/** The version of this kstops. */
export const VERSION: string = config.version;
