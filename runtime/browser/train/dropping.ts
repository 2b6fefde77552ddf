/** Files that are dropped on an element, whole folders among them, or chosen in an input. */
import type { Dropped } from "../../data/dropped.ts";
import { say } from "./alert.ts";

/** Tells of files that are dropped on an element; while they hover over it, it is of the class `is-over`. */
export function onDrop(root: HTMLElement, take: (files: Dropped[]) => void): void {
  const over = (isOver: boolean) => root.classList.toggle("is-over", isOver);
  root.addEventListener("dragover", (event) => {
    if (!event.dataTransfer?.types.includes("Files")) return;
    event.preventDefault();
    over(true);
  });
  root.addEventListener("dragleave", (event) => {
    if (!root.contains(event.relatedTarget as Node | null)) over(false);
  });
  root.addEventListener("drop", (event) => {
    over(false);
    const items = [...(event.dataTransfer?.items ?? [])].filter(({ kind }) => kind === "file");
    if (items.length === 0) return;
    event.preventDefault();
    // Asked for now: once the event is over, the items are gone.
    const entries = items.map((item) => item.webkitGetAsEntry());
    void Promise.all(entries.map((entry) => filesIn(entry, ""))).then(
      (found) => take(found.flat()),
      (error: Error) => say(`What was dropped can't be read (${error.message}): choose the files instead.`),
    );
  });
}

/** Tells of files that are chosen in an input, and empties it. */
export function onChoice(input: HTMLInputElement, take: (files: Dropped[]) => void): void {
  input.addEventListener("change", () => {
    const files = [...(input.files ?? [])];
    input.value = "";
    if (files.length > 0) take(files.map((file) => ({ path: file.webkitRelativePath || file.name, file })));
  });
}

async function filesIn(entry: FileSystemEntry | null, folder: string): Promise<Dropped[]> {
  if (entry === null) return [];
  const path = `${folder}${entry.name}`;
  if (entry.isFile) {
    const file = await new Promise<File>((resolve, reject) =>
      (entry as FileSystemFileEntry).file(resolve, reject),
    );
    return [{ path, file }];
  }
  const reader = (entry as FileSystemDirectoryEntry).createReader();
  const found: Dropped[] = [];
  for (;;) {
    // A hundred at a time, until there are none.
    const some = await new Promise<FileSystemEntry[]>((resolve, reject) =>
      reader.readEntries(resolve, reject),
    );
    if (some.length === 0) return found;
    for (const one of some) found.push(...(await filesIn(one, `${path}/`)));
  }
}
