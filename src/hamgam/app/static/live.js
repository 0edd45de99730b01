// Says when a live page has stopped being live: the live part is then older than it looks. What was refused
// stands above it until something is answered again. What a page asks by itself keeps nobody signed in.
(() => {
  document.addEventListener("htmx:config:request", ({ detail: { ctx } }) => {
    if (ctx.sourceElement.matches("[hx-trigger^=every]")) ctx.request.headers["x-polling"] = "true";
  });
  document.addEventListener("htmx:response:error", ({ detail: { ctx } }) => {
    const place = document.getElementById("notice");
    if (ctx.hx.retarget === "#notice" && place.innerHTML !== ctx.text) place.innerHTML = ctx.text;
  });
  document.addEventListener("htmx:after:swap", ({ detail }) => {
    if (detail.ctx.response.status < 400) document.getElementById("notice")?.replaceChildren();
  });
  if (!document.querySelector("[hx-trigger^=every]")) return;
  const patience = 10_000;
  let heard = Date.now();
  const old = () => Date.now() - heard > patience && document.querySelector('[hx-trigger^="every"]') !== null;
  document.addEventListener("htmx:after:swap", () => { heard = Date.now(); });
  document.addEventListener("visibilitychange", () => { heard = Date.now(); });
  setInterval(() => document.body.classList.toggle("is-stale", old()), 1_000);
})();
