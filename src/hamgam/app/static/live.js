// Says when a live page has stopped being live: the live part is then older than it looks.
(() => {
  if (!document.querySelector("[hx-trigger^=every]")) return;
  const patience = 10_000;
  let heard = Date.now();
  const old = () => Date.now() - heard > patience && document.querySelector('[hx-trigger^="every"]') !== null;
  document.addEventListener("htmx:after:swap", () => { heard = Date.now(); });
  document.addEventListener("visibilitychange", () => { heard = Date.now(); });
  setInterval(() => document.body.classList.toggle("is-stale", old()), 1_000);
})();
