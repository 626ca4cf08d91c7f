import { expectCaught } from "./hunt.ts";
import { tenantMutants } from "./tenant-mutants.ts";

expectCaught("tenants", tenantMutants);
