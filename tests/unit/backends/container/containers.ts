/** Containers as the tests of the container backend need them. */
import {
  DEFINITION_LABEL,
  RUN_LABEL,
  SESSION_LABEL,
} from "../../../../src/backends/container/args.ts";
import type { Client } from "../../../../src/backends/container/clients.ts";
import type { Response } from "../../../../src/backends/container/responses.ts";
import type { ExpectedCall } from "../../../support/fake_world.ts";

/** podman's own client. */
export const PODMAN: Client = { runtime: "podman", dialect: "podman", program: "podman" };
/** docker's own client. */
export const DOCKER: Client = { runtime: "docker", dialect: "docker", program: "docker" };

/** The text of a recorded answer: see `tests/fixtures/README.md`. */
export function recorded(path: string): string {
  return Deno.readTextFileSync(new URL(`../../../fixtures/${path}`, import.meta.url));
}

/** A full id that begins so. */
export function idOf(start: string): string {
  return start.padEnd(64, "0");
}

/** The image of containers. */
export const IMAGE_ID = idOf("1");

/** What `image inspect` answers about images with these labels. */
export function imageAnswer(
  images: Readonly<Record<string, Readonly<Record<string, string>> | null>>,
  prefix = "sha256:",
): string {
  return JSON.stringify(
    Object.entries(images).map(([id, Labels]) => ({ Id: `${prefix}${id}`, Config: { Labels } })),
  );
}

/** The labels of a container that kstops made. */
export function labelsOf(
  name: string,
  { runId = "000000000001", record = {} }: { runId?: string; record?: object } = {},
): Record<string, string> {
  return {
    [SESSION_LABEL]: name,
    [RUN_LABEL]: runId,
    [DEFINITION_LABEL]: JSON.stringify({
      ...{ image: "busybox:1", command: ["sleep", "60"], working_dir: null, env: [] },
      ...{ volumes: [], log_volume: null, ports: [], network: null, user: null, restart: null },
      ...{ run_args: [], stop_signal: null, stop_timeout: 10 },
      ...{ log_capture: true, log_max_bytes: 1000, log_keep: 3 },
      ...record,
    }),
  };
}

/** A container as `inspect` has it, one that runs unless told. */
export interface Inspected {
  readonly id?: string;
  readonly name?: string;
  readonly status?: string;
  readonly pid?: number;
  readonly exitCode?: number;
  /** RFC 3339; the year 1 is never. */
  readonly created?: string;
  readonly started?: string;
  readonly finished?: string;
  /** The name of its restart policy. */
  readonly policy?: string;
  readonly error?: string;
  readonly outOfMemory?: boolean;
  readonly restarts?: number;
  readonly labels?: Readonly<Record<string, string>> | null;
  /** What it was asked to be made of; the id of that is {@link IMAGE_ID} unless told. */
  readonly image?: string;
  readonly imageId?: string;
  readonly tty?: boolean;
}

const NEVER = "0001-01-01T00:00:00Z";

/** What `container inspect` of docker answers about them. */
export function inspectAnswer(...containers: readonly Inspected[]): string {
  return JSON.stringify(containers.map((container) => {
    const { name = "astro", status = "running", pid = status === "running" ? 77 : 0 } = container;
    return {
      Id: container.id ?? idOf("a"),
      Image: `sha256:${container.imageId ?? IMAGE_ID}`,
      Created: container.created ?? "2026-01-02T03:00:00.5Z",
      Path: "sleep",
      Args: ["60"],
      State: {
        Status: status,
        Pid: pid,
        ExitCode: container.exitCode ?? 0,
        Error: container.error ?? "",
        OOMKilled: container.outOfMemory ?? false,
        StartedAt: container.started ?? "2026-01-02T03:00:01.25Z",
        FinishedAt: container.finished ?? NEVER,
      },
      Name: `/${name}`,
      RestartCount: container.restarts ?? 0,
      Config: {
        Tty: container.tty ?? true,
        Env: [],
        Image: container.image ?? "busybox:1",
        WorkingDir: "",
        Labels: container.labels === undefined ? labelsOf(name) : container.labels,
      },
      HostConfig: { PortBindings: {}, RestartPolicy: { Name: container.policy ?? "no" } },
      NetworkSettings: { Ports: {} },
    };
  }));
}

/** A container in docker's list, of which the daemon may then say something else than what it is. */
export type Listed = Inspected & { readonly answer?: Response };

/** The daemon's word for a container that has gone since it was listed. */
export function gone(id: string): Response {
  return { status: 404, body: JSON.stringify({ message: `No such container: ${id}` }) };
}

/** A conversation with docker's daemon about these containers. */
export function dialled(...containers: readonly Listed[]): ExpectedCall {
  const ids = containers.map(({ id = idOf("a") }) => id);
  const described = containers.map((container): Response =>
    container.answer ??
      { status: 200, body: JSON.stringify(JSON.parse(inspectAnswer(container))[0]) }
  );
  const list = {
    status: 200,
    body: JSON.stringify(
      containers.map(({ name = "astro" }, index) => ({ Id: ids[index], Names: [`/${name}`] })),
    ),
  };
  const requests = ["/containers/json?all=1", ...ids.map((id) => `/containers/${id}/json`)];
  return {
    argv: DIAL,
    stdin: requests.map((path, index) => {
      const isLast = index > 0 && index === ids.length;
      return `GET ${path} HTTP/1.1\r\nHost: docker\r\n${isLast ? "Connection: close\r\n" : ""}\r\n`;
    }).join(""),
    stdout: [list, ...described].map(sent).join(""),
  };
}

/** How docker's daemon is spoken with. */
export const DIAL: readonly string[] = ["docker", "system", "dial-stdio"];

/** A response as it is sent. */
export function sent({ status, body }: Response): string {
  const length = new TextEncoder().encode(body).length;
  return `HTTP/1.1 ${status} Whatever\r\nContent-Length: ${length}\r\n\r\n${body}`;
}

/** What podman's list says of them. */
export function podmanListAnswer(...containers: readonly Inspected[]): string {
  return JSON.stringify(containers.map((container) => {
    const { name = "astro", status = "running", finished } = container;
    return {
      Id: container.id ?? idOf("a"),
      Names: [name],
      State: status,
      Pid: container.pid ?? (status === "running" ? 77 : 0),
      Exited: finished !== undefined,
      ExitedAt: finished === undefined ? -62135596800 : new Date(finished).getTime() / 1000,
      ExitCode: container.exitCode ?? 0,
      Created: Math.floor(Date.parse(container.created ?? "2026-01-02T03:00:00Z") / 1000),
      Image: container.image ?? "busybox:1",
      ImageID: container.imageId ?? IMAGE_ID,
      Command: ["sleep", "60"],
      Ports: null,
      Labels: container.labels === undefined ? labelsOf(name) : container.labels,
    };
  }));
}
