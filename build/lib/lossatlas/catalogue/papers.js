// Filters the table of papers in place. The state is in the address (#q=…&status=…), so a view can be linked to.
(function () {
  "use strict";
  const box = document.querySelector(".papers");
  const form = box.querySelector("form");
  const facets = ["chapter", "weight", "status"];
  const plain = (text) => text.normalize("NFD").replace(/[\u0300-\u036f]/g, "").toLowerCase();
  const rows = Array.from(box.querySelectorAll("tbody tr"), (row) => ({ row, text: plain(row.textContent + " " + row.id) }));

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
    for (const facet of facets) {
      const left = rows.filter((entry) => fits(entry, facet));
      for (const option of form[facet].options) {
        const count = option.value ? left.filter((entry) => entry.row.dataset[facet] === option.value).length : left.length;
        option.textContent = `${option.dataset.name} (${count})`;
      }
    }
    form.querySelector("output").textContent = shown === rows.length ? `${shown} papers` : `${shown} of ${rows.length} papers`;
    box.querySelector(".papers-none").hidden = shown > 0;
  }

  function write() {
    const state = new URLSearchParams();
    for (const name of ["q", ...facets]) if (form[name].value) state.set(name, form[name].value);
    const hash = state.toString();
    history.replaceState(null, "", hash ? "#" + hash : location.pathname + location.search);
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
  form.addEventListener("submit", (event) => event.preventDefault());
  addEventListener("hashchange", () => { read(); show(); });
  form.hidden = false;
  read();
  show();
})();
