// Says when the page has stopped being live: the live part is then older than it looks.
(() => {
  if (!document.querySelector("[hx-trigger^=every]")) return;
  const patience = 10_000;
  let heard = Date.now();
  document.addEventListener("htmx:after:swap", () => { heard = Date.now(); });
  document.addEventListener("visibilitychange", () => { heard = Date.now(); });
  setInterval(() => document.body.classList.toggle("is-stale", Date.now() - heard > patience), 1_000);
})();
