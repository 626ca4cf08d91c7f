/**
 * Which processes a group prefers by a version that they name in their metadata (Q8). A version is numbers with points between
 * them, perhaps with a `v` before them and a pre-release behind a hyphen: `v2.10.3`, `2026.11-rc.2`. As in SemVer a pre-release
 * is older than its release, and what follows a plus sign does not count; parts that are missing are 0.
 */
export interface Preference {
  /** The name of a value in the metadata of the process. */
  readonly metadata: string;
  readonly order: "newest" | "oldest";
}

/** A longer text is no version. */
const LONGEST = 64;
const VERSION = /^v?(\d+(?:\.\d+)*)(?:-([0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*))?(?:\+[0-9A-Za-z.-]*)?$/;

const TRAILING_ZEROS = /(?:\.0+)+$/;

/** What ends a key, and what follows the numbers of a pre-release, of a release; all lower than any other character of a key. */
const [END, PRE_RELEASE, RELEASE] = [" ", "!", '"'];

/** Sorts as text like the version; `""`: it is none. No key is the beginning of another one. */
export function versionKey(text: string): string {
  const [, numbers = "", preRelease] = (text.length <= LONGEST && VERSION.exec(text)) || [];
  if (numbers === "") return "";
  const release = numbers.replace(TRAILING_ZEROS, "").split(".").map(numberKey).join("");
  if (preRelease === undefined) return release + RELEASE;
  return release + PRE_RELEASE + preRelease.split(".").map(identifierKey).join("") + END;
}

/** How many digits it has, as one character, then the digits; 0 has none. */
function numberKey(digits: string): string {
  const own = digits.replace(/^0+/, "");
  return String.fromCharCode(0x30 + own.length) + own;
}

/** Numbers come before words. */
const identifierKey = (text: string): string => (/^\d+$/.test(text) ? `0${numberKey(text)}` : `1${text}${END}`);

const HIGHEST = 0x7f;

/** Sorts as text, what is preferred last; `""`: no version, or nothing is preferred. */
export function preferenceOf(value: string | undefined, order: Preference["order"]): string {
  const key = value === undefined ? "" : versionKey(value);
  return order === "newest" ? key : Array.from(key, (one) => String.fromCharCode(HIGHEST - one.charCodeAt(0))).join("");
}
