import { type Command, Option } from "commander";
import {
  type ClientState,
  createElectionClient,
  type LeaderChange,
  UnauthorizedError,
} from "../../client/node/index.ts";
import { allLegible, legible } from "../../shared/legible.ts";
import { firstStatusOf } from "../admin.ts";
import { CommandFailure, EXIT } from "../failure.ts";
import { npmGone, npmGoneFailure } from "../npm-gone.ts";
import { type GroupOptions, name, tokenSource, wholeNumber, withConnection, withGroup, withJson } from "../options.ts";
import { paint, print, printJson, warn } from "../terminal.ts";

interface WatchOptions extends GroupOptions {
  readonly component?: string;
  readonly changes?: number;
}

export function addWatch(program: Command): void {
  const command = program.command("watch").description("shows the leader, and every change of leader, until Ctrl-C");
  withJson(withConnection(withGroup(command)), "one JSON line for each change")
    .addOption(new Option("-c, --component <component>", "the component to watch; default all").argParser(name))
    .option("--changes <number>", "end after this many changes", wholeNumber(1, Number.MAX_SAFE_INTEGER))
    .addHelpText(
      "after",
      `
The present leaders come first. After a lost connection the command reconnects by itself.

Examples:
  edge-election watch --group checkout
  edge-election watch -g checkout -c dispatcher --changes 1 --json`,
    )
    .action(watch);
}

async function watch(options: WatchOptions): Promise<void> {
  await firstStatusOf(options, options.group); // wrong settings fail at once
  const token = tokenSource(options);
  const { url, group, component, changes = Infinity } = options;
  const client = createElectionClient({
    url,
    group,
    process: { name: "edge-election watch" },
    ...(token && { token }),
  });
  client.onStateChange(tellConnection(options.json === true));
  let last: unknown;
  const controller = new AbortController();
  void npmGone(process.env).then(() => controller.abort(npmGoneFailure()));
  client.onError((error) => {
    last = error;
    // A file may receive a new token; the environment of this process never changes.
    if (error instanceof UnauthorizedError && options.tokenFile === undefined) controller.abort(error);
  });
  try {
    let seen = 0;
    for await (const change of changesOf(client, component, controller.signal)) {
      if (options.json) printJson({ at: Date.now(), ...change });
      else print(changeText(allLegible(change)));
      seen += 1;
      if (seen >= changes) break;
    }
  } catch (error) {
    throw last instanceof UnauthorizedError ? refused(last) : error;
  } finally {
    await client.close();
  }
}

/** Reports the connection once when it is lost, and once when it is back. */
function tellConnection(json: boolean): (state: ClientState) => void {
  let before: ClientState = "idle";
  let isLost = false;
  return (state) => {
    const wasLost = isLost;
    if (state === "connected") isLost = false;
    else if (state === "connecting" && before === "connected") isLost = true;
    before = state;
    if (isLost === wasLost) return;
    const connection = isLost ? "lost" : "back";
    if (json) process.stderr.write(`${JSON.stringify({ at: Date.now(), connection })}\n`);
    else warn(isLost ? "the connection is lost: trying again" : "the connection is back");
  };
}

type Observing = ReturnType<typeof createElectionClient>;

async function* changesOf(
  client: Observing,
  component: string | undefined,
  signal: AbortSignal,
): AsyncGenerator<LeaderChange> {
  if (component === undefined) return yield* client.observe(component, { signal });
  for await (const leader of client.observe(component, { signal })) yield { component, leader };
}

const refused = (cause: UnauthorizedError): CommandFailure =>
  new CommandFailure(legible(cause.message), {
    exitCode: EXIT.refused,
    code: "unauthorized",
    remedy: "Get a new token: `edge-election token` issues them.",
    cause,
  });

function changeText({ component, leader }: LeaderChange): string {
  const time = paint("dim", new Date().toISOString().slice(11, 23));
  if (leader === null) return `${time}  ${component}: ${paint("yellow", "no leader")}`;
  const who = paint("green", leader.process ?? leader.leaderSessionId);
  const where = leader.address === undefined ? "" : ` at ${leader.address}`;
  return `${time}  ${component}: ${who} leads${where}, epoch ${leader.epoch}`;
}
