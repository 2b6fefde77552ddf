/** The *Explore* panel: one view of one model, and all that shows it and changes it. */
import type { Remote } from "comlink";
import { button, canvas, element, field, select, setOptions } from "../elements.ts";
import type { Decoded, Inference, Opened } from "../inference/worker.ts";
import { latest } from "./latest.ts";
import { bundled, fetchBundled, fetchModel, type ModelFiles, readModel } from "./models.ts";
import { Pad } from "./pad.ts";
import { paint, textOf } from "./paint.ts";
import { codesOfMap, Plane } from "./plane.ts";
import { Sliders, show } from "./sliders.ts";
import { between, sharesPlane, type View, viewOf, withValues } from "./view.ts";
import { codesOfStrip, Walk } from "./walk.ts";

/** The panel, ready to open models. */
export class Explorer {
  readonly #inference: Remote<Inference>;
  readonly #plane: Plane;
  readonly #sliders: Sliders;
  readonly #walk: Walk;
  readonly #pad: Pad;
  readonly #drawPicture: () => void;
  readonly #drawMap: () => void;
  readonly #drawStrip: () => void;
  #view: View | undefined;
  /** How many models were asked for: of two that are fetched at once, the later one is wanted. */
  #asked = 0;
  /** Which choice of model is open; none before the first. */
  #chosen = -1;

