// Copies what a button names to the clipboard, and keeps a check from being asked for twice.
(() => {
  for (const button of document.querySelectorAll("button[data-copy]")) {
    if (!navigator.clipboard) continue;
    button.hidden = false;
    button.addEventListener("click", async () => {
      await navigator.clipboard.writeText(document.getElementById(button.dataset.copy).textContent.trim());
      button.classList.add("main");
      setTimeout(() => button.classList.remove("main"), 1_000);
    });
  }
  document.addEventListener("submit", ({ target }) => {
    const button = target.querySelector("button[data-busy]");
    if (!button) return;
    button.disabled = true;
    button.textContent = button.dataset.busy;
  });
})();
