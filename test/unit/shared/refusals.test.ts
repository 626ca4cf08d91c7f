import { expect, test } from "vitest";
import { confirmError, refusalError } from "../../../shared/refusals.ts";

const refusal = (code: string) => ({ code, message: "why" });

test("[PC5] [E6] a refusal says whether it can pass by itself, over a socket and by RPC alike", () => {
  for (const code of ["election_mismatch", "limit_exceeded"]) {
    expect(refusalError(refusal(code))).toMatchObject({ code, message: "why", retryable: true });
  }
  for (const code of ["forbidden", "invalid_argument"]) {
    expect(refusalError(refusal(code))).toMatchObject({ code, message: "why", retryable: false });
  }
});

test("[K2] a confirm that is refused because the term is over gives the loss", () => {
  expect(confirmError(refusal("not_leader"))).toMatchObject({ name: "LeadershipLostError", reason: "lost" });
  expect(confirmError(refusal("limit_exceeded"))).toMatchObject({ code: "limit_exceeded", retryable: true });
});
