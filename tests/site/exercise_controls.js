/* Move every control of some explorers on the page, from one to the one before another, in every direction; report what each move did. */
async ([first, end]) => {
  const wait = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
  const drawn = (figure) => [...figure.querySelectorAll(".main-svg :is(path, image, text, rect, polygon)")]
    .map((part) => part.getAttribute("d") || part.getAttribute("href") || part.getAttribute("xlink:href") || part.outerHTML)
    .join("|");

  const placeOf = (input) => (input.tagName === "SELECT" ? input.selectedIndex : Number(input.value));

  /* Where to go: one step to each side, both ends and back; of a choice every option, or a dozen of them. */
  function stopsOf(input) {
    const start = placeOf(input);
    const last = input.tagName === "SELECT" ? input.options.length - 1 : Number(input.max);
    const every = Math.ceil((last + 1) / 12);
    const options = Array.from({ length: last + 1 }, (_, n) => n).filter((n) => n % every === 0 || n === last);
    const stops = input.tagName === "SELECT" ? [...options, start] : [start + 1, start - 1, last, 0, start];
    return stops.filter((stop) => stop >= 0 && stop <= last);
  }

  async function move(figure, input, index) {
    const before = drawn(figure);
    const stepped = new Promise((resolve) => figure.addEventListener("atlas-stepped", () => resolve(true), { once: true }));
    if (input.tagName === "SELECT") input.selectedIndex = index;
    else input.value = index;
    input.dispatchEvent(new Event("input", { bubbles: true }));
    const ended = await Promise.race([stepped, wait(3000)]);
    return { ended: Boolean(ended), changed: drawn(figure) !== before, ms: Number(figure.dataset.step) };
  }

  const report = [];
  for (const figure of [...document.querySelectorAll("figure.atlas-explorer")].slice(first, end)) {
    figure.scrollIntoView();
    const details = figure.querySelector(".atlas-values");
    details.open = true;
    const numbers = () => {
      details.dispatchEvent(new Event("toggle")); // the table is written when a control rests; do not wait for that
      return figure.querySelector(".atlas-tables").textContent;
    };
    const inputs = [...figure.querySelectorAll("[data-control]")];
    for (const input of inputs) {
      const moves = [];
      const tables = new Set([numbers()]);
      const tour = async () => {
        for (const stop of stopsOf(input)) {
          const from = placeOf(input);
          if (stop === from) continue;
          moves.push({ from, to: stop, ...(await move(figure, input, stop)) });
          tables.add(numbers());
        }
      };
      const still = () => !moves.some((one) => one.changed);
      await tour();
      // A control may matter only where another stands elsewhere, as the threshold of one loss among several.
      for (const other of inputs) {
        if (other === input || !still()) continue;
        const start = placeOf(other);
        for (const stop of stopsOf(other)) {
          if (still()) { await move(figure, other, stop); await tour(); }
        }
        await move(figure, other, start);
      }
      report.push({ figure: figure.id, control: input.dataset.control, moves, tables: tables.size });
    }
  }
  return report;
}
