function element(tag, text = "") {
  const made = document.createElement(tag);
  made.textContent = text;
  return made;
}

// JupyterLab would take the arrow keys and Enter for itself. It looks at the element that has the focus.
const keepKeys = (control) => control.setAttribute("data-lm-suppress-shortcuts", "");

function render({ model, el }) {
  const id = `claims-${Math.random().toString(36).slice(2)}`;
  el.classList.add("course-claims");
  const set = (name, value) => {
    model.set(name, value);
    model.save_changes();
  };

  const controls = element("div");
  const labelled = (name, text, control) => {
    const label = element("label", text);
    const pair = element("span");
    label.htmlFor = control.id = `${id}-${name}`;
    keepKeys(control);
    pair.append(label, control);
    controls.append(pair);
    return control;
  };
  const search = labelled("words", "Search", element("input"));
  search.type = "search";
  search.addEventListener("input", () => set("words", search.value));
  const filters = ["verdict", "article", "lesson"].map((name) => {
    const select = labelled(name, name[0].toUpperCase() + name.slice(1), element("select"));
    select.append(new Option("all", ""), ...model.get("options")[name].map((text) => new Option(text, text)));
    select.addEventListener("change", () => set(name, select.value));
    return [name, select];
  });

  const sentence = element("p");
  sentence.setAttribute("role", "status");
  const table = element("table");
  const caption = element("caption", "Claims of the five articles");
  const head = element("tr");
  const headers = model.get("columns").map((name) => {
    const header = element("th");
    const button = element("button", name);
    header.scope = "col";
    button.type = "button";
    keepKeys(button);
    button.addEventListener("click", () => {
      model.set("descending", model.get("order") === name && !model.get("descending"));
      set("order", name);
    });
    header.append(button);
    head.append(header);
    return [name, header];
  });
  const body = element("tbody");
  const top = element("thead");
  top.append(head);
  table.append(caption, top, body);
  const scroll = element("div");
  scroll.className = "course-claims-rows";
  scroll.tabIndex = 0;
  scroll.setAttribute("role", "region");
  scroll.setAttribute("aria-label", "Claims of the five articles");
  keepKeys(scroll);
  scroll.append(table);
  el.append(controls, sentence, scroll);

  const rows = model.get("rows").map((claim) => {
    const row = element("tr");
    for (const name of model.get("columns")) {
      const cell = element(name === "id" ? "th" : "td", claim[name]);
      if (name === "id") cell.scope = "row";
      if (name === "verdict") cell.dataset.verdict = claim.verdict;
      if (name === "claim") {
        const details = element("details");
        const summary = element("summary", "evidence");
        summary.setAttribute("aria-label", `evidence of ${claim.id}`);
        keepKeys(summary);
        details.append(summary, element("p", claim.evidence));
        cell.append(details);
      }
      row.append(cell);
    }
    return row;
  });

  const draw = () => {
    if (search.value !== model.get("words")) search.value = model.get("words");
    for (const [name, select] of filters) select.value = model.get(name);
    for (const [name, header] of headers) {
      const sorted = model.get("order") === name;
      header.setAttribute("aria-sort", sorted ? (model.get("descending") ? "descending" : "ascending") : "none");
    }
    sentence.textContent = model.get("sentence");
    body.replaceChildren(...model.get("shown").map((place) => rows[place]));
  };
  model.on("change", draw);
  draw();
}
export default { render };
