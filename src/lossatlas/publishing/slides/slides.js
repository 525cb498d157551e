/* Slides of a chapter: reveal.js, with each slide made as large as fits it. */
(function () {
  "use strict";

  const printing = /print-pdf/.test(location.search);
  const upright = () => innerWidth < 700 && innerWidth < innerHeight;
  /* A phone in portrait is a slide by itself; everything else shows one of 1280 by 720, larger or smaller. */
  const size = () => (upright() && !printing ? { width: innerWidth, height: innerHeight } : { width: 1280, height: 720 });

  /* The largest size at which the content of a slide stays inside it; text and figures grow and shrink together. */
  function fit(slide) {
    const content = slide && slide.querySelector(":scope > .fits");
    if (!content) return;
    const figure = content.querySelector("figure, svg");
    const { paddingTop, paddingBottom } = getComputedStyle(slide);
    const room = slide.clientHeight - parseFloat(paddingTop) - parseFloat(paddingBottom);
    const most = upright() ? 1 : figure ? 1.3 : 1.6;
    for (let scale = most; scale > 0.2; scale -= 0.05) {
      content.style.width = 100 / scale + "%";
      content.style.transform = `scale(${scale})`;
      if (content.scrollHeight * scale <= room && content.scrollWidth <= content.clientWidth) break;
    }
  }

  const fitAll = () => document.querySelectorAll(".slides section section").forEach(fit);
  const fitCurrent = () => fit(Reveal.getCurrentSlide());

  /* A control has its own use for arrows and letters. */
  const free = (event) => !event.target.closest("input, select, button, summary, a, .atlas-tables");

  function begin() {
    document.querySelectorAll("figure.atlas-explorer, div.math").forEach((part) => part.setAttribute("data-prevent-swipe", ""));
    if (printing) document.querySelectorAll("img[loading]").forEach((image) => image.removeAttribute("loading"));
    Reveal.initialize({
      ...size(), margin: 0, minScale: 0.1, maxScale: 4, center: false, transition: "none", backgroundTransition: "none",
      hash: true, navigationMode: "linear", slideNumber: "c/t", viewDistance: 2, mobileViewDistance: 1,
      scrollActivationWidth: null, keyboardCondition: free, pdfSeparateFragments: false, pdfMaxPagesPerSlide: 1,
      plugins: [RevealNotes],
    }).then(() => (printing ? fitAll() : fitCurrent()));
    Reveal.on("slidechanged", fitCurrent);
    Reveal.on("pdf-ready", fitAll);
    addEventListener("atlas-drawn", (event) => fit(event.target.closest("section")));
    document.addEventListener("load", (event) => event.target.closest && fit(event.target.closest("section")), true);
    addEventListener("resize", () => { Reveal.configure(size()); fitCurrent(); });
    if (window.MathJax && MathJax.startup) MathJax.startup.promise.then(printing ? fitAll : fitCurrent);
    document.querySelector(".shade").addEventListener("click", () => {
      const theme = document.documentElement.dataset.theme === "dark" ? "light" : "dark";
      document.documentElement.dataset.theme = theme;
      try { localStorage.mode = localStorage.theme = theme; } catch (denied) { /* the choice holds for this page */ }
    });
  }

  if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", begin);
  else begin();
})();
