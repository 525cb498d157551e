/* Questions of The Loss Atlas: shows at once whether an answer is right, and why. All its text stands in the page already.
   It listens to the document, so questions that a notebook shows later are answered as well. */
(function () {
  "use strict";

  if (window.LossAtlasQuiz) return; // each output of a notebook brings the script along
  window.LossAtlasQuiz = true;
  document.documentElement.classList.add("atlas-quiz-live");

  const judges = { one: single, truth: single, several, number, match };

  document.addEventListener("submit", (event) => {
    const form = event.target.closest("form.atlas-question");
    if (!form) return;
    event.preventDefault();
    clear(form);
    const { right, words, shown } = judges[form.dataset.kind](form);
    form.querySelector(".atlas-quiz-verdict").textContent = words;
    for (const line of shown) line.hidden = false;
    form.dataset.state = right === null ? "" : right ? "right" : "wrong";
    count(form.closest(".atlas-quiz"));
  });

  for (const change of ["input", "change"]) {
    document.addEventListener(change, (event) => {
      const form = event.target.closest("form.atlas-question");
      if (form) clear(form);
    });
  }

  /* ---- One judge for each kind of question: {right, words, shown}; right is null when nothing was answered ---- */

  function single(form) {
    const chosen = form.querySelector("input:checked");
    if (!chosen) return unanswered("Choose an answer first.");
    return outcome("right" in chosen.dataset, "", lines(form, chosen.value));
  }

  function several(form) {
    const inputs = [...form.querySelectorAll("input")];
    const ticked = inputs.filter((input) => input.checked);
    if (!ticked.length) return unanswered("Tick at least one answer first.");
    const wrong = ticked.filter((input) => !("right" in input.dataset)).length;
    const missing = inputs.filter((input) => "right" in input.dataset && !input.checked).length;
    const lacks = [wrong && `${wrong} of your ticks ${wrong > 1 ? "are" : "is"} wrong`, missing && `${missing} right ${missing > 1 ? "answers are" : "answer is"} still to be ticked`];
    return outcome(!wrong && !missing, lacks.filter(Boolean).join(", "), ticked.flatMap((input) => lines(form, input.value)));
  }

  function number(form) {
    const field = form.querySelector("input");
    if (!field.value.trim()) return unanswered("Write a number first.");
    const value = valueOf(field.value);
    if (value === null) return unanswered("This is not a number. Write it as 0.25, 2.5e-1 or 1/4.");
    const near = (wanted) => Math.abs(value - Number(wanted)) <= Number(field.dataset.tolerance) * (1 + 1e-9);
    if (near(field.dataset.value)) return outcome(true, "", lines(form, "right"));
    const mistake = lines(form, "mistake").find((line) => near(line.dataset.value));
    return outcome(false, "", mistake ? [mistake] : lines(form, "otherwise"));
  }

  function match(form) {
    const menus = [...form.querySelectorAll("select")];
    if (menus.some((menu) => !menu.value)) return unanswered("Choose for each first.");
    const wrong = menus.filter((menu) => menu.value !== menu.dataset.right).length;
    for (const menu of menus) {
      const [line] = lines(form, menu.name);
      line.querySelector(".atlas-quiz-judged").textContent = menu.value === menu.dataset.right ? "right." : "not yet.";
    }
    return outcome(!wrong, wrong ? `${menus.length - wrong} of ${menus.length} are right` : "", menus.flatMap((menu) => lines(form, menu.name)));
  }

  function outcome(right, detail, shown) {
    const words = right ? "✓ Right." : "✗ Not yet" + (detail ? ": " + detail : "") + ".";
    return { right, words, shown };
  }

  function unanswered(words) {
    return { right: null, words, shown: [] };
  }

  /* ---- */

  function lines(form, name) {
    return [...form.querySelectorAll(".atlas-quiz-feedback > [data-for]")].filter((line) => line.dataset.for === name);
  }

  /** A decimal, with point or comma, or a fraction of two; null for anything else. */
  function valueOf(text) {
    const parts = text.trim().replace(/\u2212/g, "-").replace(/,/g, ".").split("/").map((part) => part.trim());
    if (parts.length > 2 || parts.some((part) => !/^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(part))) return null;
    const value = parts.length === 2 ? Number(parts[0]) / Number(parts[1]) : Number(parts[0]);
    return Number.isFinite(value) ? value : null;
  }

  function clear(form) {
    form.dataset.state = "";
    form.querySelector(".atlas-quiz-verdict").textContent = "";
    for (const line of form.querySelectorAll(".atlas-quiz-feedback > [data-for]")) line.hidden = true;
    count(form.closest(".atlas-quiz"));
  }

  function count(quiz) {
    const forms = [...quiz.querySelectorAll("form.atlas-question")];
    const right = forms.filter((form) => form.dataset.state === "right").length;
    quiz.querySelector(".atlas-quiz-score").textContent = right ? `${right} of ${forms.length} right` : "";
  }
})();
