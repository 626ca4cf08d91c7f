import { BASE } from "../base.ts";

/** The settings in a page's address: name, group, and after the `#`, which no server sees, the token. */
export interface Place {
  readonly name: string;
  readonly group: string;
  readonly token?: string;
}

/** The one component of the demo's group. */
export const COMPONENT = "crown";

export function placeOf({ search, hash }: Location): Place {
  const query = new URLSearchParams(search);
  const token = new URLSearchParams(hash.slice(1)).get("token");
  const place = { name: query.get("name") ?? "Ada", group: query.get("group") ?? "demo" };
  return token === null ? place : { ...place, token };
}

/** The address of a contender's page, on a host of this name. */
export function contenderUrl({ name, group, token }: Place, origin: string): string {
  const secret = token === undefined ? "" : `#${new URLSearchParams({ token })}`;
  return `${origin}${BASE.pathname}demo/contender?${new URLSearchParams({ group, name })}${secret}`;
}

/** The element of the page with this id. */
export function element<T extends Element>(id: string, type: new () => T): T {
  const found = document.getElementById(id);
  if (found instanceof type) return found;
  throw new Error(`this page has no ${id}`);
}
