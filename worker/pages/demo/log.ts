/** The log of events, the newest on top. */
import { element } from "./place.ts";

const KEPT_LINES = 40;
const TIME = new Intl.DateTimeFormat("en-GB", {
  hour: "2-digit",
  minute: "2-digit",
  second: "2-digit",
  fractionalSecondDigits: 1,
});

const log = element("log", HTMLOListElement);

/** `at`: when it happened. This may be before the last line, because a page that was frozen receives events late. */
export function note(text: string, at = Date.now()): void {
  const time = document.createElement("time");
  time.dateTime = new Date(at).toISOString();
  time.textContent = TIME.format(at);
  const line = document.createElement("li");
  line.append(time, " ", text);
  const isEarlier = (other: Element): boolean => (other.querySelector("time")?.dateTime ?? "") <= time.dateTime;
  log.insertBefore(line, [...log.children].find(isEarlier) ?? null);
  if (log.childElementCount > KEPT_LINES) log.lastElementChild?.remove();
}
