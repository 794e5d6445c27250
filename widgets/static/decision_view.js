// The decision as a short talk: three questions, then only those that can still change the advice, and the
// ladder beside them. TABLES come from widgets/decision/tables.py.
import { decider } from "./decision_model.js";

const FIRST = ["wrong", "tried", "evaluation_rows"];
const SHARES = ["failure_rate", "accepted_rate"];
const STATES = { next: "next", done: "done", later: "later", "ruled out": "not needed" };

const escaped = (text) =>
  String(text).replace(/[&<>"']/g, (one) => ({ "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#39;" })[one]);
const percent = (share) => `${Number((100 * share).toPrecision(3))} %`;

export function mount(root, tables) {
  const model = decider(tables);
  const rungs = Object.fromEntries(tables.rungs.map((rung) => [rung.key, rung]));
  const questions = Object.fromEntries(tables.questions.map((question) => [question.name, question]));
  const start = structuredClone(tables.start);
  let answers = structuredClone(start);
  let touched = new Set();

  root.innerHTML = `
    <div class="explorer decide">
      <p class="advice" role="status"></p>
      <div class="sides">
        <form class="talk" autocomplete="off"></form>
        <div class="beside"><h2>The ladder</h2><ol class="ladder"></ol>
          <details><summary>Ten points before fine-tuning</summary><ol class="points"></ol></details></div>
      </div>
      <div class="actions"></div>
      <p class="said" role="status"></p>
    </div>`;
  const at = (selector) => root.querySelector(selector);
  const say = (text) => { at(".said").textContent = text; };
  at(".talk").addEventListener("submit", (event) => event.preventDefault());

  // A sentence or two on why this step is next.
  function why(key) {
    const remedy = model.nextRemedy(answers);
    const quality = model.standing(answers);
    const rows = answers.evaluation_rows;
    const found = model.interval(answers);
    const measured = found ? `${percent(answers.failure_rate)} of ${rows.toLocaleString("en-US")} fail: that stands for ${percent(found[0])} to ${percent(found[1])}, and you accept ${percent(answers.accepted_rate)}.` : "";
    if (remedy?.key === key) {
      const later = tables.remedies.map(([fault]) => fault).filter((fault) => fault !== remedy.fault && fault !== "unnamed" && model.toSolve(answers).has(fault));
      const order = later.length && tables.problems[remedy.fault] ? ` This comes before '${later.map((fault) => tables.problems[fault].toLowerCase()).join("', '")}': what it knows and may use first, how it answers next, what it costs last.` : "";
      const local = key === "another_model" && model.toSolve(answers).has("privacy") ? " It has to run on your own machines, so take one with open weights." : "";
      const build = rows ? "" : " Build an evaluation set now: without one, no step can be told from another.";
      return `${rungs[key].why}${order}${local} ${measured}${build}`;
    }
    if (key === "benchmark") {
      if (!rows) return "There is no evaluation set. Without one there is no gap and no fine-tuning.";
      if (quality === "unmeasured") return "The evaluation set is there. Measure the failure rate on it.";
      if (quality === "undecided") return `${measured} More rows decide it.`;
      return `${measured} Read the failures, sort them by kind, and look at each kind of input apart.`;
    }
    if (key === "stop") return quality === "accepted" ? `${measured} What is done is good enough.` : `${measured} Training would not pay here: live with the gap, go on with prompt and skill, or pay for a stronger model.`;
    if (key === "price") return "Nothing is tuned without a price. Put your own figures into the cost page.";
    if (key === "prepare") return "Keep the best step you have, and close what is open in the ten points.";
    return `${measured} Every gate is open and all ten points hold.`;
  }

  function draw() {
    const steps = model.ladder(answers);
    const next = steps.find(({ state }) => state === "next").key;
    const title = rungs[next].title;
    at(".advice").innerHTML = `<strong>Next: ${escaped(title[0].toLowerCase() + title.slice(1))}.</strong> ${escaped(why(next))} <small>Lesson ${escaped(rungs[next].lesson)}${rungs[next].credit ? `; ${escaped(rungs[next].credit)}` : ""}</small>`;
    at(".ladder").innerHTML = steps
      .map(({ key, state }) => `<li class="${state.replace(" ", "-")}"${state === "next" ? ' aria-current="step"' : ""}>${escaped(rungs[key].title)} <small>${STATES[state]}</small></li>`)
      .join("");
    at(".points").innerHTML = model
      .checks(answers)
      .map((holds, place) => `<li class="${holds ? "holds" : "open"}">${holds ? "✓" : "open:"} ${escaped(place === 5 ? `${tables.limits.labelsNeeded[answers.task].toLocaleString("en-US")} good examples or more` : tables.points[place])}</li>`)
      .join("");
    history.replaceState(null, "", link());
  }

  function link() {
    const told = Object.fromEntries(Object.entries(answers).filter(([name, value]) => JSON.stringify(value) !== JSON.stringify(start[name])));
    return `${location.href.split("#")[0]}#${encodeURIComponent(JSON.stringify(told))}`;
  }

  function problem(name, value) {
    const question = questions[name];
    if (!question) return `there is no question ${JSON.stringify(name)}`;
    const shown = JSON.stringify(value);
    const known = question.options.map(([option]) => option);
    if (question.many) {
      const wrong = Array.isArray(value) ? value.find((one) => !known.includes(one)) : value;
      return !Array.isArray(value) || wrong !== undefined ? `${name} has ${JSON.stringify(wrong)}; choose from ${known.join(", ")}` : "";
    }
    if (value === null && known.includes(null)) return "";
    if (!question.limits) return known.includes(value) ? "" : `${name} is ${shown}; choose one of ${known.join(", ")}`;
    const [low, high] = question.limits;
    const fits = typeof value === "number" && value >= low && value <= high && (!question.whole || Number.isInteger(value));
    return fits ? "" : `${name} is ${shown}; give a ${question.whole ? "whole " : ""}number from ${low} to ${high}`;
  }

  function answer(name, value) {
    const wrong = problem(name, value);
    if (wrong) { say(`${wrong[0].toUpperCase()}${wrong.slice(1)}.`); return; }
    say("");
    answers[name] = value;
    touched.add(name);
    draw();
    ask();
  }

  // Which questions stand: the first three, what was answered, and what can still change the advice.
  function asked() {
    const open = tables.questions.filter(({ name }) => !FIRST.includes(name) && !touched.has(name) && touched.size && model.matters(answers, questions[name]));
    const given = tables.questions.filter(({ name }) => !FIRST.includes(name) && touched.has(name));
    return [...FIRST.map((name) => questions[name]), ...given, ...open];
  }

  function ask() {
    const wanted = asked();
    const form = at(".talk");
    for (const part of [...form.children]) if (!wanted.some(({ name }) => part.dataset.name === name)) part.remove();
    wanted.forEach((question, place) => {
      const there = [...form.children].find((part) => part.dataset.name === question.name);
      if (!there) form.insertBefore(control(question), form.children[place] ?? null);
    });
  }

  function control(question) {
    const { name, text, options, many, limits, unit } = question;
    const part = document.createElement("fieldset");
    part.className = "asked";
    part.dataset.name = name;
    part.innerHTML = `<legend>${escaped(text)}</legend>`;
    if (many) {
      options.forEach(([value, label]) => {
        const row = document.createElement("label");
        row.innerHTML = `<input type="checkbox"> ${escaped(label)}`;
        const box = row.querySelector("input");
        box.checked = answers[name].includes(value);
        box.addEventListener("change", () => answer(name, box.checked ? [...answers[name], value] : answers[name].filter((one) => one !== value)));
        part.append(row);
      });
    } else if (limits) {
      const factor = SHARES.includes(name) ? 100 : 1;
      const input = document.createElement("input");
      input.type = "number";
      input.step = "any";
      input.ariaLabel = text;
      input.placeholder = options.some(([value]) => value === null) ? "not measured" : "";
      input.value = answers[name] === null ? "" : Number((answers[name] * factor).toPrecision(8));
      input.addEventListener("change", () => answer(name, input.value === "" ? null : Number(input.value) / factor));
      part.append(input, ` ${SHARES.includes(name) ? "%" : unit}`);
    } else {
      options.forEach(([value, label]) => {
        const row = document.createElement("label");
        row.innerHTML = `<input type="radio" name="${escaped(name)}"> ${escaped(label)}`;
        const box = row.querySelector("input");
        box.checked = answers[name] === value;
        box.addEventListener("change", () => answer(name, value));
        // The answer that stands can be confirmed with a press as well.
        box.addEventListener("click", () => { if (!touched.has(name)) answer(name, value); });
        part.append(row);
      });
    }
    return part;
  }

  function open(given) {
    for (const [name, value] of Object.entries(given)) {
      if (name === "measured_on" || name === "turns_when") continue;
      const wrong = problem(name, value);
      if (wrong) throw new Error(wrong);
    }
    answers = { ...structuredClone(start), ...given };
    touched = new Set(Object.keys(given).filter((name) => questions[name]));
    at(".talk").replaceChildren();
    ask();
    draw();
  }

  const copy = async (text, what) => {
    try {
      await navigator.clipboard.writeText(text);
      say(`${what} copied.`);
    } catch {
      say(`Copying is not allowed here. ${text}`);
    }
  };
  const parsed = (text) => {
    const given = JSON.parse(text);
    if (given === null || typeof given !== "object" || Array.isArray(given)) throw new Error("it is not a set of answers");
    return given;
  };
  const buttons = {
    "Start again": () => open({}),
    "Copy a link": () => copy(link(), "The link is"),
    "Copy the answers": () => copy(JSON.stringify(answers, null, 2), "The answers are"),
    "Paste answers": () => {
      const text = prompt("Paste answers (JSON).");
      if (text === null) return;
      try { open(parsed(text)); say("Opened what was pasted."); }
      catch (error) { say(`${JSON.stringify(text.slice(0, 40))} cannot be opened: ${error.message}. Copy the answers again.`); }
    },
    Print: () => print(),
  };
  for (const [text, act] of Object.entries(buttons)) {
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = text;
    button.addEventListener("click", act);
    at(".actions").append(button);
  }

  let mistake = "";
  let given = {};
  if (location.hash.length > 1) {
    try { given = parsed(decodeURIComponent(location.hash.slice(1))); open(given); }
    catch (error) { mistake = `The link cannot be opened: ${error.message}. These are empty answers.`; open({}); }
  } else open({});
  say(mistake);
}
