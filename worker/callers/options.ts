/** The options of a `DurableContender`. */

import type { LossReason } from "../../shared/errors.ts";
import type { Leadership } from "../../shared/leadership/leadership.ts";
import type { ProcessInfo } from "../../shared/protocol/messages.ts";
import type { ElectionKind } from "../../shared/protocol/names.ts";
import type { ElectionsBinding } from "./local-elections.ts";

/** A component with its own options. */
export interface ComponentOptions<Component extends string = string> {
  readonly component: Component;
  readonly election?: ElectionKind;
  /** Only for a dedicated election. Higher comes first. */
  readonly priority?: number;
  /**
   * `false`: the component contends and keeps its place in the queue, but is passed over until `change` says otherwise; if
   * it leads, it steps down.
   */
  readonly ready?: boolean;
}

/** The options that may change while it contends. An option that is absent keeps its value. */
export type ContenderChanges<Component extends string = string> = Partial<
  Pick<DurableContenderOptions<Component>, "components" | "election" | "priority" | "process">
>;

/** Options of a `DurableContender`: the group, the components, and the callbacks. */
export interface DurableContenderOptions<Component extends string = string> {
  /**
   * `env.ELECTIONS`: the binding of the groups if they are in this Worker, otherwise a service binding; or
   * `{ url, token }` of a deployment.
   */
  readonly elections: ElectionsBinding;
  readonly group: string;
  /** Names of components, or components with their own options. */
  readonly components: readonly (Component | ComponentOptions<Component>)[];
  /** `process` (the default): one election for all components. `dedicated`: one election for each component. */
  readonly election?: ElectionKind;
  /** Higher comes first. */
  readonly priority?: number;
  /** Published when a leader confirms. */
  readonly process?: ProcessInfo;
  /**
   * How often it polls while it waits: at most the group's lease, by default half of it. Polling less often costs less
   * and reacts later.
   */
  readonly pollEveryMs?: number;
  /** How long stopping may take. The smaller of this and the group's value counts. */
  readonly drainMs?: number;
  /**
   * Alternates with `onRevoke` for each component, over every hibernation and restart. Called in the turn that stores the
   * grant: its writes to the object's storage before its first `await` are one commit with the grant.
   */
  readonly onGrant?: (leadership: Leadership) => unknown;
  /**
   * Stop the work of the term. The drain lasts until the promise that it returns settles, and the next grant waits for
   * that. A restart of the object ends everything that ran in it: an `onRevoke` that was cut off is not called again.
   * `leadership` names the term that was granted; after a restart it is another JavaScript object.
   */
  readonly onRevoke?: (leadership: Leadership, reason: LossReason) => unknown;
  /**
   * Called for errors of the callbacks and for refusals, with the component, and for failed calls, without one. Failed
   * calls are retried. Default: errors go to the console.
   */
  readonly onError?: (error: unknown, component?: string) => void;
  /**
   * For an object that also uses its alarm for something else: wake the object at `at` (milliseconds since 1970) or
   * earlier, and call `alarm()`. Each call replaces the one before. Default: only the contender uses the alarm.
   */
  readonly setAlarm?: (at: number) => void | Promise<void>;
}
