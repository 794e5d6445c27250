function element(tag, text = "") {
  const made = document.createElement(tag);
  made.textContent = text;
  return made;
}

function render({ model, el }) {
  const id = `review-${Math.random().toString(36).slice(2)}`;
  el.classList.add("course-review");
  el.setAttribute("role", "group");
  el.setAttribute("aria-label", "Review gate");
  const ticket = element("blockquote");
  const routed = element("p");
  const label = element("label", "Another queue");
  const select = element("select");
  const line = element("p");
  const buttons = element("div");
  const summary = element("p");
  const message = element("p");
  label.htmlFor = select.id = id;
  // JupyterLab would take the arrow keys and Enter for itself. It looks at the element that has the focus.
  const keepKeys = (control) => control.setAttribute("data-lm-suppress-shortcuts", "");
  keepKeys(select);
  message.setAttribute("role", "status");
  const send = (action) => model.send({ action, queue: select.value });
  const button = (text, action) => {
    const made = element("button", text);
    made.type = "button";
    keepKeys(made);
    made.addEventListener("click", () => send(action));
    buttons.append(made);
    return made;
  };
  const verdicts = [button("Approve", "approve"), button("Correct to this queue", "correct"), button("Skip", "skip")];
  button("Undo the last verdict", "undo");
  el.append(ticket, routed, label, select, line, buttons, summary, message);

  const policy = (queue) => `${queue}: ${model.get("lines")[queue]}.`;
  const drawLine = () => (line.textContent = select.value ? policy(select.value) : "");
  const draw = () => {
    const open = model.get("ticket") !== "";
    const near = model.get("alternatives");
    ticket.textContent = open ? model.get("ticket") : "Every ticket has a verdict.";
    routed.textContent = open ? `The skill says ${policy(model.get("routed"))}` : "";
    select.replaceChildren(
      ...model.get("choices").map((queue, place) => new Option(place < near ? `${queue} (a near example)` : queue, queue))
    );
    // A button that is disabled loses the keyboard; one that is only marked keeps it, and the kernel says no.
    for (const made of verdicts) made.setAttribute("aria-disabled", String(!open));
    summary.textContent = model.get("summary");
    message.textContent = model.get("message");
    drawLine();
  };
  select.addEventListener("change", drawLine);
  model.on("change", draw);
  draw();
}
export default { render };
