/**
 * The settings with open mode, unless they configure tokens: the Worker refuses both at once. An empty variable counts as not
 * set.
 */
export const openUnlessTokens = (settings: Readonly<Record<string, string>>): Readonly<Record<string, string>> =>
  requiresTokens(settings) ? settings : { OPEN_MODE: "loopback", ...settings };

export const requiresTokens = (settings: Readonly<Record<string, string>>): boolean =>
  Object.entries(settings).some(([name, value]) => name.startsWith("AUTH_") && value !== "");
