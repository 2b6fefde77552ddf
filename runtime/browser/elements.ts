/** The page's elements, by the ids in index.html. */

/** The element of an id, of the class that is asked for. Throws where the page has none such. */
export function element<E extends HTMLElement>(id: string, kind: new () => E): E {
  const found = document.getElementById(id);
  if (!(found instanceof kind)) throw new Error(`index.html has no ${kind.name} #${id}`);
  return found;
}

export const button = (id: string): HTMLButtonElement => element(id, HTMLButtonElement);
export const canvas = (id: string): HTMLCanvasElement => element(id, HTMLCanvasElement);
export const field = (id: string): HTMLInputElement => element(id, HTMLInputElement);
export const select = (id: string): HTMLSelectElement => element(id, HTMLSelectElement);

/** Puts options into a select: values are positions. */
export function setOptions(into: HTMLSelectElement, names: readonly string[], chosen: number): void {
  into.replaceChildren(...names.map((name, i) => new Option(name, String(i), i === chosen, i === chosen)));
}