  constructor(inference: Remote<Inference>) {
    this.#inference = inference;
    const report = (error: unknown) => this.report(error);
    const drawing = (codesOf: (view: View) => Float32Array, draw: (view: View, decoded: Decoded) => void) =>
      latest(async () => {
        const view = this.#view;
        const decoded = view && (await inference.decode(view.model, codesOf(view)));
        if (decoded) draw(view, decoded);
      }, report);
    this.#plane = new Plane({
      move: (code) => this.#move(code),
      turn: (axes) => this.#show({ axes }),
    });
    this.#sliders = new Sliders(
      (dimension, value) => this.#view && this.#move(withValues(this.#view.code, { [dimension]: value })),
    );
    this.#walk = new Walk({
      go: (along) => this.#view && this.#move(between(this.#view.a, this.#view.b, along)),
      setEnd: (end) => this.#view && this.#show({ [end]: this.#view.code }),
    });
    const encode = latest(async (pixels: Float32Array) => {
      const code = this.#view && (await inference.encode(this.#view.model, pixels));
      if (code) this.#move(code);
    }, report);
    this.#pad = new Pad({ change: encode, fail: report });
    this.#drawPicture = drawing(
      ({ code }) => code,
      ({ model }, { pixels, milliseconds }) => {
        paint(canvas("picture"), model, pixels);
        const text = textOf(model, pixels);
        canvas("picture").ariaLabel =
          text === "" ? "What the decoder draws here" : `The decoder writes: ${text}`;
        const pace = element("pace", HTMLElement);
        pace.textContent = `in ${milliseconds.toFixed(1)} ms`;
        // For `make bench-page`.
        pace.dataset.milliseconds = String(milliseconds);
        pace.dataset.count = String(Number(pace.dataset.count ?? 0) + 1);
      },
    );
    this.#drawMap = drawing(codesOfMap, (view, { pixels }) => this.#plane.draw(view, pixels));
    this.#drawStrip = drawing(codesOfStrip, (view, { pixels }) => this.#walk.draw(view, pixels));
    this.#listen();
  }

  /** Opens a model in place of the one that is shown. What is wrong with it is said on the page. */
  async open(files: Promise<ModelFiles> | ModelFiles): Promise<void> {
    const asked = ++this.#asked;
    try {
      const { name, decoder, encoder } = await files;
      if (asked !== this.#asked) return;
      const model = await this.#inference.open(decoder, encoder);
      this.report(null);
      this.#view = viewOf(model);
      this.#name(name, model);
      this.#plane.offer(this.#view);
      this.#sliders.offer(this.#view);
      this.#pad.offer(model);
      this.#show({});
    } catch (error) {
      if (asked !== this.#asked) return;
      select("model").selectedIndex = this.#chosen;
      this.report(error);
    }
  }

  /** Moves to a code; the plane goes along where it lies outside of it. */
  #move(code: Float32Array): void {
    if (this.#view === undefined) return;
    const isWithin = sharesPlane(this.#view.code, code, this.#view.axes);
    this.#view = { ...this.#view, code };
    if (!isWithin) this.#drawMap();
    this.#place();
  }

  #show(change: Partial<View>): void {
    if (this.#view === undefined) return;
    this.#view = { ...this.#view, ...change };
    this.#drawMap();
    this.#drawStrip();
    this.#place();
  }

  #place(): void {
    const view = this.#view!;
    this.#plane.place(view);
    this.#sliders.place(view);
    const [across, up] = view.axes.map((axis) => show(view.code[axis]!));
    element("where", HTMLElement).textContent = view.model.latent === 1 ? across! : `${across}, ${up}`;
    this.#drawPicture();
  }

  #listen(): void {
    const models = select("model");
    setOptions(
      models,
      bundled.map(({ name }) => name),
      0,
    );
    models.addEventListener("change", () => {
      const at = +models.value;
      if (at < bundled.length) void this.open(fetchBundled(at));
    });
    button("open-files").addEventListener("click", () => field("files").click());
    field("files").addEventListener("change", () => {
      void this.open(readModel([...(field("files").files ?? [])]));
      field("files").value = "";
    });
    const address = element("address", HTMLFormElement);
    button("open-address").addEventListener("click", () => {
      address.hidden = !address.hidden;
      if (!address.hidden) field("decoder-address").focus();
    });
    address.addEventListener("submit", (event) => {
      event.preventDefault();
      void this.open(fetchModel(field("decoder-address").value, field("encoder-address").value));
    });
    button("random").addEventListener("click", () => {
      if (this.#view) this.#move(this.#view.code.map(normal));
    });
    button("origin").addEventListener("click", () => {
      if (this.#view) this.#move(this.#view.code.map(() => 0));
    });
    select("label").addEventListener("change", async () => {
      await this.#inference.choose(+select("label").value);
      this.#show({});
    });
    const panel = element("explore", HTMLElement);
    panel.addEventListener("dragover", (event) => event.preventDefault());
    panel.addEventListener("drop", (event) => {
      event.preventDefault();
      const files = [...(event.dataTransfer?.files ?? [])];
      const [first] = files;
      if (first === undefined) return;
      // An image is for the pad; what is neither is told what would be.
      const { canEncode, medium } = this.#view?.model ?? {};
      if (first.type.startsWith("image/") && canEncode && medium?.kind === "image")
        void this.#pad.show(first);
      else void this.open(readModel(files));
    });
    // A wave or a line of text is drawn in the colour of its surroundings.
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => this.#show({}));
  }

  #name(name: string, { latent, image, medium, isConditional, classes, test, canEncode }: Opened): void {
    const models = select("model");
    const names = bundled.map((model): string => model.name);
    if (!names.includes(name)) names.push(name);
    this.#chosen = names.indexOf(name);
    setOptions(models, names, this.#chosen);
    element("explore", HTMLElement).dataset.medium = medium.kind;
    element("label-field", HTMLFieldSetElement).hidden = !isConditional;
    setOptions(select("label"), classes ?? [], 0);
    const [channels, height, width] = image;
    const sizes = {
      image: `${width} × ${height}${channels === 1 ? "" : ` × ${channels}`}`,
      text: `lines of ${width} letters`,
      sound: `${width.toLocaleString("en")} samples`,
    };
    const facts = [
      `${latent} latent ${latent === 1 ? "dimension" : "dimensions"}`,
      sizes[medium.kind],
      ...(test === null ? [] : [`test loss ${test.loss.toFixed(1)}`]),
      ...(canEncode ? [] : ["no encoder"]),
    ];
    element("facts", HTMLOutputElement).textContent = facts.join(" · ");
  }

  /** Says what went wrong, or that all is well again. */
  report(error: unknown): void {
    const alert = element("explore-alert", HTMLElement);
    alert.hidden = error === null;
    alert.textContent = error === null ? "" : error instanceof Error ? error.message : String(error);
  }
}

/** One standard normal number (Box & Muller 1958): what is looked at here needs no seed. */
function normal(): number {
  return Math.sqrt(-2 * Math.log(1 - Math.random())) * Math.cos(2 * Math.PI * Math.random());
}
