/** The container backend on a real podman: the suite of all backends. */
import { containerHarness } from "./container_setup.ts";
import { runnerSuite } from "./suite.ts";

runnerSuite(containerHarness("podman"));
