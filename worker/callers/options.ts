/** The options of a `DurableContender`. */

import type { LossReason } from "../../shared/errors.ts";
import type { Leadership } from "../../shared/leadership/leadership.ts";
import type { ProcessInfo } from "../../shared/protocol/messages.ts";
import type { ElectionKind } from "../../shared/protocol/names.ts";
import type { ElectionsBinding } from "./local-elections.ts";

/** A component with options of its own. */
export interface ComponentOptions<Component extends string = string> {
  readonly component: Component;
  readonly election?: ElectionKind;
  /** In a dedicated election only. Higher is asked first. */
  readonly priority?: number;
}

/** The options that may change while it contends. What is left out stays as it is. */
export type ContenderChanges<Component extends string = string> = Partial<
  Pick<DurableContenderOptions<Component>, "components" | "election" | "priority" | "process">
>;

/** The group, the components, and what is done in a term. */
export interface DurableContenderOptions<Component extends string = string> {
  /** `env.ELECTIONS`: the binding of the groups where they live in this Worker, a service binding otherwise. */
  readonly elections: ElectionsBinding;
  readonly group: string;
  /** Names of components, or components with options of their own. */
  readonly components: readonly (Component | ComponentOptions<Component>)[];
  /** `process`, the default: all components stand in one election. `dedicated`: each stands in its own. */
  readonly election?: ElectionKind;
  /** Higher is asked first. */
  readonly priority?: number;
  /** Published when a leader confirms. */
  readonly process?: ProcessInfo;
  /** How often it polls while it waits: at most the group's lease, by default half of it. Rarer is cheaper, and later. */
  readonly pollEveryMs?: number;
  /** How long stopping may take. The smaller one of this and the group's own counts. */
  readonly drainMs?: number;
  /**
   * Alternates with `onRevoke` for each component, over every hibernation and restart. Called in the turn that stores the
   * grant: what it writes to the object's storage before its first `await` is one commit with the grant.
   */
  readonly onGrant?: (leadership: Leadership) => unknown;
  /**
   * Stop. Its promise is the drain, and the next grant waits for it. A restart of the object ends everything that ran in
   * it: an `onRevoke` that was cut off is not called again. `leadership` names the term that was granted; after a restart
   * it is another object.
   */
  readonly onRevoke?: (leadership: Leadership, reason: LossReason) => unknown;
  /**
   * Called for errors of the callbacks and for refusals, with the component; and for calls that failed, without one. Calls
   * are tried again. Default: errors go to the console.
   */
  readonly onError?: (error: unknown, component?: string) => void;
  /**
   * For an object that uses its alarm for something else, too: has to wake it at `at` (milliseconds since 1970) or earlier,
   * to call `alarm()`. A call replaces the one before. Default: the contender alone uses the alarm.
   */
  readonly setAlarm?: (at: number) => void | Promise<void>;
}
