/** Makes an instance of a Durable Object's class outside the platform. */

/** The class of an object, as it is deployed. */
export type ObjectClass<T> = new (context: never, env: never) => T;

/** What `DurableObject` of the platform does. That one takes only the platform's own context. */
class Base {
  readonly ctx: unknown;
  readonly env: unknown;
  constructor(context: unknown, env: unknown) {
    this.ctx = context;
    this.env = env;
  }
}

/**
 * Inside workerd the class stands on the platform's `DurableObject`, so for this one construction it stands on another one.
 * Its prototypes stay as they are. Throws what the constructor throws.
 */
export function constructOn<T>(Class: ObjectClass<T>, context: object, env: object): T {
  const root = lowest(Class);
  const platform: unknown = Object.getPrototypeOf(root);
  const isDerived = platform !== Function.prototype;
  if (isDerived) Object.setPrototypeOf(root, Base);
  try {
    return Reflect.construct(Class, [context, env]) as T;
  } finally {
    if (isDerived) Object.setPrototypeOf(root, platform as object);
  }
}

/** The ancestor, or the class itself, that stands on what the platform has made. */
function lowest(Class: object): object {
  const parent: unknown = Object.getPrototypeOf(Class);
  if (typeof parent !== "function" || parent === Function.prototype) return Class;
  return isOfPlatform(parent) ? Class : lowest(parent);
}

const isOfPlatform = (parent: object): boolean =>
  Object.getPrototypeOf(parent) === Function.prototype && Reflect.get(parent, "name") === "DurableObject";
