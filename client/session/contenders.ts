/** Contenders: one component's way through terms. Its callbacks alternate: a grant waits for the last revoke to settle (C1). */
import type { Confirm, Priority } from "../../shared/messages.ts";
import { electionOf } from "../../shared/names.ts";
import type { ContenderDraft, Draft } from "./draft.ts";
import { stop } from "./ending.ts";
import type { Of } from "./events.ts";
import { send } from "./pace.ts";
import { type Contender, findTerm, isLive } from "./state.ts";
import { speakNow } from "./terms.ts";

export function register(draft: Draft, { contender: id, info }: Of<"register">): void {
  const election = electionOf(info.component, info.election);
  draft.contenders.push({
    id,
    info,
    election,
    phase: "queued",
    registered: false,
    named: "",
    leaderSessionId: "",
    confirm: null,
  });
}

export function deregister(draft: Draft, { contender: id }: Of<"deregister">): void {
  for (const contender of draft.contenders) if (contender.id === id) close(draft, contender);
}

export function close(draft: Draft, contender: ContenderDraft): void {
  stop(draft, "closed", (other) => other === contender);
  contender.phase = contender.leaderSessionId ? "closing" : "gone";
}

export function settled(draft: Draft, { contenders }: Of<"settled">): void {
  for (const contender of draft.contenders) {
    if (!contenders.includes(contender.id) || !contender.leaderSessionId || contender.phase === "granted") continue;
    contender.leaderSessionId = "";
    contender.phase = contender.phase === "closing" ? "gone" : "waiting";
    if (draft.declined) speakNow(draft);
    draft.declined = false;
  }
}

/** Lets everyone take the step that is due: queue up, be granted, leave. */
export function advance(draft: Draft): void {
  for (const contender of draft.contenders) {
    const { id, info, election, named } = contender;
    const { component } = info;
    const isRival = (other: Contender): boolean => other.info.component === component && other.phase !== "gone";
    if (contender.phase === "queued" && draft.contenders.find(isRival) === contender) contender.phase = "waiting";
    // One that leaves counts until its term is over: leaving would give the term up.
    const registered = isLive(contender) || findTerm(draft.terms, contender.leaderSessionId) !== undefined;
    // A process that leaves says so once, by `bye`.
    if (registered !== contender.registered && !draft.closing) {
      send(draft, registered ? { type: "register", ...info } : { type: "deregister", component });
    }
    contender.registered = registered;
    const term = findTerm(draft.terms, named);
    if (contender.phase === "waiting" && term?.stage === "leading") {
      contender.phase = "granted";
      contender.leaderSessionId = named;
      draft.effects.push({ type: "grant", contender: id, election, leaderSessionId: named, epoch: term.epoch });
    }
  }
  draft.contenders = draft.contenders.filter(({ phase }) => phase !== "gone");
}

export function confirm(draft: Draft, message: Confirm): void {
  for (const contender of draft.contenders) {
    const { phase, info, leaderSessionId } = contender;
    if (phase === "granted" && info.component === message.component && leaderSessionId === message.leaderSessionId) {
      contender.confirm = message;
      send(draft, message);
    }
  }
}

export function prioritize(draft: Draft, message: Priority): void {
  const { priority, component } = message;
  if (component === undefined) draft.priority = priority;
  for (const contender of draft.contenders) {
    if (contender.info.component === component) contender.info = { ...contender.info, priority };
  }
  send(draft, message);
}
