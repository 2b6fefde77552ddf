/** What went wrong and what to do about it, where a screen reader says it at once. */
import { element } from "../elements.ts";

/** A way out: a button. */
export interface Way {
  readonly name: string;
  readonly go: () => void;
}

/** Says what happened and what can be done; with nothing to say, takes it away. */
export function say(what: string | null, ways: readonly Way[] = []): void {
  const root = element("train-alert", HTMLElement);
  if (what === null) {
    root.replaceChildren();
    return;
  }
  const text = document.createElement("p");
  text.textContent = what;
  const buttons = [...ways, { name: "Dismiss", go: () => {} }].map(({ name, go }) => {
    const button = Object.assign(document.createElement("button"), { type: "button", textContent: name });
    button.addEventListener("click", () => {
      say(null);
      go();
    });
    return button;
  });
  root.replaceChildren(text, ...buttons);
  root.scrollIntoView({ block: "nearest" });
}
