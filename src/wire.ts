/** The JSON that scripts get. Keys are written by hand: they are a promise, and only ever added to. */
import type { Json } from "./errors.ts";
import type { PortBinding, SessionStatus } from "./model.ts";

/** The one JSON shape of a session, in `list` and `status` alike. */
export function statusToWire(status: SessionStatus): { [key: string]: Json } {
  return {
    name: status.name,
    backend: status.backend,
    state: status.state,
    pid: status.pid,
    exit_code: status.exitCode,
    signal: status.signal,
    created_at: time(status.createdAt),
    finished_at: time(status.finishedAt),
    managed: status.managed,
    defined: status.defined,
    engine: status.engine,
    engine_state: status.engineState,
    socket_name: status.socketName,
    window_count: status.windowCount,
    attached: status.attached,
    id: status.id,
    image: status.image,
    ports: status.ports?.map(portToWire) ?? null,
    command: status.command,
    working_dir: status.workingDir,
    reason: status.reason,
    project: status.project,
    config_file: status.configFile,
    leftovers: status.leftovers,
    restart_policy: status.restartPolicy,
    restarts: status.restarts,
    next_restart_at: time(status.nextRestartAt),
    health: status.health,
    groups: status.groups,
    drift: status.drift,
  };
}

/** The JSON of a change: the resulting status, and the operation that recorded it. */
export function changeToWire(
  status: SessionStatus,
  operationId: string | null,
): { [key: string]: Json } {
  return { ...statusToWire(status), operation_id: operationId };
}

function portToWire(port: PortBinding): { [key: string]: Json } {
  return {
    host_ip: port.hostIp,
    host_port: port.hostPort,
    container_port: port.containerPort,
    protocol: port.protocol,
  };
}

/** ISO 8601 in UTC, to the second if no fraction is known. */
export function time(date: Date | null): string | null {
  return date === null ? null : date.toISOString().replace(".000Z", "Z");
}
