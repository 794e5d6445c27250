function render({ model, el }) {
  const id = `choice-${Math.random().toString(36).slice(2)}`;
  el.classList.add("course-slider");
  el.innerHTML = `<label for="${id}"></label><select id="${id}"></select>`;
  const [label, select] = el.children;
  // JupyterLab would take the arrow keys for itself: it moves to the next cell or heading with them.
  select.setAttribute("data-lm-suppress-shortcuts", "");
  const draw = () => {
    label.textContent = model.get("label");
    const options = model.get("options");
    if (options.join("\n") !== [...select.options].map((option) => option.text).join("\n"))
      select.replaceChildren(...options.map((text) => new Option(text)));
    select.selectedIndex = model.get("position");
  };
  select.addEventListener("change", () => {
    model.set("position", select.selectedIndex);
    model.save_changes();
  });
  for (const name of ["label", "options", "position"]) model.on(`change:${name}`, draw);
  draw();
}
export default { render };
