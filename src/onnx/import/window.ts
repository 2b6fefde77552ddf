/** Convolutions and pooling with the padding that others leave to the operator: `auto_pad`, `ceil_mode`, `output_shape`. */
import type { Float } from "../../ir/dtype.ts";
import { fail } from "../../ir/error.ts";
import { staticShape } from "../../ir/shape.ts";
import type { Value } from "../../ir/value.ts";
import type { Window } from "../../ir/vocabulary.ts";
import { applyOne } from "../../ops/apply.ts";
import type { Foreign } from "./foreign.ts";

const floats = (value: Value) => value as Value<Float>;

/** The window of an operator on `x` with everything filled in, its padding as the attributes have it. */
function windowOf(node: Foreign, x: Value, kernel: readonly number[]): Window {
  const each = (value: number, sides = 1) => Array.from({ length: sides * kernel.length }, () => value);
  const strides = node.ints("strides") ?? each(1);
  const dilations = node.ints("dilations") ?? each(1);
  const given = node.ints("pads") ?? each(0, 2);
  const kind = node.text("auto_pad", "NOTSET");
  const window = { kernel_shape: kernel, strides, pads: given, dilations };
  if (kind === "NOTSET" || node.op === "ConvTranspose") return window;
  if (kind === "VALID") return { ...window, pads: each(0, 2) };
  if (!kind.startsWith("SAME_")) fail(node.op, `attribute auto_pad=${kind} is not supported`);
  const sizes = staticShape(node.op, x.shape.slice(2));
  const totals = sizes.map((size, i) => {
    const reach = dilations[i]! * (kernel[i]! - 1) + 1;
    return Math.max(0, (Math.ceil(size / strides[i]!) - 1) * strides[i]! + reach - size);
  });
  return { ...window, pads: divided(totals, kind === "SAME_UPPER") };
}

/** Paddings shared among both sides of each axis; of an odd one, `atEnd` says where the larger part goes. */
function divided(totals: readonly number[], atEnd: boolean): number[] {
  const begin = totals.map((total) => (atEnd ? Math.floor(total / 2) : Math.ceil(total / 2)));
  return [...begin, ...totals.map((total, i) => total - begin[i]!)];
}

function kernelOf(node: Foreign): number[] {
  node.ignore("kernel_shape");
  return staticShape(node.op, node.input(1).shape.slice(2));
}

export function conv(node: Foreign): Value {
  const x = node.input();
  const attributes = { ...windowOf(node, x, kernelOf(node)), group: node.int("group", 1) };
  return applyOne("Conv", [x, node.input(1), node.optional(2)], attributes);
}

export function convTranspose(node: Foreign): Value {
  const x = node.input();
  const window = windowOf(node, x, kernelOf(node));
  const { kernel_shape, strides, dilations } = window;
  const kind = node.text("auto_pad", "NOTSET");
  const sizes = node.ints("output_shape");
  let output_padding = node.ints("output_padding") ?? strides.map(() => 0);
  let pads = kind === "VALID" ? window.pads.map(() => 0) : window.pads;
  if (sizes !== undefined || kind.startsWith("SAME_")) {
    const given = staticShape(node.op, x.shape.slice(2));
    const totals = given.map((size, i) => {
      const wanted = sizes?.at(i - given.length) ?? size * strides[i]!;
      return (
        strides[i]! * (size - 1) + output_padding[i]! + dilations[i]! * (kernel_shape[i]! - 1) + 1 - wanted
      );
    });
    pads = divided(
      totals.map((total) => Math.max(0, total)),
      kind === "SAME_UPPER",
    );
    output_padding = output_padding.map((size, i) => size + Math.max(0, -totals[i]!));
  }
  const attributes = { ...window, pads, group: node.int("group", 1), output_padding };
  return applyOne("ConvTranspose", [x, node.input(1), node.optional(2)], attributes);
}

/** The padding that makes a window end where rounding up would: the last one still begins inside of the image. */
function roundedUp(node: Foreign, x: Value, window: Window): Window {
  if (node.int("ceil_mode", 0) === 0) return window;
  const { kernel_shape, strides, pads, dilations } = window;
  const sizes = staticShape(node.op, x.shape.slice(2));
  const rank = sizes.length;
  const wider = sizes.map((size, i) => {
    const reach = dilations[i]! * (kernel_shape[i]! - 1) + 1;
    const padded = size + pads[i]! + pads[i + rank]!;
    const steps = Math.ceil((padded - reach) / strides[i]!);
    const begins = steps * strides[i]! < size + pads[i]! ? steps : steps - 1;
    return Math.max(0, begins * strides[i]! + reach - padded);
  });
  return { ...window, pads: pads.map((pad, i) => (i < rank ? pad : pad + wider[i - rank]!)) };
}

export function maxPool(node: Foreign): Value {
  const x = node.input();
  if (node.counts.outputs > 1) fail(node.op, "its second output (Indices) is not supported");
  node.requireZero("storage_order");
  return applyOne("MaxPool", [x], roundedUp(node, x, poolWindow(node, x)));
}

export function averagePool(node: Foreign): Value {
  const x = node.input();
  const { dilations, ...window } = poolWindow(node, x);
  if (dilations.some((dilation) => dilation !== 1))
    fail(node.op, `attribute dilations=${dilations} is not supported`);
  const count_include_pad = node.int("count_include_pad", 0) === 0 ? 0 : 1;
  const wider = roundedUp(node, x, { ...window, dilations });
  if (count_include_pad === 1 && wider.pads.some((pad, i) => pad !== window.pads[i]))
    fail(node.op, "attribute ceil_mode=1 with count_include_pad=1 is not supported where it adds a window");
  return applyOne("AveragePool", [x], { ...window, pads: wider.pads, count_include_pad });
}

function poolWindow(node: Foreign, x: Value): Window {
  return windowOf(node, x, node.ints("kernel_shape") ?? fail(node.op, "has no kernel_shape"));
}

/** The largest or mean element of each channel; `[batch, channels, 1, …]`. */
export function globalPool(
  node: Foreign,
  reduce: (x: Value<Float>, axes: number[], options: { keepDims: true }) => Value,
): Value {
  const x = floats(node.input());
  return reduce(x, x.shape.map((_, i) => i).slice(2), { keepDims: true });
}
