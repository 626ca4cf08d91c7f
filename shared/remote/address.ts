/** The address of a deployment, as people write it. */
import { invalid } from "../errors.ts";
import { groupPath } from "../protocol/paths.ts";

const EXAMPLE = 'such as "https://elections.example.com" or "wss://elections.example.com/base"';

/**
 * Where the group's routes are, by http(s). The path of the deployment is kept, slashes at its end are not. Throws a
 * `TypeError` for an address that could never be reached, or a part of which would be dropped silently: another scheme,
 * no scheme, credentials, a query, a fragment.
 */
export function groupAddress(url: string, group: string): string {
  let address: URL;
  try {
    address = new URL(url);
  } catch {
    throw invalid(
      "url",
      `must be an absolute address, ${EXAMPLE}; it is ${JSON.stringify(url.replace(/\/\/.*@/s, "//…@"))}`,
    );
  }
  const { protocol, host, pathname, username, password, search, hash } = address;
  if (!/^(http|ws)s?:$/.test(protocol)) {
    throw invalid("url", `must begin with https:, http:, wss: or ws:, ${EXAMPLE}; it begins with ${protocol}`);
  }
  if (!/^\w+:\/\//.test(url.trim())) throw invalid("url", `must have // after ${protocol}, ${EXAMPLE}`);
  if (username || password) throw invalid("url", "must not hold a name or a password: give a token");
  if (search || hash) throw invalid("url", "must end with its path: nothing reads what follows ? or #");
  const scheme = protocol.replace("ws", "http");
  return `${scheme}//${host}${pathname.replace(/\/+$/, "")}${groupPath(group)}`;
}
