/**
 * A server of the fleet on Node: `server.mjs --mark=MARK PORT`. It writes each signal that it gets
 * into the file FLEET_RECORD, and works for 2.5 s more after the first one.
 */
import { appendFileSync } from "node:fs";
import { createServer } from "node:http";
import process from "node:process";

const DRAIN_MS = 2500;

const record = (what) =>
  appendFileSync(
    process.env.FLEET_RECORD,
    `${(Date.now() / 1000).toFixed(3)} ${process.pid} server ${what}\n`,
  );

const server = createServer((_request, response) => response.end("hello\n"));
let isEnding = false;
for (const name of ["SIGTERM", "SIGINT"]) {
  process.on(name, () => {
    record(`got ${name}`);
    if (isEnding) return;
    isEnding = true;
    server.close();
    setTimeout(() => {
      console.log("server says goodbye");
      record("drained");
      process.exit(0);
    }, DRAIN_MS);
  });
}
process.on("SIGHUP", () => {
  record("got SIGHUP");
  record("died of SIGHUP");
  process.exit(129);
});
server.listen(Number(process.argv[3]), "127.0.0.1", () => record("ready"));
