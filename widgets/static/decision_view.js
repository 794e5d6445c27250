// The decision as a short talk: three questions, then only those that can still change the advice, and the ladder
// beside them. TABLES come from widgets/decision/page.py. Used by the widget in JupyterLab and by site/decide.html.
import { decider, mistakeIn, optionsOf, said, shortened } from "./decision_model.js";
import { escaped, keeper, printAlone } from "./keep.js";

const FIRST = 3;
const REST_MS = 200;
const VERDICTS = { fine_tune: "Yes.", stop: "No." };
const NOTES = ["measured_on", "turns_when"];
const SHAPES = {
  "fine-tune": (x, y) => `<path d="M${x} ${y} l7 12 h-14 z" fill="var(--second)"/>`,
  "do not": (x, y) => `<rect x="${x - 5.5}" y="${y}" width="11" height="11" fill="var(--first)"/>`,
  "says nothing": (x, y) => `<circle class="mark" cx="${x}" cy="${y + 6}" r="5.5"/>`,
};

const tableOf = (head, rows) =>
  `<table><thead><tr>${head.map((name) => `<th scope="col">${name}</th>`).join("")}</tr></thead><tbody>${rows.join("")}</tbody></table>`;
// On a page of its own the address holds the answers. In a notebook `given` are the answers to begin with, `onChange` is
// told of others, and `press` asks Python to "save", to "open" and for the page's address ("link").
export function mount(root, tables, { state: given = {}, onChange = null, press = null } = {}) {
  const model = decider(tables);
  const rungs = Object.fromEntries(tables.rungs.map((rung) => [rung.key, rung]));
  const questions = Object.fromEntries(tables.questions.map((question) => [question.name, question]));
  const names = Object.keys(questions);
  const first = names.slice(0, FIRST);
  const id = `d-${Math.random().toString(36).slice(2)}`;
  let opened = null;
  let answers = null;
  let touched = new Set();
  let controls = {};
  let rest = null;
  const latest = {};
  // Which questions are in the talk, and which were known when it began.
  let talk = [];
  let known = [];
  const answered = () => new Set([...touched, ...known]);

  root.innerHTML = `
    <div class="explorer decide">
      <p class="what">Think of one task that a model does for you. Answer three questions about it; then only those are asked that can still change the advice.</p>
      <div class="advice"></div>
      <p class="unseen" role="status"></p>
      <div class="sides">
        <form class="talk" autocomplete="off">
          <div class="asking"></div>
          <p class="contradictions" role="status"></p>
          <p class="end"></p>
          <details class="known"><summary></summary><div></div></details>
          <details class="others"><summary></summary><div></div></details>
        </form>
        <div class="beside">
          <h2>The ladder</h2>
          <ol class="ladder">${tables.rungs.map(({ title }) => `<li><span>${escaped(title)}</span> <small></small></li>`).join("")}</ol>
          <ul class="reasons"></ul>
          <p class="note">In brackets: who says so. Of an article's claim you also read what became of it when this course checked it.</p>
        </div>
      </div>
      <div class="behind"></div>
    </div>`;
  const at = (selector) => root.querySelector(selector);
  const steps = [...root.querySelectorAll(".ladder li")];
  const { copy, download, offer, paste, say } = keeper(root.firstElementChild, {
    label: "Answers (JSON)",
    button: "Open them",
    open: (text) => openText(text, "Opened what was pasted."),
  });
  // Draws a part only where it has changed.
  function put(selector, html) {
    if (latest[selector] === html) return;
    latest[selector] = html;
    at(selector).innerHTML = html;
  }
  // JupyterLab would take the keys for itself: it looks for this on the control that has the focus.
  root.addEventListener("focusin", ({ target }) => target.setAttribute("data-lm-suppress-shortcuts", ""));
  at(".talk").addEventListener("submit", (event) => event.preventDefault());

  // The talk

  function answer(name, value) {
    const mistake = mistakeIn(questions[name], value);
    say(mistake ? `${questions[name].text}: ${mistake}.` : "");
    if (mistake) return;
    answers = { ...answers, [name]: value };
    // Where a failure rate comes from is known only while nobody moves it.
    const same = ["failure_rate", "evaluation_rows"].every((one) => answers[one] === opened[one]);
    answers.measured_on = same ? opened.measured_on : "";
    touched.add(name);
    draw();
  }

  function control(name) {
    const question = questions[name];
    const { text, many, limits } = question;
    const part = document.createElement(many || limits ? "div" : "fieldset");
    part.className = "asked";
    part.dataset.name = name;
    if (limits) return numberControl(part, question);
    if (many) {
      part.setAttribute("role", "group");
      part.setAttribute("aria-labelledby", `${id}-${name}`);
      part.innerHTML = `<p class="legend" id="${id}-${name}">${escaped(text)}</p>`;
    } else part.innerHTML = `<legend>${escaped(text)}</legend>`;
    for (const value of optionsOf(question)) {
      const row = document.createElement("label");
      row.innerHTML = `<input type="${many ? "checkbox" : "radio"}" name="${id}-${name}"> ${escaped(many ? question.choices[value] : said(question, value))}`;
      const box = row.querySelector("input");
      box.checked = many ? answers[name].includes(value) : answers[name] === value;
      // A press on the answer that stands confirms it.
      box.addEventListener("click", () => {
        if (!many) answer(name, value);
        else answer(name, box.checked ? [...answers[name], value] : answers[name].filter((one) => one !== value));
        settle();
      });
      part.append(row);
    }
    return part;
  }

  // A slider over the numbers on offer, and any number within the limits typed.
  function numberControl(part, question) {
    const { name, text, share, unit, missing } = question;
    const factor = share ? 100 : 1;
    const stops = optionsOf(question);
    part.classList.add("slider");
    part.innerHTML = `<label for="${id}-${name}">${escaped(text)}${share ? ", %" : unit ? `, ${escaped(unit)}` : ""}</label>
      <input type="range" id="${id}-${name}" min="0" max="${stops.length - 1}" step="1">
      <input type="number" step="any" aria-label="${escaped(text)}, exactly" placeholder="${escaped(missing ?? "")}">`;
    const [place, number] = part.querySelectorAll("input");
    const show = () => {
      const value = answers[name];
      const after = stops.findIndex((stop) => stop !== null && value !== null && stop >= value);
      place.value = value === null ? 0 : after < 0 ? stops.length - 1 : after;
      place.setAttribute("aria-valuetext", said(question, value));
      number.value = value === null ? "" : Number((value * factor).toPrecision(8));
    };
    place.addEventListener("input", () => { answer(name, stops[place.value]); show(); });
    number.addEventListener("change", () => {
      const typed = number.value === "" ? null : Number(number.value);
      answer(name, typed === null ? null : Number((typed / factor).toPrecision(12)));
      show();
      settle();
    });
    show();
    return part;
  }

  // What stands stays where it is; what can no longer change the advice goes, and what can comes at the end.
  function ask(changes) {
    const begun = touched.size || known.length;
    const open = begun ? names.filter((name) => changes.some((change) => change.name === name)) : [];
    const wanted = (name) => first.includes(name) || (!known.includes(name) && (touched.has(name) || open.includes(name)));
    const stays = talk.filter(wanted);
    const comes = open.filter((name) => !stays.includes(name) && !known.includes(name));
    talk = [...stays, ...comes];
    place(at(".asking"), talk);
    const left = open.some((name) => talk.includes(name) && !touched.has(name) && !first.includes(name));
    at(".end").textContent = begun && !left ? "No other question can change the advice now." : "";
    fold(".known", "Known already", known.filter((name) => !first.includes(name)));
    fold(".others", begun ? "The other questions, which cannot change the advice now" : "All other questions", names.filter((name) => !talk.includes(name) && !known.includes(name)));
  }

  function place(holder, wanted) {
    for (const part of [...holder.children]) if (!wanted.includes(part.dataset.name)) part.remove();
    for (const name of wanted) {
      controls[name] ??= control(name);
      if (controls[name].parentElement !== holder) holder.append(controls[name]);
    }
  }

  function fold(selector, title, wanted) {
    const details = at(selector);
    details.hidden = !wanted.length;
    details.querySelector("summary").textContent = `${title} (${wanted.length})`;
    details.wanted = wanted;
    if (details.open) place(details.querySelector("div"), wanted);
  }
  for (const details of root.querySelectorAll(".known, .others")) {
    details.addEventListener("toggle", () => { if (details.open) place(details.querySelector("div"), details.wanted); });
  }

  // The advice and the ladder at once; what is asked and what stands behind the advice when the hand rests.

  const assumptionIn = ({ rests_on }) => model.assumption(answers, rests_on, answered());
  // What nobody has answered is not the reader's own.
  function reasonOf(reason) {
    const assumed = assumptionIn(reason);
    const credit = assumed && reason.source === "your answers" ? "" : ` <small>(${escaped(tables.credits[reason.source])})</small>`;
    return `${escaped(reason.text)}${credit}${assumed ? ` <em class="assumption">${escaped(assumed)}</em>` : ""}`;
  }
  // Fine-tuning is what the reader came for: its line says why it is out.
  const lineOf = ({ key, state, shown, why }) =>
    key === "fine_tune" && state === "ruled out" ? `${shown}: ${[why.text, assumptionIn(why)].join(" ").trim()}` : shown;

  // The answer to the question above the page, and the next step.
  const verdict = ({ next, sentence }) => `${VERDICTS[next] ?? "Not yet."} ${sentence}`;

  // The ladder in short, for where it is out of sight.
  const left = ({ ladder }) => {
    const count = ladder.filter(({ state }) => state === "later").length;
    return count ? `Up to ${count} of ${ladder.length} steps are left after it.` : "No step is left after it.";
  };

  function draw() {
    const advice = model.advise(answers);
    const [why, ...more] = advice.reasons;
    const begun = touched.size || known.length;
    put(".advice", begun
      ? `<strong>${escaped(verdict(advice))}</strong> ${reasonOf(why)} <small>Lesson ${rungs[advice.next].lesson}. ${left(advice)}</small>`
      : "<strong>Nothing is answered yet.</strong> Tick what is wrong: the next step stands here, and lights up on the ladder.");
    put(".reasons", (begun ? more : []).map((reason) => `<li>${reasonOf(reason)}</li>`).join(""));
    advice.ladder.forEach((step, place) => {
      const [line, look, state] = begun ? [steps[place], step.state.replace(" ", "-"), lineOf(step)] : [steps[place], "", ""];
      if (line.className === look && line.lastElementChild.textContent === state) return;
      line.className = look;
      line.ariaCurrent = look === "next" ? "step" : null;
      line.lastElementChild.textContent = state;
    });
    clearTimeout(rest);
    rest = setTimeout(settle, REST_MS);
  }

  function settle() {
    clearTimeout(rest);
    const advice = model.advise(answers);
    const changes = model.whatWouldChange(answers);
    at(".unseen").textContent = at(".advice strong").textContent;
    ask(changes);
    put(".contradictions", advice.contradictions.map(reasonOf).join(" "));
    for (const [name, part] of Object.entries(controls)) part.classList.toggle("assumed", !questions[name].many && !answered().has(name));
    behind(advice, changes);
    if (press) onChange(asText());
    else history.replaceState(null, "", link(location.href));
  }

  function behind(advice, changes) {
    const points = (group, holds = "holds", open = "open") =>
      tableOf(["state", "what", "why"], group.map((point) => `<tr class="${point.holds ? "holds" : "open"}"><td>${point.holds ? holds : open}</td><th scope="row">${escaped(point.title)}</th><td>${reasonOf(point.why)}</td></tr>`));
    const chosen = (text, is) => (is ? `<b>${escaped(text)}</b>` : escaped(text));
    const ways = (key) => changes.filter((change) => change.leadsTo === key).map((change) => `<li>${escaped(model.inWords(answers, change, answered()))}</li>`).join("");
    const reached = tables.rungs.filter(({ key }) => changes.some((change) => change.leadsTo === key));
    const parts = {
      changes: reached.length
        ? tableOf(["it would be", "if this were your answer, and all others as they are"], reached.map(({ key, title }) => `<tr><th scope="row">${escaped(title)}</th><td><ul>${ways(key)}</ul></td></tr>`))
        : "<p>No change of a single answer does it.</p>",
      rungs: tableOf(["rung", "state", "why"], advice.ladder.map((step) => `<tr><th scope="row">${escaped(rungs[step.key].title)} <small>lesson ${rungs[step.key].lesson}</small></th><td>${step.shown}</td><td>${reasonOf(step.why)}</td></tr>`)),
      gates: points(advice.gates),
      checks: points(advice.checks),
      conditions: points(advice.conditions),
      questions: points(advice.questions, "to fine-tuning", "to skills"),
      dimensions: tableOf(["dimension", "prompting wins", "fine-tuning wins", "yours"], advice.dimensions.map(({ title, prompting, tuning, side, yours, rests_on }) => `<tr><th scope="row">${escaped(title)}</th><td>${chosen(prompting, side === "prompting")}</td><td>${chosen(tuning, side === "fine-tuning")}</td><td>${escaped(yours)}${assumptionIn({ rests_on }) ? " (assumed)" : ""}: <b>${side}</b></td></tr>`)),
      volumes: axis(advice.volumes) + tableOf(["no.", "volume", "sends your case"], advice.volumes.map(({ says, source, sends, why }, place) => `<tr><td>${place + 1}</td><th scope="row">${escaped(says)}</th><td><b>${sends}</b>: ${escaped(why)} <small>(${escaped(tables.credits[source])})</small></td></tr>`)),
      answers: tableOf(["question", "answer", "from"], answerRows().map(([, text, , words, from]) => `<tr><th scope="row">${escaped(text)}</th><td>${escaped(words)}</td><td>${from}</td></tr>`)),
    };
    for (const [key, html] of Object.entries(parts)) put(`.behind [data-part=${key}] div`, html);
    const open = advice.checks.filter((point) => !point.holds).length;
    at(".behind [data-part=checks] summary").textContent = `Ten points before fine-tuning (${open ? `${open} open` : "all hold"})`;
  }

  const TITLES = {
    changes: "What would change the advice",
    rungs: "Why each rung stands where it does",
    gates: "What keeps fine-tuning out, whatever else speaks for it",
    checks: "Ten points before fine-tuning",
    conditions: "Three conditions: all or none",
    questions: "Three questions of one article",
    dimensions: "Eight dimensions",
    volumes: "From which volume? The articles disagree",
    answers: "Your answers, and what is assumed",
  };
  at(".behind").innerHTML = Object.entries(TITLES).map(([key, title]) => `<details data-part="${key}"><summary>${title}</summary><div></div></details>`).join("");

  const answerRows = () => [
    ...tables.questions.map((question) => {
      const value = answers[question.name];
      const words = question.many ? value.map((one) => question.choices[one]).join("; ") || "nothing" : said(question, value);
      const from = answered().has(question.name) ? "you" : "assumed";
      return [question.name, question.text, question.many ? value.join(" ") : value ?? "", words, from];
    }),
    ...(answers.measured_on ? [["measured_on", "Measured on", answers.measured_on, answers.measured_on, "you"]] : []),
    ...(answers.turns_when ? [["turns_when", "What would change it", answers.turns_when, answers.turns_when, "you"]] : []),
  ];

  // The volumes on a logarithmic axis, and the reader's own. The table below says the same in words.
  function axis(marks) {
    const [width, height, left, right, line, least, most] = [560, 96, 20, 540, 52, 100, 1e7];
    const x = (volume) => Math.round(left + (right - left) * Math.min(Math.max(Math.log(volume / least) / Math.log(most / least), 0), 1));
    const count = (way) => marks.filter(({ sends }) => sends === way).length;
    const anchor = (place) => (place < width / 3 ? "start" : place > (2 * width) / 3 ? "end" : "middle");
    const grid = [2, 3, 4, 5, 6, 7].map((power) => {
      const place = x(10 ** power);
      const text = power < 6 ? (10 ** power).toLocaleString("en-US") : `${10 ** (power - 6)}M`;
      return `<line class="axis" x1="${place}" x2="${place}" y1="${line}" y2="${line + 5}"/><text x="${place}" y="${line + 18}" text-anchor="${{ 2: "start", 7: "end" }[power] ?? "middle"}">${text}</text>`;
    });
    const drawn = marks.map(({ low, high, sends }, place) => {
      const middle = (x(low) + x(high)) / 2;
      const span = high > low ? `<line class="span" x1="${x(low)}" x2="${x(high)}" y1="${line}" y2="${line}"/>` : "";
      return `${span}${SHAPES[sends](middle, line - 22)}<text x="${middle}" y="${line - 27}" text-anchor="middle">${place + 1}</text>`;
    });
    const own = x(answers.volume);
    const volume = answers.volume.toLocaleString("en-US");
    const whose = answered().has("volume") ? "yours" : "assumed";
    const label = `${whose === "yours" ? "Yours is" : "Assumed are"} ${volume} outputs a month. Of ${marks.length} volumes in the articles, ${count("fine-tune")} send your case to fine-tuning and ${count("do not")} do not.`;
    return `<svg viewBox="0 0 ${width} ${height}" role="img" aria-label="${label}"><line class="axis" x1="${left}" x2="${right}" y1="${line}" y2="${line}"/>${grid.join("")}${drawn.join("")}<line class="here" x1="${own}" x2="${own}" y1="8" y2="${line + 6}"/><text x="${own}" y="${height - 6}" text-anchor="${anchor(own)}">${whose}: ${volume} a month</text></svg><p><small>Outputs a month. Triangle: fine-tune. Square: do not. Ring: says nothing of your case.</small></p>`;
  }

  // Keep and share

  const asText = () => JSON.stringify(answers, null, 2);
  const changed = () => Object.fromEntries(Object.entries(answers).filter(([name, value]) => JSON.stringify(value) !== JSON.stringify(tables.start[name])));
  // What was given, a confirmed value of the start among it.
  const shared = () => Object.fromEntries(Object.entries(answers).filter(([name]) => answered().has(name) || name in changed()));
  const link = (page) => `${page.split("#")[0]}#${encodeURIComponent(JSON.stringify(shared()))}`;

  function parsed(text) {
    let found;
    try { found = JSON.parse(text); } catch { throw new Error("it is not JSON"); }
    if (found === null || typeof found !== "object" || Array.isArray(found)) throw new Error("it is not a set of answers");
    for (const [name, value] of Object.entries(found)) {
      if (NOTES.includes(name)) {
        if (typeof value !== "string") throw new Error(`${name} is ${shortened(value)}; say it in words`);
      } else if (!Object.hasOwn(questions, name)) {
        throw new Error(`there is no question ${shortened(name)}; the questions are ${names.join(", ")}`);
      } else {
        const mistake = mistakeIn(questions[name], value);
        if (mistake) throw new Error(mistake);
        if (questions[name].many) found[name] = [...new Set(value)];
      }
    }
    return found;
  }

  function fromHash(hash) {
    let text;
    try { text = decodeURIComponent(hash.slice(1)); } catch { throw new Error("it is not UTF-8"); }
    return parsed(text);
  }

  function open(found) {
    opened = { ...structuredClone(tables.start), ...found };
    answers = structuredClone(opened);
    touched = new Set();
    // A complete set, as Python writes it, does not say which answers were given: those that differ from the start.
    const complete = names.every((name) => name in found);
    known = names.filter((name) => name in (complete ? changed() : found));
    talk = [...first];
    controls = {};
    for (const holder of root.querySelectorAll(".asking, .known div, .others div")) holder.replaceChildren();
    draw();
    settle();
  }

  // Answers from elsewhere: what cannot be is said, and what is on screen stays.
  function openText(text, done) {
    try {
      open(parsed(text));
      say(done);
      return true;
    } catch (error) {
      say(`${shortened(text)} cannot be opened: ${error.message}.`);
      return false;
    }
  }

  function adviceRows() {
    const advice = model.advise(answers);
    const points = { gate: advice.gates, "ten points": advice.checks, condition: advice.conditions };
    return [
      ["part", "what", "state", "why", "source"],
      ...advice.ladder.map((step) => ["ladder", rungs[step.key].title, step.shown, [step.why.text, assumptionIn(step.why)].join(" ").trim(), tables.credits[step.why.source]]),
      ...Object.entries(points).flatMap(([part, group]) => group.map(({ title, holds, why }) => [part, title, holds ? "holds" : "open", [why.text, assumptionIn(why)].join(" ").trim(), tables.credits[why.source]])),
    ];
  }

  offer({
    "Start again": () => { open(given); say("Back to the answers at the start."); },
    ...(press ? { Save: () => { settle(); press("save"); }, "Open what was saved": () => press("open") } : {}),
    "Copy a link": () => (press ? press("link") : copy(link(location.href), "The link is copied.")),
    "Copy the answers": () => copy(asText(), "The answers are copied."),
    "Paste answers": () => paste("Paste answers below, and open them."),
    "Answers as CSV": () => download("answers.csv", [["name", "question", "answer", "in_words", "from"], ...answerRows()]),
    "Advice as CSV": () => download("advice.csv", adviceRows()),
    Print: () => { say(""); if (press) printAlone(root.firstElementChild); else print(); },
  });
  // On paper nothing can be unfolded.
  if (!press) addEventListener("beforeprint", () => root.querySelectorAll(".behind details").forEach((part) => { part.open = true; }));

  let mistake = "";
  let linked = given;
  if (!press && location.hash.length > 1) {
    try { linked = fromHash(location.hash); }
    catch (error) { mistake = `The link cannot be opened: ${error.message}. These are empty answers.`; }
  }
  open(linked);
  say(mistake);
  // What Python answers to a press.
  return ({ say: words, open: text, page }) => {
    if (text) openText(text, words);
    else if (page) copy(link(page), "The link is copied.", words);
    else say(words);
  };
}
