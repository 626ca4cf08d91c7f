/**
 * The interface between a Worker and the objects of its groups. Both come from one deployment, and are of two versions all
 * the same while a deployment is deferred or gradual, or while a Worker binds the groups of another one.
 *
 * Within one version of the interface, methods and named arguments are only added. Each side ignores what it does not know,
 * and does without what it does not get. What an older side would get wrong raises the version: then the object refuses, the
 * Worker answers 503 or 1013, and everybody tries again until both are of one version (V2).
 */
import type { PolicyOptions } from "../group/policy.ts";

/** To be raised when one side could misunderstand the other. */
export const INTERFACE_VERSION = 1;
/** The oldest version of a Worker that the object still serves. */
const OLDEST_INTERFACE = 1;

/** Carries the version of the Worker with an upgrade. */
export const INTERFACE_HEADER = "Edge-Election-Interface";

/** What a call says beside its own arguments. Unknown names are ignored. */
export interface Call {
  /** The version of the caller. Absent: the same as that of the object. */
  readonly interfaceVersion?: number;
  /** Settings of the deployment; absent: as they were given last. Those that the object refuses change nothing, and are logged. */
  readonly policy?: PolicyOptions;
}

/** What a Worker says in each of its calls. */
export const callWith = (policy?: PolicyOptions): Call => ({
  interfaceVersion: INTERFACE_VERSION,
  ...(policy !== undefined && { policy }),
});

/** Begins the message: of what an object throws, its caller gets only that. */
const REFUSED = "other_interface: ";
const LACKS_METHOD = "does not implement the method";

/** The caller speaks another version of the interface. */
export class OtherInterface extends Error {
  override readonly name = "OtherInterface";
  constructor(version: number) {
    super(
      `${REFUSED}Worker and group are of different versions (interface ${version} and ${INTERFACE_VERSION}): try again when the deployment is complete`,
    );
  }
}

/** Whether the object can serve a Worker of this version. */
export const understands = (version: number): boolean => version >= OLDEST_INTERFACE && version <= INTERFACE_VERSION;

/** The answer to a request whose Worker and object do not understand each other; `null` for any other error. */
export function otherInterfaceIn(error: unknown): string | null {
  const message = error instanceof Error ? error.message : "";
  const at = message.indexOf(REFUSED);
  if (at !== -1) return message.slice(at + REFUSED.length);
  return lacksMethod(error)
    ? "the group's object is of an older version, and does not know this request yet: try again when the deployment is complete"
    : null;
}

/** Whether what was called has no such method: the object is older than its Worker, or a binding leads to something else. */
export const lacksMethod = (error: unknown): boolean =>
  error instanceof Error && error.message.includes(LACKS_METHOD) && !error.message.includes(REFUSED);

/** What an object has answered, for callers who may have a binding between them and this Worker: they can tell an older object from a wrong binding. */
export function answerOfObject(error: unknown): unknown {
  const message = otherInterfaceIn(error);
  return message === null ? error : new Error(REFUSED + message, { cause: error });
}
