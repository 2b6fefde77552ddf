/** A node as another exporter wrote it: its inputs as values or as what they are known to hold, its attributes as asked for. */
import type { Float } from "../../ir/dtype.ts";
import { fail } from "../../ir/error.ts";
import type { Dim } from "../../ir/shape.ts";
import type { Tensor } from "../../ir/tensor.ts";
import type { Value } from "../../ir/value.ts";
import { type AttributeProto, type NodeProto, onnx } from "../proto.ts";
import { decodeTensor } from "../tensor.ts";

const { AttributeType } = onnx.AttributeProto;

/** What a node sees of the names around it. */
export interface NodeScope {
  /** The opset that the file is written in. */
  readonly opset: number;
  /** The size that the file gives a batch of which we leave the size open. */
  readonly batch: number | undefined;
  /** The value of a name. Throws where there is none. */
  readonly value: (name: string) => Value;
  /** The tensor behind a name, where it is known now: a constant or an initializer. */
  readonly contents: (name: string) => Tensor | undefined;
  /** The elements behind a name where they are known but for the names of dimensions. */
  readonly dims: (name: string) => readonly Dim[] | undefined;
}

/** Reads a node for its lowering. Whatever it has that nobody asks for is refused by `requireRead`. */
export class Foreign {
  readonly op: string;
  readonly scope: NodeScope;
  readonly #node: NodeProto;
  readonly #read = new Set<string>();

  constructor(node: NodeProto, scope: NodeScope) {
    this.op = node.opType ?? "";
    this.scope = scope;
    this.#node = node;
  }

  get opset(): number {
    return this.scope.opset;
  }

  /** How many inputs are listed, and how many outputs. */
  get counts(): { readonly inputs: number; readonly outputs: number } {
    return { inputs: this.#node.input?.length ?? 0, outputs: this.#node.output?.length ?? 0 };
  }

  #name(i: number): string {
    return this.#node.input?.[i] ?? "";
  }

  /** Whether the input is there. */
  has(i: number): boolean {
    return this.#name(i) !== "";
  }

  /** The input; undefined where it is left out. */
  optional(i: number): Value<Float> | undefined {
    return this.has(i) ? (this.scope.value(this.#name(i)) as Value<Float>) : undefined;
  }

  /** The input. Throws where it is left out. */
  input(i = 0): Value<Float> {
    return this.optional(i) ?? fail(this.op, `its input ${i + 1} is missing`);
  }

  /** The elements of an input that is a constant; undefined where it is left out. Throws where it is computed. */
  numbers(i: number): readonly number[] | undefined {
    return this.has(i) ? Array.from<number | bigint>(this.tensor(i).data).map(Number) : undefined;
  }

  /** An input that is a constant, or a weight that stays as it is. Throws where it is computed. */
  tensor(i: number): Tensor {
    const name = this.#name(i);
    return (
      this.scope.contents(name) ??
      fail(this.op, `its input ${i + 1} (${name}) is computed; only a constant can be read`)
    );
  }

  /** Whether the input's elements are known only when the graph runs. */
  isComputed(i: number): boolean {
    return this.scope.contents(this.#name(i)) === undefined;
  }

  /** The elements of an input that holds sizes, some of which may only have a name. Throws where it is computed. */
  dims(i: number): readonly Dim[] {
    const name = this.#name(i);
    return (
      this.scope.dims(name) ??
      fail(
        this.op,
        `its input ${i + 1} (${name}) is computed from more than shapes; only fixed sizes can be read`,
      )
    );
  }

  #attribute(name: string, type: number): AttributeProto | undefined {
    this.#read.add(name);
    const attribute = this.#node.attribute?.find((candidate) => candidate.name === name);
    if (attribute !== undefined && attribute.type !== type)
      fail(this.op, `attribute ${name} is of another type`);
    return attribute;
  }

  int(name: string, otherwise: number): number {
    return Number(this.#attribute(name, AttributeType.INT)?.i ?? otherwise);
  }

  float(name: string, otherwise: number): number {
    return this.#attribute(name, AttributeType.FLOAT)?.f ?? otherwise;
  }

  ints(name: string): readonly number[] | undefined {
    const attribute = this.#attribute(name, AttributeType.INTS);
    return attribute && (attribute.ints ?? []).map(Number);
  }

  text(name: string, otherwise: string): string {
    const attribute = this.#attribute(name, AttributeType.STRING);
    return attribute ? String.fromCharCode(...(attribute.s ?? [])) : otherwise;
  }

  /** A tensor among the attributes. */
  constant(name: string): Tensor | undefined {
    const attribute = this.#attribute(name, AttributeType.TENSOR);
    return attribute && decodeTensor({ ...attribute.t, name });
  }

  /** Axes where this operator's opset has them: among the attributes, or as this input. */
  axes(i: number): readonly number[] | undefined {
    return this.ints("axes") ?? this.numbers(i);
  }

  /** Says that an attribute changes nothing here. */
  ignore(...names: readonly string[]): void {
    for (const name of names) this.#read.add(name);
  }

  /** Throws where the attribute is there and not 0, with which it changes nothing. */
  requireZero(name: string): void {
    const value = this.int(name, 0);
    if (value !== 0) fail(this.op, `attribute ${name}=${value} is not supported`);
  }

  /** Throws where it has an attribute that its lowering did not ask for. */
  requireRead(): void {
    for (const { name } of this.#node.attribute ?? [])
      if (!this.#read.has(name ?? "")) fail(this.op, `attribute ${name} is not supported`);
  }
}
