/** The built package, as a user gets it. */

const built = (file: string): string => new URL(`../../dist/${file}`, import.meta.url).href;

export const CLIENT_ENTRY = built("client/index.js");
export const NODE_ENTRY = built("client/node/index.js");

export const importClient = (entry = CLIENT_ENTRY): Promise<typeof import("../../client/index.ts")> => import(entry);
export const importNodeClient = (): Promise<typeof import("../../client/node/index.ts")> => import(NODE_ENTRY);
export const importFence = (): Promise<typeof import("../../worker/fence/index.ts")> =>
  import(built("worker/fence/index.js"));
export const importLocalBackend = (): Promise<typeof import("../../cli/backend/local-backend.ts")> =>
  import(built("cli/backend/local-backend.js"));
export const importTestingKit = (): Promise<typeof import("../../testing/index.ts")> =>
  import(built("testing/index.js"));
