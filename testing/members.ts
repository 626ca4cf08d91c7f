/** Everybody that takes part in a test group: processes with a client, Workers, and objects. */
import type { ElectionClient } from "../client/client.ts";
import type { Elections } from "../worker/callers/service.ts";
import type { TestObject } from "./hosted-object.ts";
import type { Ledger } from "./ledger.ts";
import type { Member } from "./member.ts";
import type { Due } from "./timeline.ts";

/** What stands for a participant of the group (a member) in a test: its client, the elections of its Worker, or its object. */
export type TestMember = ElectionClient | Elections | TestObject;

export class Members {
  readonly #all = new Map<TestMember, Member>();

  get count(): number {
    return this.#all.size;
  }

  add(handle: TestMember, member: Member): void {
    this.#all.set(handle, member);
  }

  assertNew(name: string): void {
    if (this.named(name) === undefined) return;
    throw new Error(`a member is called ${name} already: give each a name of its own`);
  }

  of(handle: TestMember): Member {
    const member = this.#all.get(handle);
    if (member !== undefined) return member;
    throw new Error("this is no member of the group: take one of its clients, elections or objects");
  }

  named(name: string | undefined): TestMember | undefined {
    for (const [handle, member] of this.#all) if (member.name === name) return handle;
    return undefined;
  }

  *dues(): Generator<Due> {
    for (const member of this.#all.values()) yield* member.dues();
  }

  look(ledger: Ledger): void {
    for (const member of this.#all.values()) ledger.look(member);
  }
}
