function element(tag, text = "") {
  const made = document.createElement(tag);
  made.textContent = text;
  return made;
}

function option(name, text, choose) {
  const label = element("label");
  const input = element("input");
  input.type = "radio";
  input.name = name;
  // JupyterLab would take the arrow keys for itself: it moves to the next cell or heading with them.
  input.setAttribute("data-lm-suppress-shortcuts", "");
  input.addEventListener("change", choose);
  label.append(input, element("span", text));
  return label;
}

function render({ model, el }) {
  el.classList.add("course-quiz");
  const id = Math.random().toString(36).slice(2);
  const notes = model.get("questions").map(({ question, options }, place) => {
    const group = element("fieldset");
    const note = element("p");
    note.setAttribute("role", "status");
    const buttons = options.map((text, choice) =>
      option(`quiz-${id}-${place}`, text, () => {
        model.set("chosen", model.get("chosen").with(place, choice));
        model.save_changes();
      })
    );
    buttons.forEach((label, choice) => {
      label.firstChild.checked = model.get("chosen")[place] === choice;
    });
    group.append(element("legend", `${place + 1}. ${question}`), ...buttons, note);
    el.append(group);
    return note;
  });
  const draw = () => notes.forEach((note, place) => (note.textContent = model.get("feedback")[place]));
  model.on("change:feedback", draw);
  draw();
}
export default { render };
