function render({ model, el }) {
  const id = `slider-${Math.random().toString(36).slice(2)}`;
  el.classList.add("course-slider");
  el.innerHTML = `<label for="${id}"></label><input type="range" id="${id}" min="0" step="1"><output for="${id}"></output>`;
  const [label, input, output] = el.children;
  // JupyterLab would take the arrow keys for itself: it moves to the next cell or heading with them.
  input.setAttribute("data-lm-suppress-shortcuts", "");
  const draw = () => {
    const stops = model.get("stops");
    label.textContent = model.get("label");
    input.max = stops.length - 1;
    input.value = model.get("position");
    const [number, unit] = [stops[model.get("position")].toLocaleString("en-US"), model.get("unit")];
    const text = unit.startsWith("$") ? `$${number}${unit.slice(1)}` : `${number}${unit.startsWith("%") ? "" : " "}${unit}`;
    output.textContent = text;
    input.setAttribute("aria-valuetext", text);
  };
  input.addEventListener("input", () => {
    model.set("position", Number(input.value));
    model.save_changes();
  });
  for (const name of ["stops", "position", "label", "unit"]) model.on(`change:${name}`, draw);
  draw();
}
export default { render };
