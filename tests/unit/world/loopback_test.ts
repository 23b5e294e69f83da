import { equal, match } from "node:assert/strict";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { createServer as createRaw } from "node:net";
import { denoWorld } from "../../../src/world/deno.ts";

const { loopback } = denoWorld();
const PATIENT_MS = 60_000;

/** A server on this machine, while something is done. */
async function serving(
  handle: Parameters<typeof createServer>[1],
  work: (port: number) => Promise<void>,
): Promise<void> {
  const server = createServer(handle);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  try {
    await work((server.address() as AddressInfo).port);
  } finally {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }
}

/** What says something to whoever connects. */
async function saying(words: string, work: (port: number) => Promise<void>): Promise<void> {
  const server = createRaw((socket) => {
    socket.on("error", () => {}).resume();
    if (words !== "") socket.end(words);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  try {
    await work((server.address() as AddressInfo).port);
  } finally {
    await new Promise((resolve) => server.close(resolve));
  }
}

Deno.test("an answer by HTTP has its status, and a redirect is not followed", async () => {
  const asked: string[] = [];
  await serving((request, response) => {
    asked.push(`${request.method} ${request.url} ${request.headers.host}`);
    response.writeHead(request.url === "/moved" ? 302 : 503, { location: "/ready" }).end("x");
  }, async (port) => {
    equal(await loopback.get(new URL(`http://localhost:${port}/moved`), PATIENT_MS), 302);
    equal(await loopback.get(new URL(`http://127.0.0.1:${port}/a?b=1#c`), PATIENT_MS), 503);
    equal(asked.join(), `GET /moved localhost:${port},GET /a?b=1 127.0.0.1:${port}`);
  });
});

Deno.test("what listens can be connected to, by any name of this machine", async () => {
  await saying("hello", async (port) => {
    equal(await loopback.connect({ host: "127.0.0.1", port }, PATIENT_MS), null);
    equal(await loopback.connect({ host: "localhost", port }, PATIENT_MS), null);
  });
});

Deno.test("where nobody listens, that is said", async () => {
  let free = 0;
  await saying("", (port) => Promise.resolve(void (free = port)));
  const refused = "the connection was refused";
  equal(await loopback.connect({ host: "127.0.0.1", port: free }, PATIENT_MS), refused);
  equal(await loopback.get(new URL(`http://127.0.0.1:${free}/`), PATIENT_MS), refused);
});

Deno.test("what is no answer by HTTP is none", async () => {
  await saying("220 mail ready\r\n", async (port) => {
    match(String(await loopback.get(new URL(`http://127.0.0.1:${port}/`), PATIENT_MS)), /no HTTP/);
  });
  await saying("x".repeat(10_000), async (port) => {
    match(String(await loopback.get(new URL(`http://127.0.0.1:${port}/`), PATIENT_MS)), /no HTTP/);
  });
});

Deno.test("one that does not answer is not waited for longer than told", async () => {
  await serving(() => {}, async (port) => {
    const why = await loopback.get(new URL(`http://127.0.0.1:${port}/`), 50);
    equal(why, "there was no answer within 0.05 s");
  });
});
