/* Figures of The Loss Atlas: draws the pictures that were computed in advance for every setting of their controls.
   Loads plotly.js and the data of a figure when it comes near the view. Needs nothing from anywhere else. */
(function () {
  "use strict";

  const here = document.currentScript;
  const received = new Map(); // key of a payload file -> what it brought
  const loading = new Map(); // address of a script -> promise
  /* What brings a payload, and what other figures of a page draw with. */
  window.LossAtlas = {
    receive: (key, payload) => received.set(key, payload),
    received, load, plotly, palette, tablesOf, tableElement,
  };

  function load(address) {
    if (!loading.has(address)) {
      loading.set(address, new Promise((resolve, reject) => {
        const script = document.createElement("script");
        script.src = address;
        script.onload = resolve;
        script.onerror = () => reject(new Error("could not load " + address));
        document.head.append(script);
      }));
    }
    return loading.get(address);
  }

  async function plotly() {
    if (!window.Plotly) await load(here.dataset.plotly || new URL("vendor/plotly.min.js", here.src).href);
    return window.Plotly;
  }

  /* ---- The data: the inverse of packing.py ---- */

  async function payloadOf(figure) {
    const holder = figure.querySelector("script.atlas-payload");
    let payload = null;
    if (holder.dataset.src) {
      if (!received.has(holder.dataset.key)) await load(new URL(holder.dataset.src, document.baseURI).href);
      payload = received.get(holder.dataset.key);
    } else {
      payload = JSON.parse(holder.textContent);
    }
    return { ...payload, arrays: await unpack(payload.pool), values: payload.pool.values };
  }

  async function unpack(pool) {
    const packed = Uint8Array.from(atob(pool.bytes), (letter) => letter.charCodeAt(0));
    const stream = new Blob([packed]).stream().pipeThrough(new DecompressionStream("deflate-raw"));
    const bytes = new Uint8Array(await new Response(stream).arrayBuffer());
    const wide = pool.encoding === "float32";
    const count = bytes.length / (wide ? 4 : 2);
    const words = wide ? new Uint32Array(count) : new Uint16Array(count);
    for (let n = 0, sum = 0; n < count; n++) {
      let step = bytes[n] | (bytes[count + n] << 8);
      if (wide) step |= (bytes[2 * count + n] << 16) | (bytes[3 * count + n] << 24);
      words[n] = sum = (sum + step) >>> 0; // wraps as the differences did
    }
    const floats = wide ? new Float32Array(words.buffer) : null;
    let from = 0;
    return pool.shapes.map((shape, n) => {
      const length = shape.reduce((a, b) => a * b, 1);
      let flat = null;
      if (wide) {
        flat = floats.subarray(from, from + length);
      } else {
        const [low, step] = pool.scales[n];
        flat = Float64Array.from(words.subarray(from, from + length), (code) => (code === 65535 ? NaN : low + step * code));
      }
      from += length;
      if (shape.length === 1) return flat;
      return Array.from({ length: shape[0] }, (_, row) => flat.subarray(row * shape[1], (row + 1) * shape[1]));
    });
  }

  /* ---- Colours: tokens of style.py are custom properties of explorer.css ---- */

  function palette(figure) {
    const style = getComputedStyle(figure);
    const named = (name) => style.getPropertyValue("--atlas-" + name.toLowerCase()).trim();
    const tokens = {};
    for (const name of ["C1", "C2", "C3", "C4", "C5", "C6", "ink", "muted", "grid", "paper"]) tokens[name] = named(name);
    const scales = {};
    for (const name of ["level", "signed"]) {
      const stops = named(name).split(/\s+/);
      scales[name] = stops.map((stop, n) => [n / (stops.length - 1), stop]);
    }
    return { tokens, scales, font: style.fontFamily };
  }

  function colored(key, value, colors) {
    if (key === "colorscale") return colors.scales[value] || value;
    if (key.toLowerCase().endsWith("color")) {
      if (typeof value === "string") return colors.tokens[value] || value;
      if (Array.isArray(value)) return value.map((one) => colors.tokens[one] || one);
    }
    if (Array.isArray(value) && value.length && typeof value[0] === "object" && !ArrayBuffer.isView(value[0])) {
      return value.map((item) => (item && !Array.isArray(item) ? recolored(item, colors) : item));
    }
    return value;
  }

  function recolored(tree, colors) {
    return Object.fromEntries(Object.entries(tree).map(([key, value]) => {
      const nested = value && typeof value === "object" && !Array.isArray(value);
      return [key, nested ? recolored(value, colors) : colored(key, value, colors)];
    }));
  }

  /* ---- The numbers as tables: the rules of table.py ---- */

  const plain = (html) => String(html).replaceAll("<br>", " ").replace(/<[^>]+>/g, "");
  const axisOf = (trace, letter) => letter + "axis" + (trace[letter + "axis"] || letter).slice(1);

  function titleOf(layout, trace, letter) {
    const title = (layout[axisOf(trace, letter)] || {}).title;
    return title && title.text ? plain(title.text) : letter;
  }

  function thinned(count, most) {
    if (count <= most) return Array.from({ length: count }, (_, n) => n);
    return Array.from({ length: most }, (_, n) => Math.floor((n * (count - 1)) / (most - 1) + 0.5));
  }

  function number(value) {
    if (typeof value !== "number") return plain(value);
    if (!Number.isFinite(value)) return "–";
    value = Number(value.toPrecision(4));
    const size = Math.abs(value);
    if (size === 0) return "0";
    if (size < 1e-3 || size >= 1e5) return value.toExponential(2).replace(/e\+?/, "e");
    return String(Number(value.toFixed(size < 1 ? 4 : Math.max(0, 4 - String(Math.floor(size)).length))));
  }

  function tablesOf(traces, layout, rows, columns) {
    const found = [];
    const shared = new Map();
    for (const trace of traces) {
      const table = trace.meta && trace.meta.table;
      if (trace.visible === false || table === false) continue;
      if (table) {
        found.push({ columns: Object.keys(table).map(plain), values: Object.values(table) });
      } else if (trace.z) {
        const x = trace.x || trace.z[0].map((_, n) => n);
        const y = trace.y || trace.z.map((_, n) => n);
        const over = thinned(x.length, columns);
        const names = [titleOf(layout, trace, "y") + " \\ " + titleOf(layout, trace, "x"), ...over.map((j) => number(x[j]))];
        const down = thinned(y.length, columns === Infinity ? Infinity : columns);
        found.push({ columns: names, values: [down.map((i) => y[i]), ...over.map((j) => down.map((i) => trace.z[i][j]))] });
      } else if (trace.x && trace.y) {
        const key = axisOf(trace, "x") + Array.from(trace.x).join();
        if (!shared.has(key)) {
          shared.set(key, { columns: [titleOf(layout, trace, "x")], values: [trace.x] });
          found.push(shared.get(key));
        }
        shared.get(key).columns.push(trace.name ? plain(trace.name) : titleOf(layout, trace, "y"));
        shared.get(key).values.push(trace.y);
      }
    }
    return found.map(({ columns: names, values }) => {
      const count = Math.max(0, ...values.map((v) => v.length));
      const cell = (v, n) => (n < v.length ? number(v[n]) : "–");
      return { columns: names, rows: thinned(count, rows).map((n) => values.map((v) => cell(v, n))) };
    });
  }

  function tableElement({ columns, rows }) {
    const element = document.createElement("table");
    const fill = (row, texts, tag, scope) => texts.forEach((text, n) => {
      const cell = document.createElement(n === 0 ? "th" : tag);
      if (cell.tagName === "TH") cell.scope = n === 0 && scope ? scope : "col";
      cell.textContent = text;
      row.append(cell);
    });
    fill(element.createTHead().insertRow(), columns, "th", "");
    const body = element.createTBody();
    for (const row of rows) fill(body.insertRow(), row, "td", "row");
    return element;
  }

  /* ---- One figure ---- */

  class Explorer {
    constructor(figure) {
      this.figure = figure;
      this.plot = figure.querySelector(".atlas-plot");
      this.inputs = [...figure.querySelectorAll("[data-control]")];
      this.plot.style.minHeight = this.plot.dataset.height + "px";
      this.layouts = new Map();
      this.started = false;
    }

    async start() {
      if (this.started) return;
      this.started = true;
      try {
        [this.Plotly, this.payload] = await Promise.all([plotly(), payloadOf(this.figure)]);
        if (this.plot.clientWidth) await this.draw();
        else this.started = false; // hidden while it was loading: when it is seen again
      } catch (problem) {
        this.announce("The figure could not be made interactive: " + problem.message);
      }
    }

    async draw() {
      this.colors = palette(this.figure);
      this.inputs.forEach((input, n) => {
        this.place(n, this.payload.controls[n].start);
        input.disabled = false;
        input.addEventListener("input", () => this.moved(n));
      });
      this.follow(location.hash);
      this.canvas = document.createElement("div");
      this.canvas.className = "atlas-canvas";
      this.canvas.setAttribute("role", "img");
      this.plot.append(this.canvas);
      this.figure.classList.add("is-live");
      this.parts = this.payload.pictures.map((picture) => this.traces(picture));
      this.described();
      await this.Plotly.newPlot(this.canvas, this.parts.flat(), this.layout(), { displayModeBar: false, showTips: false });
      this.figure.querySelector(".atlas-tools").hidden = false;
      for (const button of this.figure.querySelectorAll("[data-save]")) {
        button.addEventListener("click", () => this.save(button.dataset.save));
      }
      const details = this.figure.querySelector(".atlas-values");
      details.addEventListener("toggle", () => this.tabulate());
      let width = this.plot.clientWidth;
      new ResizeObserver(() => {
        if (this.plot.clientWidth === width || !this.plot.clientWidth) return;
        width = this.plot.clientWidth;
        this.Plotly.Plots.resize(this.canvas);
      }).observe(this.plot);
      const { turn } = this.layout().meta || {};
      if (turn) this.turnable(this.payload.controls.findIndex((control) => control.name === turn));
      this.tabulate();
      this.figure.dispatchEvent(new CustomEvent("atlas-drawn", { bubbles: true }));
    }

    /* A click around the origin, or a drag with the mouse, sets a control that is an angle in degrees. */
    turnable(n) {
      const angles = this.payload.controls[n].texts.map(Number);
      const follow = (event) => {
        const { xaxis, yaxis } = this.canvas._fullLayout;
        const box = this.canvas.getBoundingClientRect();
        const x = xaxis.p2c(0) - (event.clientX - box.left - xaxis._offset);
        const y = yaxis.p2c(0) - (event.clientY - box.top - yaxis._offset);
        if (Math.hypot(x, y) > Math.abs(xaxis.p2c(1.5) - xaxis.p2c(0))) return;
        const degrees = (Math.atan2(y, -x) * 180) / Math.PI;
        const away = angles.map((angle) => Math.abs(((angle - degrees + 540) % 360) - 180));
        const index = away.indexOf(Math.min(...away));
        if (index === this.indices[n]) return;
        this.place(n, index);
        this.moved(n);
      };
      this.canvas.addEventListener("pointerdown", (event) => {
        if (event.pointerType === "touch") return; // it may be the start of a scroll; a tap comes as a click
        this.canvas.setPointerCapture(event.pointerId); // plotly covers the page while a button is down
        follow(event);
      }, true);
      this.canvas.addEventListener("click", follow, true);
      this.canvas.addEventListener("pointermove", (event) => {
        if (event.buttons === 1 && event.pointerType !== "touch") follow(event);
      }, true);
    }

    /* Where the controls stand. */
    get indices() {
      return this.inputs.map((input) => (input.tagName === "SELECT" ? input.selectedIndex : Number(input.value)));
    }

    text(n) {
      return this.payload.controls[n].texts[this.indices[n]];
    }

    place(n, index) {
      const input = this.inputs[n];
      if (input.tagName === "SELECT") input.selectedIndex = index;
      else input.value = index;
      this.read(n);
    }

    read(n) {
      const input = this.inputs[n];
      if (input.tagName === "SELECT") return;
      input.setAttribute("aria-valuetext", this.text(n));
      input.nextElementSibling.textContent = this.text(n);
    }

    /* Which cell of a grid over these controls is shown; the last control runs fastest. */
    cell(names) {
      const indices = this.indices;
      return names.reduce((cell, name) => {
        const n = this.payload.controls.findIndex((control) => control.name === name);
        return cell * this.payload.controls[n].texts.length + indices[n];
      }, 0);
    }

    /* The tree whose leaves a grid holds, at the cell shown. */
    tree(leaves, names, plainArrays) {
      const cell = this.cell(names);
      const tree = {};
      for (const [path, references] of leaves) {
        const reference = Array.isArray(references) ? references[cell] : references;
        if (reference === null) continue;
        let value = reference < 0 ? this.payload.values[~reference] : this.payload.arrays[reference];
        if (plainArrays && ArrayBuffer.isView(value)) value = Array.from(value);
        const last = path.length - 1;
        let branch = tree;
        for (let k = 0; k < last; k++) branch = branch[path[k]] ||= {};
        branch[path[last]] = colored(path[last], value, this.colors);
      }
      return tree;
    }

    traces(picture) {
      return picture.traces.map((leaves) => this.tree(leaves, picture.controls, false));
    }

    /* The same object for the same cell: plotly.js then need not compare it with the one before. */
    layout() {
      const { leaves, controls } = this.payload.layout;
      const cell = this.cell(controls);
      if (!this.layouts.has(cell)) {
        const layout = this.tree(leaves, controls, true);
        layout.font = { family: this.colors.font, ...layout.font };
        this.layouts.set(cell, { ...layout, autosize: true });
      }
      return this.layouts.get(cell);
    }

    moved(n) {
      const begun = performance.now();
      this.read(n);
      this.step([this.payload.controls[n].name]).then(() => {
        this.figure.dataset.step = (performance.now() - begun).toFixed(2);
        this.figure.dispatchEvent(new CustomEvent("atlas-stepped", { bubbles: true }));
      });
      clearTimeout(this.pause);
      this.pause = setTimeout(() => this.settled(n), 400);
    }

    /* Draw what changed with these controls. Where only the points of curves move, and no axis does, an animation
       of no length redraws just them. */
    step(names) {
      let swift = !names.some((name) => this.payload.layout.controls.includes(name));
      const data = [];
      const traces = [];
      let from = 0;
      this.payload.pictures.forEach((picture, n) => {
        if (picture.controls.some((name) => names.includes(name))) {
          this.parts[n] = this.traces(picture);
          this.parts[n].forEach((trace, k) => {
            swift &&= onlyPointsMove(picture.traces[k], trace);
            data.push({ x: trace.x, y: trace.y });
            traces.push(from + k);
          });
        }
        from += this.parts[n].length;
      });
      this.described();
      const still = { mode: "immediate", transition: { duration: 0 }, frame: { duration: 0, redraw: false } };
      return swift
        ? this.Plotly.animate(this.canvas, { data, traces }, still)
        : this.Plotly.react(this.canvas, this.parts.flat(), this.layout());
    }

    /* What can wait until a control rests. */
    settled(n) {
      this.announce(this.payload.controls[n].label + " " + this.text(n));
      this.tabulate();
      const state = this.payload.controls.map((c, k) => encodeURIComponent(c.name) + "=" + encodeURIComponent(this.text(k)));
      if (this.figure.closest("[data-own-address]")) return; // the address already names something else, such as a slide
      history.replaceState(history.state, "", "#" + this.figure.id + ":" + state.join("&"));
    }

    /* Take the setting from a link such as #ex-powers:p=1.5 */
    follow(hash) {
      const [id, state] = splitHash(hash);
      if (id !== this.figure.id || !state) return;
      for (const [name, wanted] of new URLSearchParams(state)) {
        const n = this.payload.controls.findIndex((control) => control.name === name);
        if (n < 0) continue;
        const texts = this.payload.controls[n].texts;
        let index = texts.indexOf(wanted);
        if (index < 0 && this.inputs[n].tagName !== "SELECT" && Number.isFinite(Number(wanted))) {
          const away = texts.map((text) => Math.abs(Number(text) - Number(wanted)));
          index = away.indexOf(Math.min(...away));
        }
        if (index < 0) continue;
        this.place(n, index);
      }
      if (this.canvas) this.step(this.payload.controls.map((control) => control.name));
    }

    described() {
      const values = Object.fromEntries(this.payload.controls.map((control, n) => [control.name, this.text(n)]));
      const words = this.payload.alt.map(([text, name]) => text + (name === null ? "" : values[name])).join("");
      this.canvas.setAttribute("aria-label", words);
    }

    announce(words) {
      this.figure.querySelector(".atlas-announcement").textContent = words;
    }

    tabulate() {
      if (!this.figure.querySelector(".atlas-values").open) return;
      const tables = tablesOf(this.parts.flat(), this.layout(), 11, 6);
      this.figure.querySelector(".atlas-tables").replaceChildren(...tables.map(tableElement));
    }

    recolor() {
      if (!this.canvas) return;
      this.colors = palette(this.figure);
      this.layouts.clear();
      this.parts = this.payload.pictures.map((picture) => this.traces(picture));
      this.Plotly.react(this.canvas, this.parts.flat(), this.layout());
    }

    save(format) {
      const filename = [this.figure.id.slice(3), ...this.payload.controls.map((c, n) => c.name + "-" + this.text(n))].join("_");
      if (format !== "csv") {
        const size = { width: this.plot.clientWidth, height: this.canvas.clientHeight };
        this.Plotly.downloadImage(this.canvas, { format, filename, scale: format === "png" ? 2 : 1, ...size });
        return;
      }
      const quoted = (text) => (/[",\n]/.test(text) ? '"' + text.replaceAll('"', '""') + '"' : text);
      const tables = tablesOf(this.parts.flat(), this.layout(), Infinity, Infinity);
      const lines = tables.map(({ columns, rows }) => [columns, ...rows].map((row) => row.map(quoted).join(",")).join("\r\n"));
      const link = document.createElement("a");
      link.href = URL.createObjectURL(new Blob([lines.join("\r\n\r\n") + "\r\n"], { type: "text/csv" }));
      link.download = filename + ".csv";
      link.click();
      setTimeout(() => URL.revokeObjectURL(link.href), 10000);
    }
  }

  /* Whether a trace is a curve of which nothing that is drawn but x and y differs between cells. */
  function onlyPointsMove(leaves, trace) {
    const moving = leaves.filter(([, references]) => Array.isArray(references)).map(([path]) => path.join("."));
    return trace.type === "scatter" && trace.x && trace.y && moving.every((path) => path === "x" || path === "y" || path.startsWith("meta."));
  }

  /* "#ex-powers:p=1.5" -> ["ex-powers", "p=1.5"] */
  function splitHash(hash) {
    const [, id, state] = /^#([^:]*):?(.*)$/.exec(hash) || [];
    return [id, state];
  }

  function begin() {
    const explorers = new Map();
    const taken = new Set();
    for (const figure of document.querySelectorAll("figure.atlas-explorer")) {
      const wanted = figure.id;
      for (let n = 2; taken.has(figure.id); n++) figure.id = wanted + "-" + n;
      taken.add(figure.id);
      explorers.set(figure, new Explorer(figure));
    }
    const near = new IntersectionObserver((entries) => {
      for (const entry of entries) {
        if (!entry.isIntersecting) continue;
        const explorer = explorers.get(entry.target);
        explorer.start().then(() => explorer.canvas && near.unobserve(entry.target));
      }
    }, { rootMargin: "600px" });
    for (const figure of explorers.keys()) near.observe(figure);

    const goTo = (scroll) => {
      const [id, state] = splitHash(location.hash);
      for (const [figure, explorer] of explorers) {
        if (figure.id !== id || !state) continue;
        for (let fold = figure.closest("details"); fold; fold = fold.parentElement.closest("details")) fold.open = true;
        if (explorer.canvas) explorer.follow(location.hash);
        else explorer.start();
        if (scroll) figure.scrollIntoView();
      }
    };
    goTo(true);
    addEventListener("hashchange", () => goTo(true));
    new MutationObserver(() => explorers.forEach((explorer) => explorer.recolor()))
      .observe(document.documentElement, { attributes: true, attributeFilter: ["data-theme"] });
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => explorers.forEach((e) => e.recolor()));
  }

  if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", begin);
  else begin();
})();
