function element(tag, properties = {}) {
  return Object.assign(document.createElement(tag), properties);
}

function render({ model, el }) {
  const id = `coding-${Math.random().toString(36).slice(2)}`;
  el.classList.add("course-coding");
  el.setAttribute("role", "group");
  el.setAttribute("aria-label", "Open codes");
  // JupyterLab would take the keys for itself. It looks at the element that has the focus.
  const control = (tag, properties) => {
    const made = element(tag, properties);
    made.setAttribute("data-lm-suppress-shortcuts", "");
    return made;
  };
  const labelled = (words, field) => {
    field.id = `${id}-${words.replaceAll(" ", "-")}`;
    const line = element("p");
    line.append(element("label", { textContent: words, htmlFor: field.id }), field);
    return line;
  };
  const button = (words, act) => {
    const made = control("button", { type: "button", textContent: words });
    made.addEventListener("click", act);
    return made;
  };
  const words = () => control("input", { type: "text", maxLength: model.get("longest"), autocomplete: "off" });

  let place = model.get("place");
  let drawn = [];
  const known = element("datalist", { id: `${id}-known` });
  const count = element("p", { className: "place" });
  const reading = element("div");
  reading.setAttribute("aria-live", "polite");
  const ticket = element("blockquote");
  const [said, right, course] = [element("p"), element("p"), element("p")];
  const code = words();
  const message = element("p");
  message.setAttribute("role", "status");
  reading.append(count, ticket, said, right);

  const table = element("table");
  const rows = element("tbody");
  table.innerHTML = '<caption>Your codes</caption><thead><tr><th scope="col">code</th><th scope="col">failures</th><th scope="col">kind</th></tr></thead>';
  table.append(rows);
  const summary = element("p");
  const merging = element("div");
  const [chosen, kind, name] = [control("select"), control("select"), words()];
  const meaning = element("p");
  kind.append(new Option("not judged yet", ""), ...Object.keys(model.get("kinds")).map((each) => new Option(each)));
  for (const field of [code, name]) field.setAttribute("list", known.id);

  const keep = () => {
    if (code.value.trim() !== model.get("own")[place]) model.send({ action: "code", place, words: code.value });
  };
  const go = (by) => {
    keep();
    place = Math.min(Math.max(place + by, 0), model.get("failures").length - 1);
    model.set("place", place);
    model.save_changes();
    draw();
  };
  const rename = () => {
    model.send({ action: "rename", code: chosen.value, into: name.value });
    name.value = "";
  };
  const onEnter = (field, act) =>
    field.addEventListener("keydown", (event) => event.key === "Enter" && !event.isComposing && act());
  code.addEventListener("change", keep);
  onEnter(code, () => go(1));
  onEnter(name, rename);
  kind.addEventListener("change", () => model.send({ action: "judge", code: chosen.value, kind: kind.value }));
  const steps = element("div");
  const [back, next] = [button("Back", () => go(-1)), button("Next", () => go(1))];
  steps.append(back, next, button("Undo the last change", () => model.send({ action: "undo" })));
  const [left, beside] = [element("div"), element("div")];
  left.append(reading, labelled("Your code", code), steps, course, message);
  merging.append(
    labelled("Code", chosen),
    labelled("Its kind", kind),
    meaning,
    labelled("New name, or the code to merge it into", name),
    button("Rename or merge", rename)
  );
  beside.append(table, summary, merging);
  el.append(left, beside, known);

  const queue = (name) => `${name} (${model.get("lines")[name]})`;
  function drawFailure() {
    const failures = model.get("failures");
    left.hidden = table.hidden = failures.length === 0;
    if (left.hidden) return;
    const failure = failures[place];
    count.textContent = `Failure ${place + 1} of ${failures.length}`;
    ticket.textContent = failure.text;
    said.textContent = `The model says ${queue(failure.said)}.`;
    right.textContent = `Right is ${queue(failure.right)}.`;
    const own = model.get("own")[place];
    // What is being typed stays, unless another failure is shown or its code was changed elsewhere.
    if (drawn[0] !== place || drawn[1] !== own) code.value = own;
    drawn = [place, own];
    const other = model.get("course")[place];
    course.textContent = other ? `The course's reading, to compare: ${other}.` : "";
    // A button that is disabled loses the keyboard; one that is only marked keeps it.
    back.setAttribute("aria-disabled", String(place === 0));
    next.setAttribute("aria-disabled", String(place === failures.length - 1));
  }
  function drawChosen() {
    const one = model.get("codes").find((each) => each.name === chosen.value);
    if (!one) return;
    kind.value = one.kind;
    const what = one.kind ? `${one.kind}: ${model.get("kinds")[one.kind]}` : "kind not judged yet";
    meaning.textContent = `'${one.name}', ${one.failures} failure${one.failures === 1 ? "" : "s"}; ${what}.`;
  }
  function drawCodes() {
    const codes = model.get("codes");
    const most = Math.max(1, ...codes.map((each) => each.failures));
    rows.replaceChildren(
      ...codes.map((each) => {
        const row = element("tr");
        const bar = element("i");
        bar.style.width = `${(6 * each.failures) / most}em`;
        bar.setAttribute("aria-hidden", "true");
        const cells = [each.name, each.failures, each.kind || "not judged yet"].map((text) => element("td", { textContent: text }));
        cells[1].prepend(bar);
        row.append(...cells);
        return row;
      })
    );
    const names = codes.map((each) => each.name);
    if (names.join("\n") !== [...chosen.options].map((option) => option.value).join("\n")) {
      const before = chosen.value;
      chosen.replaceChildren(...names.map((each) => new Option(each)));
      if (names.includes(before)) chosen.value = before;
      known.replaceChildren(...names.map((each) => element("option", { value: each })));
    }
    merging.hidden = names.length === 0;
    summary.textContent = model.get("summary");
    drawChosen();
  }
  function draw() {
    drawFailure();
    drawCodes();
    message.textContent = model.get("message");
  }
  chosen.addEventListener("change", drawChosen);
  model.on("change", draw);
  draw();
}
export default { render };
