/** Where the pages are mounted: each script lies in a folder below. Ends with a slash. */
export const BASE = new URL("..", import.meta.url);

/** The address of the deployment, as clients take it. */
export const DEPLOYMENT_URL = BASE.href.replace(/\/$/, "");
