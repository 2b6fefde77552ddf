/** What every function of this folder returns: a picture, and the words that go with it in a report. */

export interface Picture {
  /** The file's name without `.png`, which is also the picture's anchor in the report. */
  readonly name: string;
  readonly title: string;
  /** One or two sentences that say what one sees. */
  readonly caption: string;
  /** The text for those who can't see it. */
  readonly alt: string;
  /** Whether it wants the full width of a report; two that do not can stand side by side. */
  readonly wide: boolean;
  readonly png: Uint8Array;
  /** A chart as SVG documents that stand side by side, to embed in HTML; empty where the picture is made of pixels. */
  readonly panels: readonly string[];
}
