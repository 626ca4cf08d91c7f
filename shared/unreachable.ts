/** Ends a `switch` over a union: the compiler rejects the call while a case is missing. Throws if a type has lied at run time. */
export function unreachable(value: never): never {
  throw new Error(`unreachable: ${JSON.stringify(value)}`);
}
