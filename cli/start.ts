/** `npm start`: the local backend, with settings from the environment. */
import { serve, welcome } from "./serve.ts";
import { surviveUnread } from "./terminal.ts";

surviveUnread(process.stdout);
surviveUnread(process.stderr);

serve(process.env, (backend, settings) => void process.stdout.write(welcome(backend, settings))).catch(
  (error: unknown) => {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
    process.exitCode = 1;
  },
);
