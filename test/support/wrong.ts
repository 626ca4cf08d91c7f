/** A value that the types forbid, for tests of what happens at run time. */
export const wrong = (value: unknown): never => value as never;
