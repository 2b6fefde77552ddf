/** The seam between a run and where it is kept: a disk, or what a browser stores for a page. */

/** Files by their path, folders parted by `/`. */
export interface Files {
  /** Whether there is something at a path. */
  readonly exists: (path: string) => Promise<boolean>;
  /** All bytes of a file. Throws one line where it can't be read. */
  readonly read: (path: string) => Promise<Uint8Array>;
  /**
   * Writes a file whole or not at all, and the folders that it lies in. Throws one line where that fails; what was
   * there before is then untouched.
   */
  readonly write: (path: string, content: Uint8Array | string) => Promise<void>;
  /** The names in a folder; none where there is no such folder. Throws where it can't be read. */
  readonly list: (path: string) => Promise<readonly string[]>;
  /**
   * A new folder with these files by name. The last of them is there only where all the others are. Throws one line
   * where that fails; nothing is left of it then.
   */
  readonly create: (path: string, files: Readonly<Record<string, Uint8Array | string>>) => Promise<void>;
  /** A folder's files and what they weigh, those inside of folders too, by their path in it. */
  readonly sizes: (path: string) => Promise<readonly { readonly name: string; readonly bytes: number }[]>;
  /** Removes what was being written in a folder by who was killed. Nothing else may be writing there then. */
  readonly removeLeftovers: (path: string) => Promise<void>;
}
