// Buttons that say what they did. What is copied or saved as a file never leaves the browser.
function render({ model, el }) {
  el.classList.add("course-actions");
  const status = document.createElement("p");
  status.setAttribute("role", "status");
  for (const [action, text] of Object.entries(model.get("actions"))) {
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = text;
    // JupyterLab would take Enter for itself.
    button.setAttribute("data-lm-suppress-shortcuts", "");
    button.addEventListener("click", () => model.send({ action }));
    el.append(button);
  }
  const box = document.createElement("textarea");
  box.setAttribute("aria-label", "The text to copy");
  box.setAttribute("data-lm-suppress-shortcuts", "");
  box.readOnly = true;
  box.rows = 4;
  box.hidden = true;
  el.append(status, box);
  const copy = async (text) => {
    try {
      await navigator.clipboard.writeText(text);
      status.textContent = "Copied.";
    } catch {
      // A page that is not trusted with the clipboard shows the text, chosen and ready to copy.
      box.hidden = false;
      box.value = text;
      box.select();
      status.textContent = "Press Ctrl+C (Command+C on a Mac) to copy the text below.";
    }
  };
  const download = (name, text) => {
    const link = document.createElement("a");
    link.href = URL.createObjectURL(new Blob([text], { type: "text/csv" }));
    link.download = name;
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
  };
  const answer = ({ say, copied, file, text }) => {
    box.hidden = true;
    if (say) status.textContent = say;
    if (copied) copy(copied);
    if (file) download(file, text);
  };
  model.on("msg:custom", answer);
  return () => model.off("msg:custom", answer);
}
export default { render };
