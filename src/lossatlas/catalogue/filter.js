// Narrows a list or a table in place, by words and by choices. What is chosen is in the address (#q=…&status=…), so a
// view can be linked to; what else stands there is left alone.
(function () {
  "use strict";
  const plain = (text) => text.normalize("NFD").replace(/[\u0300-\u036f]/g, "").toLowerCase();

  function setUp(box) {
    const form = box.querySelector("form");
    const facets = Array.from(form.querySelectorAll("select"), (select) => select.name);
    const names = ["q", ...facets];
    const rows = Array.from(box.querySelectorAll("[data-row]"), (row) => ({
      row,
      text: plain([row.textContent, row.id, row.dataset.words || ""].join(" ")),
    }));

    function show() {
      const words = plain(form.q.value).split(/\s+/).filter(Boolean);
      const fits = (entry, skipped) =>
        words.every((word) => entry.text.includes(word)) &&
        facets.every((facet) => facet === skipped || !form[facet].value || entry.row.dataset[facet] === form[facet].value);
      let shown = 0;
      for (const entry of rows) {
        entry.row.hidden = !fits(entry);
        shown += !entry.row.hidden;
      }
      for (const group of box.querySelectorAll("[data-group]")) group.hidden = !group.querySelector("[data-row]:not([hidden])");
      for (const facet of facets) {
        const left = rows.filter((entry) => fits(entry, facet));
        for (const option of form[facet].options) {
          const count = option.value ? left.filter((entry) => entry.row.dataset[facet] === option.value).length : left.length;
          option.textContent = `${option.dataset.name} (${count})`;
        }
      }
      const noun = box.dataset.noun;
      form.querySelector("output").textContent = shown === rows.length ? `${shown} ${noun}` : `${shown} of ${rows.length} ${noun}`;
      box.querySelector(".atlas-none").hidden = shown > 0;
    }

    function write() {
      const kept = location.hash.includes("=") ? location.hash.slice(1) : "";
      const state = new URLSearchParams(kept);
      for (const name of names) {
        if (form[name].value) state.set(name, form[name].value);
        else state.delete(name);
      }
      const hash = state.toString();
      history.replaceState(history.state, "", hash ? "#" + hash : location.pathname + location.search);
    }

    function read() {
      const hash = location.hash.slice(1);
      if (hash && !hash.includes("=")) return; // an anchor of the page, not a state
      const state = new URLSearchParams(hash);
      form.q.value = state.get("q") || "";
      for (const facet of facets) {
        const wanted = state.get(facet) || "";
        form[facet].value = Array.from(form[facet].options).some((option) => option.value === wanted) ? wanted : "";
      }
    }

    form.addEventListener("input", () => { show(); write(); });
    form.addEventListener("reset", () => setTimeout(() => { show(); write(); }));
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      const first = box.querySelector("[data-row]:not([hidden]) a[href]");
      if (first && box.dataset.enter === "open") first.click();
    });
    addEventListener("hashchange", () => { read(); show(); });
    form.hidden = false;
    read();
    show();
  }

  document.querySelectorAll(".atlas-filtered").forEach(setUp);
})();
