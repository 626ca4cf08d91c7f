/**
 * Paths of a group's routes. Names may hold `/`, `:` and `..`, so a name that is not encoded would lead to another group.
 * Everybody who puts a name into a path uses these functions.
 */

/** The path below the address of the deployment: of the group, or of what `parts` name in it. All of them are valid names. */
export const groupPath = (group: string, ...parts: readonly string[]): string =>
  `/v1/groups/${[group, ...parts].map(inPath).join("/")}`;

/** The valid name as one part of a path. */
export const inPath = (name: string): string => encodeURIComponent(name);

/** Encodes names for a typed client of the routes, which inserts them as they are. */
export const namesInPath = <Names extends Readonly<Record<string, string>>>(
  names: Names,
): { [Key in keyof Names]: string } =>
  Object.fromEntries(Object.entries(names).map(([key, name]) => [key, inPath(name)])) as {
    [Key in keyof Names]: string;
  };
