/** The Train panel as it is before anything is known: nothing to fill in until the presets are. */

export const markup = `
<div class="lead" id="train-lead">
  <h1>Train one, right here</h1>
  <p>Pick a model and something for it to learn. It trains in this tab, on your own machine, and is kept in this browser:
    pause it, close the tab, come back.</p>
</div>
<div class="train-alert" id="train-alert" role="alert"></div>
<section class="kept" id="train-kept" aria-labelledby="train-kept-title" hidden>
  <h2 id="train-kept-title">Runs in this browser</h2>
  <ul id="train-runs"></ul>
</section>

<form class="setup" id="train-setup" aria-label="A new training">
  <fieldset class="card" disabled>
    <legend>Data</legend>
    <div class="choices">
      <label><input type="radio" name="data" value="digits" checked /> Drawn digits</label>
      <label><input type="radio" name="data" value="files" /> My files</label>
    </div>
    <div id="train-digits" class="fields">
      <label class="field">Training images
        <input type="number" name="count" min="200" max="20000" step="100" value="2000" required /></label>
      <p class="hint">Handwritten-looking digits that this page draws itself, with some more for validation and test.</p>
    </div>
    <div id="train-files" class="fields" hidden>
      <div class="drop" id="train-drop">
        <p id="train-chosen">Drop a folder or files here: images, or IDX files named as MNIST’s are.</p>
        <p class="row">
          <button type="button" id="train-choose">Choose files …</button>
          <button type="button" id="train-choose-folder">Choose a folder …</button>
        </p>
        <input type="file" id="train-input" multiple hidden aria-label="Images, IDX files, or a run" />
        <input type="file" id="train-folder" webkitdirectory hidden aria-label="A folder of images, or of a run" />
      </div>
      <div class="pair">
        <label class="field">Image size, pixels
          <input type="number" name="side" min="8" max="128" step="4" value="28" required /></label>
        <label class="field">Colours
          <select name="channels"><option value="1">Gray</option><option value="3">Red, green, blue</option></select></label>
      </div>
      <p class="hint">Images are cut square and scaled. Folders inside become classes. Nothing leaves this tab.</p>
    </div>
  </fieldset>
  <fieldset class="card" disabled>
    <legend>Model</legend>
    <label class="field">Preset <select name="preset" id="train-preset" aria-describedby="train-about"></select></label>
    <p class="hint" id="train-about"></p>
    <div class="pair">
      <label class="field">Latent dimensions
        <input type="number" name="latent" min="1" max="256" value="20" required /></label>
      <label class="field">Hidden units
        <input type="text" name="hidden" inputmode="numeric" pattern="\\s*(\\d+(\\s*,\\s*\\d+)*)?\\s*"
          title="Numbers with commas between them, one a layer" value="400" /></label>
    </div>
  </fieldset>
  <fieldset class="card" disabled>
    <legend>Training</legend>
    <div class="pair">
      <label class="field">Epochs <input type="number" name="epochs" min="1" max="10000" value="10" required /></label>
      <label class="field">Batch <input type="number" name="batch" min="1" max="4096" value="128" required /></label>
      <label class="field">Learning rate
        <input type="number" name="learningRate" min="0" step="any" value="0.001" required /></label>
      <label class="field" id="train-weight-field"><span id="train-weight">KL weight</span> <input type="number" name="klWeight" min="0" step="any" value="1" required /></label>
    </div>
  </fieldset>
  <fieldset class="card" disabled>
    <legend>Device</legend>
    <div class="choices stacked" id="train-devices">
      <label><input type="radio" name="device" value="auto" checked /> Automatic <span>· the GPU, if there is a real one</span></label>
      <label><input type="radio" name="device" value="webgpu" /> WebGPU <span id="train-webgpu"></span></label>
      <label><input type="radio" name="device" value="wasm" /> WASM <span id="train-wasm"></span></label>
    </div>
  </fieldset>
  <p class="go"><button type="submit" class="primary" id="train-start" disabled>Start training</button>
    <span class="hint">A run from Node? Drop its folder, or a zip of it, anywhere here. <button type="button" class="link" id="train-open">Open a run …</button></span></p>
</form>

<section class="live" id="train-live" aria-labelledby="train-name" tabindex="-1" hidden>
  <header>
    <h1 id="train-name"></h1>
    <p class="hint" id="train-description"></p>
  </header>
  <div class="pace">
    <progress id="train-progress" max="1" value="0" aria-label="Training progress"></progress>
    <p id="train-status" role="status"></p>
  </div>
  <p class="row actions">
    <button type="button" id="train-pause">Pause</button>
    <button type="button" id="train-resume" class="primary">Resume</button>
    <button type="button" id="train-stop">Stop</button>
    <button type="button" id="train-explore">Explore this model</button>
  </p>
  <dl class="tiles">
    <div><dt>Loss</dt><dd id="train-loss">–</dd></div>
    <div><dt>Validation</dt><dd id="train-validation">–</dd></div>
    <div><dt>Images a second</dt><dd id="train-speed">–</dd></div>
    <div><dt>Time left</dt><dd id="train-left">–</dd></div>
  </dl>
  <div class="charts">
    <figure class="card">
      <figcaption><strong id="train-title-a">Reconstruction</strong><span class="keys"><i class="key-train"></i>training <i class="key-valid"></i>validation</span></figcaption>
      <div class="chart" id="train-chart-a" role="img" aria-label="Reconstruction loss: no steps yet"></div>
    </figure>
    <figure class="card" id="train-figure-b">
      <figcaption><strong id="train-title-b">KL divergence</strong><span class="keys"><i class="key-train"></i>training <i class="key-valid"></i>validation</span></figcaption>
      <div class="chart" id="train-chart-b" role="img" aria-label="KL divergence: no steps yet"></div>
    </figure>
  </div>
  <div class="views">
    <figure class="card" id="train-figure-codes">
      <figcaption><strong>Latent space</strong><span id="train-axes"></span></figcaption>
      <canvas id="train-scatter" role="img" aria-label="Codes of validation images: not drawn yet"></canvas>
      <p class="classes" id="train-classes"></p>
    </figure>
    <div class="sheets">
      <figure class="card">
        <figcaption><strong>Reconstructions</strong><span>validation images above, what comes back below</span></figcaption>
        <canvas id="train-reconstructions" role="img" aria-label="Reconstructions: not drawn yet"></canvas>
      </figure>
      <figure class="card" id="train-figure-samples">
        <figcaption><strong>Samples</strong><span>always the same codes from the prior</span></figcaption>
        <canvas id="train-samples" role="img" aria-label="Samples: not drawn yet"></canvas>
      </figure>
    </div>
  </div>
  <div class="home">
    <h2>Take it home</h2>
    <p class="row">
      <button type="button" id="train-encoder">Download encoder</button>
      <button type="button" id="train-decoder">Download decoder</button>
      <button type="button" id="train-training">Download training graph</button>
      <button type="button" id="train-checkpoint">Download checkpoint</button>
    </p>
    <p class="hint">The checkpoint is the whole run as a zip. Unpack it, and Node goes on where this tab stands: <code id="train-command"></code></p>
  </div>
</section>
`;
