/** The place of a group is one for the app, the entrypoint and `electionsOf`. The local runtime has no places, so a namespace notes them. */
import { createExecutionContext } from "cloudflare:test";
import { expect, test } from "vitest";
import { createElectionApp, ElectionsEntrypoint, electionsOf, type PlaceOf } from "../../../worker/index.ts";
import { wrong } from "../../support/wrong.ts";
import { errorOf, freshGroup, ORIGIN, objectOf, pathOf } from "../support.ts";

/** A namespace whose objects are those of the tests, wherever they are said to live. */
function noted() {
  const asked: unknown[] = [];
  const within = (jurisdiction: string | null): object => ({
    jurisdiction: (name: string) => within(name),
    idFromName: (group: string) => group,
    get: (group: string, options: { readonly locationHint?: string }) => {
      asked.push([group, jurisdiction, options.locationHint ?? null]);
      return objectOf(group);
    },
  });
  return { asked, ELECTIONS: wrong(within(null)) };
}

const inEurope: PlaceOf = (group) =>
  group.startsWith("eu") ? { jurisdiction: "eu", locationHint: "weur" } : { locationHint: "wnam" };

test.each([
  ["eu", ["eu", "weur"]],
  ["us", [null, "wnam"]],
])("[E10] the app, `electionsOf` and the entrypoint find a group '%s' in the same place", async (label, place) => {
  const group = freshGroup(label);
  const { asked, ELECTIONS } = noted();
  const bindings = { OPEN_MODE: "loopback", ELECTIONS };
  await createElectionApp({ place: inEurope }).fetch(new Request(`${ORIGIN}${pathOf(group)}`), bindings);
  await electionsOf(ELECTIONS, { place: inEurope }).status(group);
  class Placed extends ElectionsEntrypoint {
    protected override readonly place = inEurope;
  }
  await new Placed(wrong(createExecutionContext()), bindings).status(group);

  expect(asked).toEqual(Array(3).fill([group, ...place]));
});

test("[E10] the variables of a deployment place all groups; without them nothing is said", async () => {
  const group = freshGroup();
  const { asked, ELECTIONS } = noted();
  const app = createElectionApp();
  const variables = [
    {},
    { LOCATION_HINT: "apac" },
    { JURISDICTION: "us" },
    { JURISDICTION: "eu", LOCATION_HINT: "eeur" },
  ];
  for (const more of variables) {
    const bindings = { OPEN_MODE: "loopback", ELECTIONS, ...more };
    await app.fetch(new Request(`${ORIGIN}${pathOf(group)}`), bindings);
    await new ElectionsEntrypoint(wrong(createExecutionContext()), bindings).status(group);
  }
  const places = [
    [null, null],
    [null, "apac"],
    ["us", null],
    ["eu", "eeur"],
  ];
  expect(asked).toEqual(places.flatMap((place) => Array(2).fill([group, ...place])));
});

test.each([
  [
    { JURISDICTION: "mars" },
    {},
    'JURISDICTION is "mars": set it to one of eu, fedramp, fedramp-high, us, or leave it out',
  ],
  [{ LOCATION_HINT: "weu" }, {}, 'LOCATION_HINT is "weu": set it to one of wnam'],
  [
    {},
    { place: () => wrong({ juristiction: "eu" }) },
    "juristiction is unknown: the options are jurisdiction, locationHint",
  ],
])(
  "[E10] a place that is unknown answers 503 with the remedy, and touches nothing: %o %o",
  async (more, options, message) => {
    const { asked, ELECTIONS } = noted();
    const app = createElectionApp(options);
    const answer = await app.fetch(new Request(`${ORIGIN}${pathOf("any")}`), {
      OPEN_MODE: "loopback",
      ELECTIONS,
      ...more,
    });

    const refused = errorOf({ status: answer.status, body: await answer.json(), headers: answer.headers });
    expect(refused).toEqual({ status: 503, code: "misconfigured", message: expect.stringContaining(message) });
    expect(asked).toEqual([]);
  },
);
