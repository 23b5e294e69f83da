import type { Runtime } from "../../model.ts";

/** Variables that lead a client to another runtime than usual. */
export const LEADS: Readonly<Record<Runtime, readonly string[]>> = {
  podman: ["CONTAINER_HOST", "CONTAINER_CONNECTION", "CONTAINERS_STORAGE_CONF"],
  docker: ["DOCKER_HOST", "DOCKER_CONTEXT"],
};
