/** Small tools for the document. Text enters the document only as text; no function takes markup. */

/** The element with this id. */
export function byId<T extends Element>(id: string, type: new () => T): T {
  return found(document.getElementById(id), type, id);
}

/** A copy of the first element in the template with this id. */
export function fromTemplate<T extends Element>(id: string, type: new () => T): T {
  const { content } = byId(id, HTMLTemplateElement);
  return found(content.firstElementChild?.cloneNode(true), type, id);
}

/** The element marked `data-part="name"` in `root`. */
export function part<T extends Element>(root: Element, name: string, type: new () => T): T {
  return found(root.querySelector(`[data-part="${name}"]`), type, name);
}

function found<T>(node: unknown, type: new () => T, name: string): T {
  if (node instanceof type) return node;
  throw new Error(`this page has no ${name}`);
}

/** Does nothing if the text is the same, so that selections and a screen reader's position stay. */
export function setText(node: Node, text: string): void {
  if (node.textContent !== text) node.textContent = text;
}

/** As `setText`, in parts that do not break over lines. */
export function setParts(node: Element, parts: readonly string[], between: string): void {
  if (node.textContent === parts.join(between)) return;
  const elements = parts.map((text) => textElement("span", "whole", text));
  node.replaceChildren(...elements.flatMap((element, index) => (index === 0 ? [element] : [between, element])));
}

export function textElement(tag: string, className: string, text: string): HTMLElement {
  const made = document.createElement(tag);
  made.className = className;
  made.textContent = text;
  return made;
}

export interface Item<View> {
  readonly element: HTMLElement;
  update(view: View): void;
}

/**
 * Shows a list of views below `parent`, one element for each key. An element stays the same while its key is in the list,
 * and moves only if the order changes; the focus stays.
 */
export function keyedList<View>(
  parent: HTMLElement,
  keyOf: (view: View) => string,
  create: (view: View) => Item<View>,
): (views: readonly View[]) => void {
  const items = new Map<string, Item<View>>();
  return (views) => {
    const focused = document.activeElement;
    const keys = new Set(views.map(keyOf));
    for (const [key, { element }] of items) {
      if (keys.has(key)) continue;
      element.remove();
      items.delete(key);
    }
    let next = parent.firstElementChild;
    for (const view of views) {
      const key = keyOf(view);
      const item = items.get(key) ?? create(view);
      items.set(key, item);
      item.update(view);
      if (item.element === next) next = next.nextElementSibling;
      else parent.insertBefore(item.element, next);
    }
    if (focused instanceof HTMLElement && focused !== document.activeElement && parent.contains(focused)) {
      focused.focus({ preventScroll: true });
    }
  };
}

/** A disabled button keeps its focus and is announced as disabled. */
export function setEnabled(button: HTMLButtonElement, enabled: boolean): void {
  button.ariaDisabled = String(!enabled);
}

/** Calls `act` at each click unless the button is disabled by `setEnabled`. */
export function onPress(button: HTMLButtonElement, act: () => void): void {
  button.addEventListener("click", () => {
    if (button.ariaDisabled !== "true") act();
  });
}
