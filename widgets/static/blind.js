function element(tag, text = "") {
  const made = document.createElement(tag);
  made.textContent = text;
  return made;
}

const BETTER = { left: "A reads better", right: "B reads better", neither: "No difference" };
const WRONG = { neither: "in neither", left: "in A", right: "in B", both: "in both" };

function render({ model, el }) {
  el.classList.add("course-blind");
  el.setAttribute("role", "group");
  el.setAttribute("aria-label", "Blind look");
  // JupyterLab would take the keys for itself. It looks at the element that has the focus.
  const control = (tag, text = "") => {
    const made = element(tag, text);
    made.setAttribute("data-lm-suppress-shortcuts", "");
    return made;
  };
  const button = (text, act) => {
    const made = control("button", text);
    made.type = "button";
    made.addEventListener("click", act);
    return made;
  };
  const reading = element("div");
  reading.setAttribute("aria-live", "polite");
  const [count, note, replies] = [element("p"), element("blockquote"), element("div")];
  count.className = "place";
  replies.className = "replies";
  const [left, right] = ["A", "B"].map((name) => {
    const side = element("section");
    side.setAttribute("aria-label", `Reply ${name}`);
    const text = element("p");
    side.append(element("b", `Reply ${name}`), text);
    replies.append(side);
    return text;
  });
  reading.append(count, note, replies);

  const wrong = control("select");
  wrong.id = `blind-${Math.random().toString(36).slice(2)}`;
  wrong.append(...Object.entries(WRONG).map(([value, text]) => new Option(text, value)));
  const label = element("label", "A fact is wrong or missing");
  label.htmlFor = wrong.id;
  const facts = element("p");
  facts.append(label, wrong);

  const choose = (choice) => model.send({ place: model.get("place"), choice, wrong: wrong.value });
  const verdicts = Object.entries(BETTER).map(([choice, text]) => [choice, button(text, () => choose(choice))]);
  const go = (by) => {
    const place = model.get("place") + by;
    if (place < 0 || place >= model.get("pairs").length) return;
    model.set("place", place);
    model.save_changes();
    draw();
  };
  const [back, next] = [button("Back", () => go(-1)), button("Next", () => go(1))];
  const [choosing, moving] = [element("div"), element("div")];
  choosing.append(...verdicts.map(([, made]) => made));
  moving.append(back, next);
  const [summary, message] = [element("p"), element("p")];
  message.setAttribute("role", "status");
  el.append(reading, facts, choosing, moving, summary, message);

  let drawn = -1;
  function draw() {
    const [pairs, place] = [model.get("pairs"), model.get("place")];
    const pair = pairs[place];
    const [choice, where] = model.get("choices")[place];
    count.textContent = `Pair ${place + 1} of ${pairs.length}`;
    note.textContent = pair.note;
    left.textContent = pair.left;
    right.textContent = pair.right;
    // What is being chosen stays, unless another pair is shown.
    if (drawn !== place) wrong.value = where ?? "neither";
    drawn = place;
    for (const [own, made] of verdicts) made.setAttribute("aria-pressed", String(own === choice));
    // A button that is disabled loses the keyboard; one that is only marked keeps it.
    back.setAttribute("aria-disabled", String(place === 0));
    next.setAttribute("aria-disabled", String(place === pairs.length - 1));
    summary.textContent = model.get("summary");
    message.textContent = model.get("message");
  }
  model.on("change", draw);
  draw();
}
export default { render };
