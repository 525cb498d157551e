/* Two losses of one signature over one another: value above, gradient below, on one scale. The choice is in the address
   (#a=focal_loss&b=poly1_cross_entropy); what else stands there is left alone. */
(function () {
  "use strict";

  const { received, load, plotly, palette, tablesOf, tableElement } = window.LossAtlas;
  const NAMES = ["a", "b", "line", "scale"];

  class Overlay {
    constructor(figure) {
      this.figure = figure;
      this.fold = figure.closest("details");
      this.sources = JSON.parse(figure.dataset.sources);
      this.fields = Object.fromEntries(NAMES.map((name) => [name, figure.querySelector(`[name=${name}]`)]));
      this.plot = figure.querySelector(".atlas-plot");
      this.plot.style.minHeight = this.plot.dataset.height + "px";
      this.tables = figure.querySelector(".atlas-tables");
      this.listen();
      this.fold.hidden = false;
      this.follow();
    }

    listen() {
      for (const name of NAMES) this.fields[name].addEventListener("change", () => this.changed(name));
      this.fold.addEventListener("toggle", () => this.fold.open && this.show());
      this.figure.querySelector(".atlas-values").addEventListener("toggle", () => this.tabulate());
      addEventListener("hashchange", () => this.follow());
      document.addEventListener("click", (event) => {
        const link = event.target.closest("a[data-overlay]");
        if (!link) return;
        event.preventDefault();
        this.take(new URLSearchParams(link.hash.slice(1)));
        this.write();
        this.open();
        this.fields.b.focus({ preventScroll: true });
      });
      new MutationObserver(() => this.canvas && this.draw())
        .observe(document.documentElement, { attributes: true, attributeFilter: ["data-theme"] });
      let width = 0;
      new ResizeObserver(() => {
        if (!this.canvas || !this.plot.clientWidth || this.plot.clientWidth === width) return;
        width = this.plot.clientWidth;
        this.Plotly.Plots.resize(this.canvas);
      }).observe(this.plot);
    }

    /* The setting from the address, where it names a loss; then the figure is opened and brought into view. */
    follow() {
      const state = new URLSearchParams(location.hash.slice(1));
      const known = Array.from(this.fields.a.options, (option) => option.value);
      this.take(state);
      if (known.includes(state.get("a"))) this.open();
    }

    open() {
      this.fold.open = true;
      this.fold.scrollIntoView();
      this.show();
    }

    take(state) {
      this.choose("a", state.get("a"));
      this.partners();
      this.choose("b", state.get("b"));
      this.wanted = state.get("line");
      this.choose("scale", state.get("scale"));
    }

    /* A value that the field does not offer changes nothing. */
    choose(name, value) {
      if (Array.from(this.fields[name].options).some((option) => option.value === value)) this.fields[name].value = value;
    }

    signature() {
      return this.fields.a.selectedOptions[0].parentElement.label;
    }

    /* The second loss is one of the first's signature, and another one. */
    partners() {
      const group = this.fields.a.selectedOptions[0].parentElement;
      const names = Array.from(group.children, (option) => option.value).filter((name) => name !== this.fields.a.value);
      fill(this.fields.b, names.map((name) => [name, name]));
    }

    async show() {
      try {
        const key = "overlay-" + this.signature();
        this.Plotly = await plotly();
        if (!received.has(key)) await load(new URL(this.sources[this.signature()], document.baseURI).href);
        this.lines = received.get(key);
        fill(this.fields.line, this.lines.map((line) => [line.name, line.axis]));
        this.choose("line", this.wanted);
        this.fields.line.closest(".atlas-control").hidden = this.lines.length < 2;
        await this.draw();
      } catch (problem) {
        this.announce("The figure could not be drawn: " + problem.message);
      }
    }

    changed(name) {
      if (name === "a") this.partners();
      this.wanted = this.fields.line.value;
      this.write();
      this.show().then(() => this.announce(this.words()));
    }

    write() {
      const state = new URLSearchParams(location.hash.includes("=") ? location.hash.slice(1) : "");
      for (const name of NAMES) state.delete(name);
      state.set("a", this.fields.a.value);
      state.set("b", this.fields.b.value);
      if (this.fields.line.selectedIndex > 0) state.set("line", this.fields.line.value);
      if (this.fields.scale.selectedIndex > 0) state.set("scale", this.fields.scale.value);
      history.replaceState(history.state, "", "#" + state);
    }

    line() {
      return this.lines.find((line) => line.name === this.fields.line.value) || this.lines[0];
    }

    /* Value and gradient of a loss; drawn between 0 and 1 where shapes are compared, the gradient with them. */
    curve(name) {
      const [t, value, gradient] = this.line().losses[name];
      if (this.fields.scale.value === "own") return { t, value, gradient };
      const there = value.filter((x) => x !== null);
      const low = Math.min(...there);
      const reach = Math.max(...there) - low || 1;
      const over = (numbers, from) => numbers.map((x) => (x === null ? null : (x - from) / reach));
      return { t, value: over(value, low), gradient: over(gradient, 0) };
    }

    traces(colors) {
      const looks = { a: ["C1", "solid"], b: ["C2", "dash"] };
      return ["a", "b"].flatMap((side) => {
        const name = this.fields[side].value;
        const { t, value, gradient } = this.curve(name);
        const [color, dash] = looks[side];
        const line = { color: colors.tokens[color], dash, width: 2.5, simplify: false };
        const shared = { x: t, type: "scatter", mode: "lines", line, legendgroup: side };
        return [
          { ...shared, y: value, name, meta: { column: name + ": value" } },
          { ...shared, y: gradient, yaxis: "y2", showlegend: false, name, meta: { column: name + ": gradient" } },
        ];
      });
    }

    layout(colors) {
      const { ink, muted, grid, paper } = colors.tokens;
      const axis = { gridcolor: grid, zerolinecolor: muted, linecolor: muted, showline: true, ticks: "outside", ticklen: 4, tickcolor: muted, automargin: true };
      const titled = (text) => ({ text, standoff: 8, font: { size: 13 } });
      const shape = this.fields.scale.value === "shape";
      return {
        height: Number(this.plot.dataset.height),
        autosize: true,
        margin: { l: 44, r: 12, t: 8, b: 40 },
        font: { size: 12.5, color: ink, family: colors.font },
        paper_bgcolor: paper,
        plot_bgcolor: paper,
        dragmode: false,
        hovermode: "x unified",
        hoverlabel: { bgcolor: paper, bordercolor: muted, font: { color: ink } },
        legend: { orientation: "h", x: 0, xanchor: "left", y: 1.02, yanchor: "bottom", font: { size: 12.5 } },
        xaxis: { ...axis, title: titled(this.line().axis), anchor: "y2" },
        yaxis: { ...axis, title: titled(shape ? "value, from 0 to 1" : "value"), domain: [0.5, 1] },
        yaxis2: { ...axis, title: titled("gradient"), domain: [0, 0.42] },
      };
    }

    async draw() {
      const colors = palette(this.figure);
      if (!this.canvas) {
        this.canvas = document.createElement("div");
        this.canvas.setAttribute("role", "img");
        this.plot.append(this.canvas);
      }
      this.drawn = this.traces(colors);
      this.canvas.setAttribute("aria-label", this.words());
      const note = this.line().note;
      this.figure.querySelector(".atlas-note").textContent = note ? note[0].toUpperCase() + note.slice(1) + "." : "";
      await this.Plotly.react(this.canvas, this.drawn, this.layout(colors), { displayModeBar: false, showTips: false });
      this.tabulate();
    }

    /* What the figure shows, in words. */
    words() {
      const ends = (side) => {
        const { t, value } = this.curve(this.fields[side].value);
        const there = t.map((_, n) => n).filter((n) => value[n] !== null);
        const [first, last] = [there[0], there[there.length - 1]];
        const at = (n) => `${Number(value[n].toPrecision(3))} at ${Number(t[n].toPrecision(3))}`;
        return `${this.fields[side].value} is ${at(first)} and ${at(last)}`;
      };
      return `Value above and gradient below against the ${this.line().axis}: ${ends("a")}, drawn solid; ${ends("b")}, dashed.`;
    }

    tabulate() {
      if (!this.drawn || !this.figure.querySelector(".atlas-values").open) return;
      const columns = this.drawn.map((trace) => ({ ...trace, name: trace.meta.column, meta: {}, yaxis: "y" }));
      const tables = tablesOf(columns, { xaxis: { title: { text: this.line().axis } } }, 11, 6);
      this.tables.replaceChildren(...tables.map(tableElement));
    }

    announce(words) {
      this.figure.querySelector(".atlas-announcement").textContent = words;
    }
  }

  /* Give a field these choices, as [value, words]; one that was chosen and still is there stays chosen. */
  function fill(field, choices) {
    const before = field.value;
    field.replaceChildren(...choices.map(([value, words]) => new Option(words, value)));
    if (choices.some(([value]) => value === before)) field.value = before;
  }

  document.querySelectorAll("figure.atlas-overlay").forEach((figure) => new Overlay(figure));
})();
