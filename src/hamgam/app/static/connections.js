// Copies what a button names to the clipboard, and keeps a check from being asked for twice.
(() => {
  const copy = async (button) => {
    const text = document.getElementById(button.dataset.copy), label = button.textContent;
    try {
      await navigator.clipboard.writeText(text.textContent.trim());
    } catch {
      getSelection().selectAllChildren(text); // so that one key copies it
      return;
    }
    button.textContent = button.dataset.done;
    setTimeout(() => { button.textContent = label; }, 2_000);
  };
  for (const button of document.querySelectorAll("button[data-copy]")) {
    if (!navigator.clipboard) continue;
    button.hidden = false;
    button.addEventListener("click", () => { if (button.textContent !== button.dataset.done) copy(button); });
  }
  document.addEventListener("submit", ({ target }) => {
    const button = target.querySelector("button[data-busy]");
    if (!button) return;
    button.disabled = true;
    button.textContent = button.dataset.busy;
  });
})();
