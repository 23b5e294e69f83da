/** The two programs that are compared: kstops, and an empty one as the floor under it. */

/** Paths of both. */
export interface Programs {
  readonly kstops: string;
  readonly empty: string;
}

/** One of them is missing and cannot be built here. */
export class ProgramError extends Error {}

/**
 * Puts both programs into a directory. An empty program is built as `tools/compile` builds kstops;
 * it also obeys `KSTOPS_COMPILER` and `DENORT_BIN`.
 *
 * @throws {ProgramError} when there is no kstops, or nothing to compile with
 */
export async function preparePrograms(directory: string): Promise<Programs> {
  const programs = { kstops: `${directory}/kstops`, empty: `${directory}/empty` };
  const compiled = `${directory}/compiled`;
  // How a file came onto the disk affects how fast it is read (5 % were seen): both are copies.
  await copyProgram(kstopsPath(), programs.kstops);
  await compileEmpty(compiled);
  await copyProgram(compiled, programs.empty);
  if (!await shareRuntime(programs)) {
    throw new ProgramError(
      `kstops was compiled with another runtime than the empty program: ${COMPILER_HINT}`,
    );
  }
  return programs;
}

const COMPILER_HINT = "set KSTOPS_COMPILER and DENORT_BIN as for deno task compile";

function kstopsPath(): string {
  const chosen = Deno.env.get("KSTOPS_BIN");
  return chosen ? chosen : new URL("../dist/kstops", import.meta.url).pathname;
}

async function copyProgram(from: string, to: string): Promise<void> {
  try {
    await Deno.copyFile(from, to);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
    throw new ProgramError(`${from} is missing: make it with deno task compile, or set KSTOPS_BIN`);
  }
}

async function compileEmpty(output: string): Promise<void> {
  const source = `${output}.js`;
  await Deno.writeTextFile(source, "");
  const compiler = Deno.env.get("KSTOPS_COMPILER") || Deno.execPath();
  const flags = "--quiet --no-check --no-config --no-lock --no-code-cache --no-prompt " +
    "--allow-run --allow-read --allow-write --allow-env --allow-sys";
  const { success, stderr } = await new Deno.Command(compiler, {
    args: ["compile", ...flags.split(" "), "--output", output, source],
  }).output();
  if (success) return;
  const text = new TextDecoder().decode(stderr).trim();
  throw new ProgramError(
    `an empty program could not be compiled with ${compiler} (${COMPILER_HINT}):\n${text}`,
  );
}

/**
 * Whether both contain the same runtime, which makes up nearly all of them: ratios over another one
 * would mean nothing. Compares a piece in the middle.
 */
async function shareRuntime({ kstops, empty }: Programs): Promise<boolean> {
  const [ours, theirs] = await Promise.all([pieceOf(kstops), pieceOf(empty)]);
  return ours.every((byte, index) => byte === theirs[index]);
}

async function pieceOf(path: string): Promise<Uint8Array> {
  using file = await Deno.open(path);
  await file.seek(32_000_000, Deno.SeekMode.Start);
  const piece = new Uint8Array(65_536);
  await file.read(piece);
  return piece;
}
