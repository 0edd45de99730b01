// Copies what a button names to the clipboard. Without this script the buttons stay hidden.
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
})();
