import { createReadStream } from "node:fs";
import { createInterface } from "node:readline";
import type { Command } from "commander";
import { checkTrace, TraceError, type Verdict } from "../check/check.ts";
import type { Finding } from "../check/violations.ts";
import { EXIT, usageFailure } from "../failure.ts";
import { withJson } from "../options.ts";
import { paint, printAnswer } from "../terminal.ts";

interface CheckOptions {
  readonly json?: boolean;
}

export function addCheck(program: Command): void {
  withJson(program.command("check").description("judges the trace of a client by the rules of the protocol"))
    .argument("<trace>", "file of a trace, or - for standard input; PROTOCOL.md describes it")
    .addHelpText(
      "after",
      `
It ends with ${EXIT.ok} where no rule is broken, and with ${EXIT.conflict} where one is.

Examples:
  edge-election dev --trace trace.jsonl
  edge-election check trace.jsonl
  edge-election check trace.jsonl --json | jq -r '.findings[].rule'`,
    )
    .action(async (file: string, { json }: CheckOptions) => {
      const verdict = await verdictOn(file);
      printAnswer(verdict, json, verdictText);
      if (verdict.findings.length > 0) process.exitCode = EXIT.conflict;
    });
}

async function verdictOn(file: string): Promise<Verdict> {
  const input = file === "-" ? process.stdin : createReadStream(file);
  const failed = new Promise<never>((_, reject) => {
    input.once("error", ({ message }: Error) =>
      reject(usageFailure(`the trace can't be read: ${message}`, "Name a file that you may read.")),
    );
  });
  const checked = checkTrace(createInterface({ input })).catch((error: unknown) => {
    throw error instanceof TraceError
      ? usageFailure(`this is no trace: ${error.message}`, 'PROTOCOL.md, "Check your client", describes its lines.')
      : error;
  });
  return Promise.race([checked, failed]);
}

function verdictText({ frames, connections, findings }: Verdict): string {
  const seen = `${frames} frames of ${connections} connections`;
  if (findings.length === 0) return `${paint("green", "no rule is broken")}: ${seen}`;
  const head = paint("red", `${findings.length} ${findings.length === 1 ? "rule is" : "rules are"} broken`);
  return [`${head}: ${seen}`, ...findings.map(findingText)].join("\n");
}

const findingText = ({ line, client, rule, problem, right }: Finding): string =>
  `  line ${line}, ${client}: [${rule}] ${problem}\n    ${paint("dim", `right: ${right}`)}`;
