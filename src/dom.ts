/** The element of the page's own markup. Its absence is a mistake in the page, so it throws. */
export function find<T extends Element>(root: ParentNode, selector: string, type: new () => T): T {
  const element = root.querySelector(selector);
  if (!(element instanceof type)) throw new Error(`The page has no ${type.name} at ${selector}.`);
  return element;
}

/** Sets the text only where it differs: a live region announces every write. */
export function setText(element: Element, text: string): void {
  if (element.textContent !== text) element.textContent = text;
}

export function create<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  className: string,
  ...children: (Node | string)[]
): HTMLElementTagNameMap[K] {
  const element = document.createElement(tag);
  if (className !== "") element.className = className;
  element.append(...children);
  return element;
}

/** Plain words in which `backticks` mark what one types or finds in a file. */
export function prose(text: string): Node[] {
  return text
    .split("`")
    .map((part, index) => (index % 2 === 1 ? create("code", "", part) : document.createTextNode(part)));
}
