/** Decides whose a container is: a label counts only if the container itself was given it. */
import type { ExecResult } from "../../world/world.ts";
import {
  type Call,
  DEFINITION_LABEL,
  inspectImages,
  PROTECTED_LABEL,
  RUN_LABEL,
  SESSION_LABEL,
} from "./args.ts";
import type { Client } from "./clients.ts";
import { fieldsOf, GarbledAnswerError, labelsOf, listOf, parseJson, textOf } from "./fields.ts";
import { isManaged, recordOf } from "./labels.ts";
import { OF_QUESTIONS } from "./list.ts";
import { type Container, withoutPrefix } from "./parse.ts";

/** Asks the client of a runtime. */
type Ask = (call: Call) => Promise<ExecResult>;

type Labels = Readonly<Record<string, string>>;

/** The labels of images, by image id. */
type Images = ReadonlyMap<string, Labels>;

/**
 * Containers with the names of their sessions, whatever their runtime calls them now. A container
 * whose image was made from a session's container (`commit`) has the labels of that session without
 * being one: these labels are removed here.
 */
export async function identified(
  client: Client,
  containers: readonly Container[],
  ask: Ask,
): Promise<readonly Container[]> {
  const ids = containers.flatMap((each) => isDoubtful(each) ? each.imageId ?? [] : []);
  const images = ids.length === 0
    ? new Map<string, Labels>()
    : await labelsOfImages(client, [...new Set(ids)], ask);
  return withoutCopies(containers.map((container) => identify(container, images)));
}

/**
 * Whether only its image can tell whether its labels are its own. Asking costs a call, so
 * containers with the name and image from their labels are not asked about.
 */
function isDoubtful(container: Container): boolean {
  const session = container.labels[SESSION_LABEL];
  // Without an id or a name its owner cannot be known.
  if (!session || container.id === "" || container.name === "") return false;
  return session !== container.name || !hasImageOfRecord(container);
}

/** Whether it has the image from its labels, whose name runtimes complete. */
function hasImageOfRecord(container: Container): boolean {
  const asked = recordOf({ ...container, name: container.labels[SESSION_LABEL] ?? "" })?.image;
  if (asked === undefined || container.image === null) return true;
  return [asked, `${asked}:latest`].some((name) =>
    container.image === name || container.image?.endsWith(`/${name}`)
  );
}

function identify(container: Container, images: Images): Container {
  if (!isDoubtful(container)) return container;
  const { name, labels, imageId } = container;
  const ofImage = imageId === null ? undefined : images.get(imageId);
  const mark = RUN_LABEL in labels ? RUN_LABEL : SESSION_LABEL;
  if (ofImage?.[mark] === labels[mark]) return disowned(container);
  const session = labels[SESSION_LABEL] ?? "";
  if (session === name) return container;
  // Without its image, or a run, nobody knows where labels with another name come from.
  const isKnown = ofImage !== undefined || hasImageOfRecord(container);
  if (!isKnown || !(RUN_LABEL in labels)) return disowned(container);
  return { ...container, name: session, engineName: name };
}

/** The container as a foreign one. */
export function disowned(container: Container): Container {
  const { engineName, ...rest } = container;
  const { [SESSION_LABEL]: _session, [RUN_LABEL]: _run, ...more } = container.labels;
  const { [PROTECTED_LABEL]: _protected, [DEFINITION_LABEL]: _definition, ...labels } = more;
  return { ...rest, name: engineName ?? rest.name, labels };
}

/**
 * One run is one container: other containers with its labels (`podman container clone`, tools that
 * recreate containers) are foreign. The container with its own name counts, or else the oldest.
 */
function withoutCopies(containers: readonly Container[]): readonly Container[] {
  const runs = Map.groupBy(
    containers.filter((each) => isManaged(each) && RUN_LABEL in each.labels),
    ({ labels }) => labels[RUN_LABEL],
  );
  const age = ({ createdAt }: Container) => createdAt?.getTime() ?? 0;
  const rank = ({ engineName }: Container) => engineName === undefined ? 0 : 1;
  const copies = new Set(
    [...runs.values()].flatMap((same) =>
      same.toSorted((a, b) => rank(a) - rank(b) || age(a) - age(b)).slice(1)
    ),
  );
  return copies.size === 0
    ? containers
    : containers.map((each) => copies.has(each) ? disowned(each) : each);
}

/** The labels of images. Images that have gone are left out. */
async function labelsOfImages(
  client: Client,
  ids: readonly string[],
  ask: Ask,
): Promise<Images> {
  const { stdout } = await ask({ argv: inspectImages(client, ids), env: OF_QUESTIONS });
  try {
    return new Map(
      listOf(parseJson(stdout)).map((row) => {
        const image = fieldsOf(row);
        const { Labels: labels } = fieldsOf(image["Config"] ?? {});
        return [withoutPrefix(textOf(image["Id"])), labelsOf(labels ?? {})];
      }),
    );
  } catch (error) {
    if (error instanceof GarbledAnswerError) return new Map();
    throw error;
  }
}
