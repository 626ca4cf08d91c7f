/**
 * Where a group's object lives. The app, the entrypoint and `electionsOf` have to agree: the same group in another
 * jurisdiction is another object, with a leader of its own.
 */
import { assertNames } from "../../shared/options.ts";

/** Where a group's object is kept. It is placed at its first use, for good. */
export interface Place {
  /** The object and its data stay in it. The same name in another jurisdiction, or in none, is another group. */
  readonly jurisdiction?: DurableObjectJurisdiction;
  /** The region near which a new object is created. It has no effect on an object that exists. Default: near the first caller. */
  readonly locationHint?: DurableObjectLocationHint;
}

export interface PlaceEnv {
  /** The jurisdiction of all groups, such as `eu`: on Cloudflare only. Another jurisdiction has other groups. */
  readonly JURISDICTION?: string;
  /** Where new groups are created, such as `weur`: on Cloudflare only. */
  readonly LOCATION_HINT?: string;
}

const jurisdictions = ["eu", "fedramp", "fedramp-high", "us"] as const satisfies readonly DurableObjectJurisdiction[];
const hints = [
  ...["wnam", "enam", "sam", "weur", "eeur", "apac", "apac-ne", "apac-se", "oc", "afr", "me"],
] as readonly DurableObjectLocationHint[];

/** Throws a `RangeError` that names the variable, its value and the values it may have. */
export function placeFromEnv(_group: string, { JURISDICTION, LOCATION_HINT }: PlaceEnv): Place {
  const jurisdiction = JURISDICTION ? oneOf(jurisdictions, "JURISDICTION", JURISDICTION) : undefined;
  const locationHint = LOCATION_HINT ? oneOf(hints, "LOCATION_HINT", LOCATION_HINT) : undefined;
  return { ...(jurisdiction && { jurisdiction }), ...(locationHint && { locationHint }) };
}

function oneOf<T extends string>(values: readonly T[], name: string, value: string): T {
  const known = values.find((one) => one === value);
  if (known !== undefined) return known;
  throw new RangeError(`${name} is "${value}": set it to one of ${values.join(", ")}, or leave it out`);
}

/** Throws for other names than those of `Place`: the group would be another one. */
export function assertPlace(place: Place): void {
  assertNames(place, ["jurisdiction", "locationHint"]);
}
