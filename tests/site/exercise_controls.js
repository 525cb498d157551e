/* Move every control of every explorer on the page in every direction; report what each move did. */
async () => {
  const wait = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
  const drawn = (figure) => [...figure.querySelectorAll(".main-svg :is(path, image, text, rect, polygon)")]
    .map((part) => part.getAttribute("d") || part.getAttribute("href") || part.getAttribute("xlink:href") || part.outerHTML)
    .join("|");
  const table = (figure) => figure.querySelector(".atlas-tables").textContent;

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
  for (const figure of document.querySelectorAll("figure.atlas-explorer")) {
    figure.scrollIntoView();
    figure.querySelector(".atlas-values").open = true;
    await wait(50);
    for (const input of figure.querySelectorAll("[data-control]")) {
      const choice = input.tagName === "SELECT";
      const last = choice ? input.options.length - 1 : Number(input.max);
      const start = choice ? input.selectedIndex : Number(input.value);
      const stops = choice ? [...Array(last + 1).keys(), start] : [start + 1, start - 1, last, 0, start];
      const told = { figure: figure.id, control: input.dataset.control, moves: [], table: false };
      const numbers = new Set();
      let at = start;
      for (const stop of stops) {
        if (stop === at || stop < 0 || stop > last) continue;
        told.moves.push({ from: at, to: stop, ...(await move(figure, input, stop)) });
        at = stop;
        if (numbers.size < 2) { await wait(450); numbers.add(table(figure)); }
      }
      told.table = numbers.size > 1 || told.moves.length < 2;
      report.push(told);
    }
  }
  return report;
}
