/**
 * The page that visitors from another site get in place of one that takes part: it does nothing until they press the button.
 * What the button opens has the same address, token included, and is asked for by this site.
 */
import { BASE } from "../base.ts";
import { element, placeOf } from "./place.ts";

element("group", HTMLElement).textContent = placeOf(location).group;
element("go", HTMLButtonElement).addEventListener("click", () => {
  const wanted = location.href;
  // Otherwise a browser would not load the page again: it would only jump to what stands after the `#`.
  history.replaceState(null, "", new URL("demo/asked", BASE));
  location.replace(wanted);
});
