/**
 * What the sessions of one subject may store. Each row is billed, and no limit of frames or of sessions bounds how many a
 * peer causes. Over its share a subject is in debt, and time pays for it. Meanwhile it begins no session, adds no
 * contender, publishes nothing new and is granted nothing: so it causes no further rows. What it leads goes on, and
 * what it ends ends at once: renewals, `release`, `resign`, `deregister` and `bye` are carried out in any case (N17).
 *
 * In memory: a new incarnation begins with nothing owed.
 */
import { level } from "./bucket.ts";
import type { Access, GroupState, Session } from "./state.ts";
import type { Turn } from "./turn.ts";

export const IN_DEBT =
  "the sessions of this subject have stored more than they may: try again later, or raise limits.rows";

/** A hundredth of its share a second. */
const REFILL_SECONDS = 100;

/** Beyond so many subjects, those that owe nothing are forgotten. */
const SUBJECTS = 1_000;

const keyOf = ({ subject = "" }: Access): string => subject;

/** Sessions without a subject, which no other limit counts, have the share of as many subjects as fill a group. */
function flowOf({ policy: { limits } }: GroupState, { subject }: Pick<Access, "subject">) {
  const burst =
    subject === undefined ? Math.ceil((limits.rows * limits.sessions) / limits.sessionsPerSubject) : limits.rows;
  return { burst, perSecond: burst / REFILL_SECONDS };
}

/**
 * When time has paid the debt of these credentials; `null`: they owe nothing. Operators have no limit. A clock that was set
 * back delays no payment: what was counted later than now is counted from now on.
 */
export function paidAt(turn: Turn, access: Access | undefined): number | null {
  const { state, now } = turn;
  if (access === undefined || access.role === "admin" || state.rowBuckets.size === 0) return null;
  const { tokens = 0, at = now } = state.rowBuckets.get(keyOf(access)) ?? {};
  if (at > now) {
    turn.change({ rowBuckets: state.rowBuckets.set(keyOf(access), { tokens, at: now }) });
    turn.reconsiderAll();
  }
  const until = Math.min(at, now) + Math.ceil((-tokens * 1_000) / flowOf(state, access).perSecond);
  return tokens < 0 && until > now ? until : null;
}

export const isInDebt = (turn: Turn, access: Access | undefined): boolean => paidAt(turn, access) !== null;

/** Whether the session may resume: one that leads, now and then, so that it keeps its terms; in debt no other one. */
export function mayReturn(turn: Turn, session: Session, access: Access): boolean {
  if (!isInDebt(turn, access)) return true;
  const apartMs = turn.state.policy.lease.renewEveryMs / 2;
  return turn.termsOf(session).length > 0 && Math.abs(turn.now - session.arrivedAt) >= apartMs;
}

/** Returns whether the subject is in debt by this, or longer than before. */
export function charge(turn: Turn, access: Access, rows: number): boolean {
  if (rows <= 0) return false;
  const { now, state } = turn;
  const flow = flowOf(state, access);
  const known = state.rowBuckets.get(keyOf(access));
  const tokens = (known === undefined ? flow.burst : level(known, now, flow)) - rows;
  const rowBuckets = state.rowBuckets.set(keyOf(access), { tokens, at: now });
  turn.change({ rowBuckets });
  if (known === undefined && rowBuckets.size > SUBJECTS) forgetPaid(turn);
  return tokens < 0;
}

function forgetPaid(turn: Turn): void {
  const { rowBuckets } = turn.state;
  const owing = [...rowBuckets.entries()].filter(([subject, bucket]) => {
    const flow = flowOf(turn.state, subject === "" ? {} : { subject });
    return level(bucket, turn.now, flow) < flow.burst;
  });
  if (owing.length < rowBuckets.size) turn.change({ rowBuckets: rowBuckets.of(owing) });
}
