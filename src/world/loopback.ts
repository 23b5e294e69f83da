/** What listens on this machine; see {@link Loopback}. */
import type { Socket } from "node:net";
import type { Loopback } from "./world.ts";

/** More than the first line of an answer has. */
const MOST_HEAD = 4096;

/** The addresses that a host stands for: programs listen on one of those of localhost, or on both. */
function addressesOf(host: string): readonly string[] {
  return host.toLowerCase() === "localhost" ? ["127.0.0.1", "::1"] : [host.replace(/^\[|\]$/g, "")];
}

/** See {@link Loopback.connect}. */
export const connect: Loopback["connect"] = async ({ host, port }, timeoutMs) => {
  const open = await opener(false);
  let reason = "";
  for (const address of addressesOf(host)) {
    const found = await inTime(
      timeoutMs,
      (done, fail) => open({ host: address, port }, { onOpen: () => done(null), onError: fail }),
    );
    if (found === null) return null;
    reason = String(found);
  }
  return reason;
};

/** See {@link Loopback.get}. */
export const get: Loopback["get"] = async (url, timeoutMs) => {
  const isSafe = url.protocol === "https:";
  const open = await opener(isSafe);
  const port = Number(url.port || (isSafe ? 443 : 80));
  const request = `GET ${url.pathname}${url.search} HTTP/1.1\r\nHost: ${url.host}\r\n` +
    "User-Agent: kstops\r\nAccept: */*\r\nConnection: close\r\n\r\n";
  let reason: string | number = "";
  for (const address of addressesOf(url.hostname)) {
    reason = await inTime<number | string>(timeoutMs, (done, fail) => {
      let head = "";
      const socket = open({ host: address, port }, {
        onOpen: () => socket.write(request),
        onError: fail,
      });
      socket.on("data", (bytes: Uint8Array) => {
        head += new TextDecoder().decode(bytes);
        const status = /^HTTP\/\S+ (\d{3})[^\n]*\n/.exec(head)?.[1];
        if (status !== undefined) done(Number(status));
        else if (head.length > MOST_HEAD || head.includes("\n")) fail("the answer is no HTTP");
      });
      socket.on("end", () => fail("the connection was closed without an answer"));
      return socket;
    });
    if (typeof reason === "number") break;
  }
  return reason;
};

/** The first of what is said of a socket, which is closed then; a reason where the time is up. */
async function inTime<T>(
  timeoutMs: number,
  open: (done: (value: T) => void, fail: (reason: string) => void) => Socket,
): Promise<T | string> {
  const said = Promise.withResolvers<T | string>();
  const timer = setTimeout(
    () => said.resolve(`there was no answer within ${timeoutMs / 1000} s`),
    timeoutMs,
  );
  const socket = open(said.resolve, said.resolve);
  try {
    return await said.promise;
  } finally {
    clearTimeout(timer);
    socket.destroy();
  }
}

type Open = (
  target: { readonly host: string; readonly port: number },
  heard: { readonly onOpen: () => void; readonly onError: (reason: string) => void },
) => Socket;

/** What opens connections, by TLS if need be. Loaded here: hardly any command needs it. */
async function opener(isSafe: boolean): Promise<Open> {
  const [tls, net] = isSafe
    ? [await import("node:tls"), null] as const
    : [null, await import("node:net")] as const;
  return (target, { onOpen, onError }) => {
    const socket = tls === null
      ? net.connect(target, onOpen)
      : tls.connect({ ...target, rejectUnauthorized: false }, onOpen);
    socket.on("error", (error: Error & { readonly code?: string }) => {
      onError(error.code === "ECONNREFUSED" ? "the connection was refused" : error.message);
    });
    return socket;
  };
}
