function render({ model, el }) {
  const id = `choice-${Math.random().toString(36).slice(2)}`;
  el.classList.add("course-slider");
  el.innerHTML = `<label for="${id}"></label><select id="${id}"></select>`;
  const [label, select] = el.children;
  label.textContent = model.get("label");
  select.append(...model.get("options").map((text) => new Option(text)));
  // JupyterLab would take the arrow keys for itself: it moves to the next cell or heading with them.
  select.setAttribute("data-lm-suppress-shortcuts", "");
  const draw = () => (select.selectedIndex = model.get("position"));
  select.addEventListener("change", () => {
    model.set("position", select.selectedIndex);
    model.save_changes();
  });
  model.on("change:position", draw);
  draw();
}
export default { render };
