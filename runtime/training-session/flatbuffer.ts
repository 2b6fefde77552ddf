/** Reading FlatBuffers that may be damaged: the package `flatbuffers` does not look where an offset leads. */

/** What is wrong with a buffer. */
export class Damage extends Error {}

const END = "it ends too early, or an offset leads out of it";

/** The root of a buffer. Throws `Damage` where its identifier is another. */
export function rootOf(bytes: Uint8Array, identifier: string): Table {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (bytes.length < 8) throw new Damage(END);
  if (text(bytes.subarray(4, 8)) !== identifier) throw new Damage(`it does not begin with ${identifier}`);
  return new Table(view, view.getUint32(0, true));
}

/** A table: fields by number, each at an offset that its vtable has. An absent field has the default, 0 or nothing. */
export class Table {
  readonly #view: DataView;
  readonly #at: number;
  readonly #vtable: number;
  readonly #fields: number;

  constructor(view: DataView, at: number) {
    this.#view = view;
    this.#at = at;
    this.#vtable = at - this.#within(at, 4).getInt32(at, true);
    const size = this.#within(this.#vtable, 4).getUint16(this.#vtable, true);
    this.#within(this.#vtable, size);
    this.#fields = Math.floor(size / 2) - 2;
  }

  bool(field: number): boolean {
    const at = this.#field(field, 1);
    return at !== undefined && this.#view.getUint8(at) !== 0;
  }

  int32(field: number): number {
    const at = this.#field(field, 4);
    return at === undefined ? 0 : this.#view.getInt32(at, true);
  }

  float32(field: number): number {
    const at = this.#field(field, 4);
    return at === undefined ? 0 : this.#view.getFloat32(at, true);
  }

  int64(field: number): number {
    const at = this.#field(field, 8);
    return at === undefined ? 0 : this.#int64(at);
  }

  string(field: number): string | undefined {
    const bytes = this.bytes(field);
    return bytes && text(bytes);
  }

  bytes(field: number): Uint8Array | undefined {
    const vector = this.#vector(field, 1);
    return vector && new Uint8Array(this.#view.buffer, this.#view.byteOffset + vector.at, vector.length);
  }

  int64s(field: number): number[] {
    const { at, length } = this.#vector(field, 8) ?? { at: 0, length: 0 };
    return Array.from({ length }, (_, i) => this.#int64(at + 8 * i));
  }

  table(field: number): Table | undefined {
    const at = this.#field(field, 4);
    return at === undefined ? undefined : this.#tableAt(at);
  }

  tables(field: number): Table[] {
    const { at, length } = this.#vector(field, 4) ?? { at: 0, length: 0 };
    return Array.from({ length }, (_, i) => this.#tableAt(at + 4 * i));
  }

  #tableAt(at: number): Table {
    return new Table(this.#view, at + this.#view.getUint32(at, true));
  }

  #int64(at: number): number {
    const value = Number(this.#view.getBigInt64(at, true));
    if (!Number.isSafeInteger(value)) throw new Damage(`a number in it is ${value}`);
    return value;
  }

  /** Where a field is, if it is there. */
  #field(field: number, size: number): number | undefined {
    if (field >= this.#fields) return undefined;
    const offset = this.#view.getUint16(this.#vtable + 4 + 2 * field, true);
    if (offset === 0) return undefined;
    this.#within(this.#at + offset, size);
    return this.#at + offset;
  }

  #vector(field: number, width: number): { readonly at: number; readonly length: number } | undefined {
    const from = this.#field(field, 4);
    if (from === undefined) return undefined;
    const at = from + this.#view.getUint32(from, true);
    const length = this.#within(at, 4).getUint32(at, true);
    this.#within(at + 4, length * width);
    return { at: at + 4, length };
  }

  /** The view, where it has so many bytes there. */
  #within(at: number, size: number): DataView {
    if (at < 0 || at + size > this.#view.byteLength) throw new Damage(END);
    return this.#view;
  }
}

function text(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes);
}
