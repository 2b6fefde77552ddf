/** How parameters begin, as data: a distribution for each, chosen from the fans of its layer. */

/** The distribution that a parameter's first values are drawn from. */
export type Init =
  | { readonly kind: "constant"; readonly value: number }
  | { readonly kind: "uniform"; readonly bound: number }
  | { readonly kind: "normal"; readonly deviation: number }
  /** Not drawn at all: whoever trains the model has the values. */
  | { readonly kind: "given" };

/** The numbers of inputs that reach one output of a layer, and of outputs that one input reaches. */
export interface Fans {
  readonly in: number;
  readonly out: number;
}

export type Initialiser = (fans: Fans) => { readonly weight: Init; readonly bias: Init };

const zero: Init = { kind: "constant", value: 0 };

export const initialisers = {
  /** PyTorch's default: weights and biases uniform in ±1/√in (`kaiming_uniform_` with a = √5). */
  pytorch: (fans) => {
    const uniform: Init = { kind: "uniform", bound: 1 / Math.sqrt(fans.in) };
    return { weight: uniform, bias: uniform };
  },
  /** Uniform in ±√(6 / (in + out)), biases 0 (Glorot & Bengio 2010, eq. 16). */
  glorot: (fans) => ({ weight: { kind: "uniform", bound: Math.sqrt(6 / (fans.in + fans.out)) }, bias: zero }),
  /** Normal with variance 2 / in, biases 0, for rectifiers (He et al. 2015, eq. 10). */
  he: (fans) => ({ weight: { kind: "normal", deviation: Math.sqrt(2 / fans.in) }, bias: zero }),
} as const satisfies Record<string, Initialiser>;

export type InitialiserName = keyof typeof initialisers;
