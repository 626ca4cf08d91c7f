/** Checks a request's input before its handler runs, and declares its type to `hono/client`. */
import type { MiddlewareHandler } from "hono";
import { type Check, hidden, InvalidField } from "../../shared/protocol/fields.ts";
import type { App } from "./admission.ts";

type Taking<Target extends "json" | "query", Value> = MiddlewareHandler<
  App,
  string,
  { in: { [Key in Target]: Value }; out: { [Key in Target]: Value } }
>;

/** The body as JSON; an empty body counts as `{}`. */
export const takesJson =
  <Value extends object>(check: Check<Value>): Taking<"json", Value> =>
  async ({ req }, next) => {
    const body = await req.text();
    let value: unknown = {};
    try {
      if (body !== "") value = JSON.parse(body);
    } catch {
      throw new InvalidField("body", "JSON", hidden(body));
    }
    req.addValidatedData("json", check(value, ""));
    await next();
  };

/** The query's parameters; parameters that `check` does not name are ignored. */
export const takesQuery =
  <Value extends object>(check: Check<Value>): Taking<"query", Value> =>
  async ({ req }, next) => {
    req.addValidatedData("query", check(req.query(), ""));
    await next();
  };
