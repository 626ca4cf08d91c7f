/** What a test gives a program that it starts: one argument, as JSON. */
export function configuration<Configuration>(): Configuration {
  const [, , argument] = process.argv;
  if (argument === undefined) throw new Error("this program is started by a test, with its configuration as JSON");
  return JSON.parse(argument);
}
