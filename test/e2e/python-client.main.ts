/**
 * `npm run python-client`: the client in Python, which was written from PROTOCOL.md alone, under faults; its trace is judged.
 * It needs `python3`, which a machine with Node alone does not have: so it is no part of `npm test`.
 */
import { stdout } from "node:process";
import { checkTrace } from "../../cli/check/check.ts";
import type { Entry } from "../../cli/check/trace.ts";
import { startLocalBackend } from "../../tools/harness/backend.ts";
import { type NodeProcess, runProgram } from "../../tools/harness/child-process.ts";
import { candidate } from "../../tools/harness/cluster.ts";
import { temporaryFolder } from "../../tools/harness/folder.ts";

const LEASE_MS = 2_000;

const lines: string[] = [JSON.stringify({ kind: "trace", version: 1, seen: "path" })];
const onTraffic = (entry: Entry): void => void lines.push(JSON.stringify(entry));
const bindings = { OPEN_MODE: "loopback", LEASE_MS: String(LEASE_MS), DRAIN_MS: "1000" };
await using folder = await temporaryFolder();
let backend = await startLocalBackend({ bindings, dataDir: folder.path, onTraffic });
const { url, port } = backend;

const start = (): NodeProcess => runProgram("python3", ["examples/python/leader.py", url, "python", "printer"]);
const step = (what: string): void => void stdout.write(`${what}\n`);

const first = start();
await first.whenWritten(/leads/);
const second = start();
const waits = ({ child }: NodeProcess): Promise<void> => candidate(url, "python", `python-${child.pid}`);
await waits(second);
step("the first one leads; an operator revokes it");
await fetch(`${url}/v1/groups/python/elections/process/revoke`, { method: "POST" });
await second.whenWritten(/leads/);
await waits(first);
step("the second one leads; it is stopped until its lease is over");
second.child.kill("SIGSTOP");
await first.whenWritten(/leads[\s\S]*stops: revoked[\s\S]*leads/);
second.child.kill("SIGCONT");
await second.whenWritten(/stops: (?:expired|lost)/);
await waits(second);
step("the first one leads; the backend crashes and starts again");
await backend.kill();
backend = await startLocalBackend({ bindings, port, dataDir: folder.path, onTraffic });
first.child.kill("SIGTERM");
await first.ended;
await second.whenWritten(/leads[\s\S]*leads/);
second.child.kill("SIGTERM");
await second.ended;
await backend.stop();

const { frames, connections, findings } = await checkTrace(lines);
for (const { line, rule, problem } of findings) step(`line ${line}: [${rule}] ${problem}\n  ${lines[line - 1]}`);
step(`${frames} frames of ${connections} connections: ${findings.length} findings`);
process.exitCode = findings.length === 0 ? 0 : 1;
