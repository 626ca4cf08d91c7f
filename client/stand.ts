/** `stand`: the process stands by itself, as a component without work. */
import { type Contender, contend, type Entry } from "./contend.ts";
import type { Participant } from "./participant.ts";

const PROCESS_COMPONENT = "process";

/** Contends at the first call; later ones return the same contender, unless it was closed. */
export function standIn(participant: Participant): (component?: string) => Contender {
  let standing: Entry<string> | undefined;
  return (component = PROCESS_COMPONENT) => {
    if (!standing || !participant.members.isOpen(standing.id)) standing = contend(participant, component);
    return standing.contender;
  };
}
