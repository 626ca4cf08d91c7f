/** What is counted and found by a session, kept in step with every change of one. */
import type { DeadlineKey, GroupState, Session } from "./state.ts";

type Indexes = Pick<GroupState, "observers" | "subjects" | "lost">;

/** The three as they are once `after` stands in the place of `before`. */
export function indexes(state: Indexes, before: Session | undefined, after: Session | undefined): Indexes {
  return {
    observers: state.observers + Number(observes(after)) - Number(observes(before)),
    subjects: countSubjects(state.subjects, before, after),
    lost: indexLoss(state.lost, before, after),
  };
}

export const observes = (session: Session | undefined): boolean =>
  session !== undefined && (session.watched.all || session.watched.names.length > 0);

function countSubjects(
  subjects: Indexes["subjects"],
  before: Session | undefined,
  after: Session | undefined,
): Indexes["subjects"] {
  const [old = null, next = null] = [before?.subject, after?.subject];
  if (old === next) return subjects;
  const without = old === null ? subjects : addTo(subjects, old, -1);
  return next === null ? without : addTo(without, next, +1);
}

function addTo(subjects: Indexes["subjects"], subject: string, by: number): Indexes["subjects"] {
  const count = (subjects.get(subject) ?? 0) + by;
  return count > 0 ? subjects.set(subject, count) : subjects.delete(subject);
}

/** Lost sessions by when they were lost: how long they are kept may change meanwhile. */
function indexLoss(lost: Indexes["lost"], before: Session | undefined, after: Session | undefined): Indexes["lost"] {
  const [old, next] = [lossOf(before), lossOf(after)];
  if (old?.at === next?.at) return lost;
  const without = old === null ? lost : lost.delete(old);
  return next === null ? without : without.set(next, next.name);
}

const lossOf = (session: Session | undefined): DeadlineKey | null =>
  session?.link.type === "lost" ? { at: session.link.at, name: session.id } : null;
