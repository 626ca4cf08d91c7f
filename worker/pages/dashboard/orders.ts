/** The orders of an operator, each with its confirmation: step down, transfer, pause, resume. */
import type { GroupStatus } from "../../../shared/protocol/status.ts";
import type { Dialog } from "./dialog.ts";
import { type Operator, Refused } from "./operator.ts";
import type { CandidateView, ElectionView } from "./view/elections.ts";
import { refusalMessage, revokedMessage } from "./view/outcome.ts";
import { electionPhrase, quoted, shortId } from "./view/words.ts";

export interface OrderContext {
  readonly dialog: Dialog;
  readonly operator: () => Operator;
  /** The last status that was received. */
  readonly status: () => GroupStatus | null;
  /** Called after each order, to look up the status again. */
  readonly changed: () => void;
}

type Tell = (outcome: string) => void;

export const explain = (error: unknown): string =>
  error instanceof Refused ? refusalMessage(error.status, error.code, error.message) : refusalMessage(0, "", "");

export function askToStepDown(context: OrderContext, { election, holder, queue }: ElectionView, tell: Tell): void {
  if (holder === null) return;
  const [next] = queue;
  const then =
    next?.place === 1 ? `${quoted(next.name)} is next.` : "Nobody else can take over now, so it leads again at once.";
  const [name, phrase] = [quoted(holder.name), electionPhrase(election)];
  context.dialog.ask(
    {
      title: `Ask ${name} to step down?`,
      text: [
        `It is ordered to stop its work for ${phrase}, and holds the election until it has stopped or its lease is over.`,
        `${then} In between nobody leads.`,
      ],
      asksReason: true,
      action: "Step down",
      done: "Stepped down",
      busy: `Waiting for ${name} to stop. You may close this dialog: the card will show the outcome.`,
      run: ({ reason }) => revoke(context, election, reason === "" ? {} : { reason }),
    },
    tell,
  );
}

export function askToTransfer(context: OrderContext, { election, holder, queue }: ElectionView, tell: Tell): void {
  const ready = queue.filter(({ place }) => place !== null);
  if (holder === null || ready.length === 0) return;
  context.dialog.ask(
    {
      title: `Transfer ${electionPhrase(election)}?`,
      text: [
        `${quoted(holder.name)} is ordered to stop, and holds the election until it has stopped or its lease is over. The process that you choose is next; if it does not take over, the queue continues. In between nobody leads.`,
      ],
      choices: ready.map((candidate) => ({ value: candidate.sessionId, label: choiceLabel(candidate) })),
      asksReason: true,
      action: "Transfer",
      done: "Transferred",
      busy: `Waiting for ${quoted(holder.name)} to stop. You may close this dialog: the card will show the outcome.`,
      run: ({ choice, reason }) => revoke(context, election, { successor: choice, ...(reason !== "" && { reason }) }),
    },
    tell,
  );
}

const choiceLabel = ({ name, priority, sessionId }: CandidateView): string =>
  `${quoted(name)} · session ${shortId(sessionId)}${priority === 0 ? "" : ` · priority ${priority}`}`;

async function revoke(
  { operator, status, changed }: OrderContext,
  election: ElectionView["election"],
  order: Parameters<Operator["revoke"]>[1],
): Promise<string> {
  const before = status();
  try {
    return revokedMessage(await operator().revoke(election, order), [before, status()]);
  } finally {
    changed();
  }
}

export function askToPause(context: OrderContext, group: string, isPaused: boolean, tell: Tell): void {
  const text = isPaused
    ? ["In each election without a leader, the next in the queue takes over at once."]
    : [
        "Nobody is granted an election until the group is resumed. Leaders continue; if a leader leaves meanwhile, nobody takes over.",
        "Use this for maintenance. The group stays paused when you close this page.",
      ];
  context.dialog.ask(
    {
      title: isPaused ? `Resume ${group}?` : `Pause ${group}?`,
      text,
      action: isPaused ? "Resume" : "Pause",
      done: isPaused ? "Resumed" : "Paused",
      busy: "Waiting for the group.",
      async run() {
        const paused = await context.operator().setPaused(!isPaused);
        context.changed();
        return paused ? "You have paused the group." : "You have resumed the group.";
      },
    },
    tell,
  );
}
