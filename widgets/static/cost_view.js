// The cost explorer: controls on the left, the pictures that they move on the right. DATA comes from
// widgets/cost/page.py. Used by the widget in JupyterLab and by site/cost.html, which keep nothing elsewhere.
import { bills, breakEvenMonths, byReach, clip, explore, pricing } from "./cost_model.js";
import {
  SET_HERE,
  advice,
  atWhichVolume,
  certainty,
  duel,
  everyApproach,
  legend,
  monthByMonth,
  namesOf,
  origin,
  short,
  tableOf,
  whatMovesIt,
  whatWouldHaveToBeTrue,
} from "./cost_pictures.js";
import { ENDS, LONGEST, asHash, checked, costRows, fromHash, inputRows, isHorizon } from "./cost_state.js";
import { escaped, keeper, printAlone } from "./keep.js";

const REST_MS = 200;
const BEYOND = 4;
const VOLUME = "case.volume";
const FURTHER = { [VOLUME]: 30, "case.tuned_models": 30 };
const LATE = ["volumes", "changes", "tornado"]; // pictures that follow when the hand rests

// On a page of its own the address holds the case. In a notebook `given` is the state to begin with, `onChange` is told of
// others, and `press` asks Python to "save", to "open" and for the page's address ("link").
export function mount(root, data, { state: given = null, onChange = null, press = null } = {}) {
  const names = { ...namesOf(data), definitions: data.definitions };
  const { title, label, definitionOf, factor, unit, shown, inWords } = names;

  let chosen = data.presets[0];
  let state = structuredClone(given || chosen.state);
  let start = structuredClone(state);
  let late = {};
  let worker = null;
  let rest = null;
  let frame = null;
  let changed = false;
  let controls = [];
  let typedIn = null;
  let width = 740;

  root.innerHTML = `
    <div class="explorer">
      <div class="advice"><strong></strong><div class="duel" aria-hidden="true"></div></div>
      <p class="certainty"></p>
      <p class="unseen" role="status"></p>
      <div class="sides">
        <form class="controls" autocomplete="off">
          <p class="what">Open a case, choose two approaches and put in your own numbers: every picture follows at once.</p>
          <label class="choice">Case <select data-choice="case"></select></label>
          <p class="note"></p>
          <label class="choice">Compare <select data-choice="0"></select></label>
          <label class="choice">with <select data-choice="1"></select></label>
          <label class="choice">over <input type="number" min="1" max="${LONGEST}" step="1" data-choice="horizon"> months</label>
          <small class="bounds" role="status"></small>
          <div class="first"></div>
          <p class="note">Your volume, and the two inputs that moved the difference most, inside their ranges, when this pair was opened. All others are folded here:</p>
          <div class="folded"></div>
        </form>
        <div class="pictures">
          <h2>Every approach, all costs</h2>
          <div class="legend" aria-hidden="true">${legend()}</div>
          <div class="all"></div>
          <details><summary>What each of them is</summary><dl>${Object.entries(data.meanings).map(([name, words]) => `<dt>${title(name)}</dt><dd>${words}</dd>`).join("")}</dl></details>
          <h2>Month by month</h2>
          <div class="months"></div>
          <h2>At which volume</h2>
          <div class="volumes"></div>
          <h2>What would have to be true</h2>
          <div class="changes"></div>
          <h2>What moves the difference most</h2>
          <div class="tornado"></div>
          <div class="checks"></div>
        </div>
      </div>
    </div>`;
  const at = (selector) => root.querySelector(selector);
  const { copy, download, offer, paste, say } = keeper(root.firstElementChild, {
    label: "A saved cost model (JSON)",
    button: "Open it",
    open: (text) => openText(text, "Opened what was pasted."),
  });

  // Controls

  const range = (key) => {
    const { low, high } = start.estimates[key];
    const { lowest, highest, unit: of } = definitionOf(key);
    const beyond = FURTHER[key] || BEYOND;
    const top = Math.min((high || (of.startsWith("share") ? 0.5 : highest / 100)) * beyond, highest);
    const bottom = Math.max((low || top / 100) / beyond, lowest, top / 1e5);
    return { bottom, top };
  };
  const position = (key, value) => {
    const { bottom, top } = range(key);
    return value < bottom ? 0 : clip(1 + (999 * Math.log(value / bottom)) / Math.log(top / bottom), 1, 1000);
  };
  const valueAt = (key, place) => {
    const { bottom, top } = range(key);
    if (place < 1) return Math.max(0, definitionOf(key).lowest);
    return Number((bottom * (top / bottom) ** ((place - 1) / 999)).toPrecision(3));
  };

  // Why these cannot be low, base and high of an input: what `is` given and the `fix`. Null when they can.
  function refusal(key, values) {
    const { lowest, highest, label: name } = definitionOf(key);
    const bounds = [lowest, highest].map((end) => short(end * factor(key))).join(" to ");
    const named = (some) => [...new Set(some)].map((value) => (Number.isNaN(value) ? "empty" : shown(key, value))).join(", ");
    const outside = values.filter((value) => !(value >= lowest && value <= highest));
    if (outside.length) return { is: `${name} is ${named(outside)}`, fix: `give a number from ${bounds}` };
    if (values[0] > values[1] || values[1] > values[2]) return { is: `${name} is ${named(values)}`, fix: `low, base and high must rise, from ${bounds}` };
    return null;
  }

  // `source` is the control that already shows it.
  function set(key, [low, base, high], source) {
    state.estimates[key] = { low, base, high, source: SET_HERE, date: "", kind: "assumed", outcomes: "" };
    moved();
    for (const control of controls) if (control.key === key && control !== source) control.show();
  }

  // A new base takes low and high of the estimate along by the same factor, within the bounds.
  function withBase(key, base, { low, base: before, high }) {
    const { lowest, highest } = definitionOf(key);
    const scale = before ? base / before : 0;
    const ends = (scale ? [low * scale, high * scale] : [base, base]).map((end) => clip(end, lowest, highest));
    return [Math.min(...ends, base), base, Math.max(...ends, base)];
  }

  // A number box is followed while it is typed in. What cannot be is marked and changes nothing; when the box is
  // left, `show` writes what holds.
  function follows(input, hint, { refuse, take, show }) {
    hint.id = `e-${Math.random().toString(36).slice(2)}`;
    input.setAttribute("aria-describedby", hint.id);
    const mark = (refused) => {
      input.setAttribute("aria-invalid", refused !== null);
      hint.textContent = refused ? `${refused.fix[0].toUpperCase()}${refused.fix.slice(1)}.` : "";
    };
    input.addEventListener("input", () => {
      const refused = refuse(input.valueAsNumber);
      mark(refused);
      if (refused) return;
      typedIn = input;
      take(input.valueAsNumber);
      typedIn = null;
    });
    input.addEventListener("change", () => {
      const refused = refuse(input.valueAsNumber);
      if (refused) say(`${refused.is}; ${refused.fix}.`);
      mark(null);
      show();
    });
  }

  // The box of the low, base or high `end` of an input.
  function followsEnd(key, end, input, hint, show) {
    // A base is held against what there was when the box was entered: the 0 on the way to 0.5 must not lose the range.
    let entered = state.estimates[key];
    input.addEventListener("focus", () => { entered = state.estimates[key]; });
    const valuesWith = (number) => {
      const value = number / factor(key);
      if (end === "base") return withBase(key, value, entered);
      const { low, base, high } = { ...state.estimates[key], [end]: value };
      return [low, base, high];
    };
    follows(input, hint, {
      refuse: (number) => refusal(key, valuesWith(number)),
      take: (number) => set(key, valuesWith(number)),
      show,
    });
  }

  // What is being typed is left as it is: rounding would change it under the hand.
  const write = (input, value) => { if (input !== typedIn) input.value = value; };

  function slider(key) {
    const row = document.createElement("div");
    row.className = "slider";
    const id = `e-${Math.random().toString(36).slice(2)}`;
    row.innerHTML = `<label for="${id}">${escaped(label(key))} <small>${escaped(unit(key))}</small></label>
      <input type="range" id="${id}" min="0" max="1000" step="1">
      <input type="number" step="any" aria-label="${escaped(`${label(key)}, exactly`)}">
      <small class="bounds" role="status"></small>`;
    const [place, number] = row.querySelectorAll("input");
    const control = { key };
    const word = () => {
      const { base } = state.estimates[key];
      write(number, shown(key, base));
      place.setAttribute("aria-valuetext", `${inWords(key, base)} ${unit(key)}`);
    };
    control.show = () => { word(); place.value = position(key, state.estimates[key].base); };
    // The thumb stays where the hand has it: rounding would move it.
    place.addEventListener("input", () => {
      set(key, withBase(key, valueAt(key, Number(place.value)), state.estimates[key]), control);
      word();
    });
    followsEnd(key, "base", number, row.lastElementChild, control.show);
    controls.push(control);
    return row;
  }

  function rangeRow(key) {
    const row = document.createElement("tr");
    const name = definitionOf(key).label;
    row.innerHTML = `<th scope="row">${escaped(name)}<small>${escaped(unit(key))}</small><small class="bounds" role="status"></small></th>
      ${ENDS.map((end) => `<td><input type="number" step="any" aria-label="${escaped(`${name}, ${end}`)}"></td>`).join("")}<td></td>`;
    const inputs = [...row.querySelectorAll("input")];
    const show = () => {
      const one = state.estimates[key];
      ENDS.forEach((end, place) => write(inputs[place], shown(key, one[end])));
      Object.assign(row.lastElementChild, { textContent: origin(one), title: one.source });
    };
    const hint = row.querySelector(".bounds");
    ENDS.forEach((end, place) => followsEnd(key, end, inputs[place], hint, show));
    controls.push({ key, show });
    show();
    return row;
  }

  // Built when it is opened: there are over a hundred fields.
  function fold(owner) {
    const details = document.createElement("details");
    details.innerHTML = `<summary>${escaped(owner === "case" ? "All that both share" : `All of ${title(owner)}`)}: values and ranges</summary>`;
    details.addEventListener("toggle", () => {
      if (!details.open || details.querySelector("table")) return;
      const table = document.createElement("table");
      table.innerHTML = `<thead><tr>${["input", "low", "base", "high", "kind"].map((name) => `<th scope="col">${name}</th>`).join("")}</tr></thead><tbody></tbody>`;
      const inputs = data.definitions[owner === "case" ? "case" : "approach"];
      table.lastElementChild.append(...Object.keys(inputs).map((name) => rangeRow(`${owner}.${name}`)));
      details.append(table);
    });
    return details;
  }

  function buildControls() {
    const fill = (select, options, value) => {
      select.innerHTML = options.map(([key, words]) => `<option value="${escaped(key)}">${escaped(words)}</option>`).join("");
      select.value = value;
    };
    fill(at('[data-choice="case"]'), data.presets.map((one) => [one.id, one.title]), chosen.id);
    const options = state.approaches.map((name) => [name, title(name)]);
    state.pair.forEach((name, place) => fill(at(`[data-choice="${place}"]`), options, name));
    at('[data-choice="horizon"]').value = state.horizon;
    at(".note").textContent = chosen.note;
    controls = [];
    const most = byReach(state).filter((key) => key !== VOLUME).slice(0, 2);
    at(".first").replaceChildren(...[VOLUME, ...most].map(slider));
    at(".folded").replaceChildren(...["case", ...state.pair].map(fold));
    for (const { show } of controls) show();
    at(".checks").innerHTML = chosen.checks.length
      ? `<details><summary>The article's figures beside ours</summary>${tableOf(["what", "article", "ours", "unit", "verdict", "why"], chosen.checks)}</details>`
      : "";
  }

  // JupyterLab would take the keys for itself: it looks for this on the control that has the focus.
  root.addEventListener("focusin", ({ target }) => target.setAttribute("data-lm-suppress-shortcuts", ""));
  at(".controls").addEventListener("submit", (event) => event.preventDefault());
  at(".controls").addEventListener("change", ({ target: { dataset: { choice }, value } }) => {
    if (choice === "case") {
      chosen = data.presets.find((one) => one.id === value);
      open(chosen.state);
    } else if (choice === "0" || choice === "1") {
      const other = 1 - Number(choice);
      if (state.pair[other] === value) state.pair[other] = state.pair[choice];
      state.pair[choice] = value;
      buildControls();
      moved();
    }
  });

  const horizon = at('[data-choice="horizon"]');
  follows(horizon, at(".choice + .bounds"), {
    refuse: (number) => isHorizon(number) ? null : { is: `The horizon is ${Number.isNaN(number) ? "empty" : number}`, fix: `give a whole number of months from 1 to ${LONGEST}` },
    take: (number) => { state.horizon = number; moved(); },
    show: () => { horizon.value = state.horizon; },
  });

  // What follows a move: the frame's pictures at once, all else when the hand rests.

  function draw() {
    changed = false;
    const priced = bills(state);
    at(".advice strong").textContent = advice(state, priced, late.drawn, names);
    at(".duel").innerHTML = duel(state, priced, names);
    at(".certainty").innerHTML = certainty(state, priced, late.drawn, names);
    at(".all").innerHTML = everyApproach(state, priced, names, width);
    at(".months").innerHTML = monthByMonth(state, priced, breakEvenMonths(state, ...state.pair, priced), names, width);
  }

  // Draws what has been found so far; a picture whose numbers are still to come is left as it was, paler.
  function drawLate() {
    const { changes, swings, crossings } = late;
    const priced = pricing(state);
    const totalsAt = (volume) => priced({ [VOLUME]: volume }).map(({ total }) => total);
    if (crossings) at(".volumes").innerHTML = atWhichVolume(state, crossings, totalsAt, names, width);
    if (changes) at(".changes").innerHTML = whatWouldHaveToBeTrue(state, bills(state), changes, names);
    if (swings) at(".tornado").innerHTML = whatMovesIt(state, swings, names, width);
    const found = { volumes: crossings, changes, tornado: swings };
    for (const name of LATE) at(`.${name}`).classList.toggle("stale", !found[name]);
  }

  // The first change of a frame is drawn at once, which gains up to a frame; more of them are drawn together.
  function follow() {
    changed = frame !== null;
    if (changed) return;
    draw();
    frame = requestAnimationFrame(() => { frame = null; if (changed) follow(); });
  }

  // What the worker would find is of a case that is over, and it takes its time from the hand.
  function stop() {
    worker?.terminate();
    worker = null;
  }

  function moved() {
    stop();
    if (Object.keys(late).length) { late = {}; drawLate(); }
    say("");
    follow();
    clearTimeout(rest);
    rest = setTimeout(settle, REST_MS);
  }

  function settle() {
    if (changed) draw();
    stop();
    const found = (part) => {
      late = { ...late, ...part };
      drawLate();
      if (!part.drawn) return;
      draw();
      // Read out once, when the hand rests, and not at each step of a slider.
      at(".unseen").textContent = at(".advice strong").textContent;
    };
    try {
      const source = `${data.model.replace(/^export /gm, "")}\nonmessage = ({ data }) => explore(...data, postMessage);`;
      const place = URL.createObjectURL(new Blob([source], { type: "text/javascript" }));
      worker = new Worker(place);
      URL.revokeObjectURL(place);
      worker.onmessage = ({ target, data: part }) => { if (target === worker) found(part); };
      worker.postMessage([state, data.definitions]);
    } catch {
      explore(state, data.definitions, found); // where a page may not start a worker
    }
    if (press) onChange(JSON.stringify(state));
    else history.replaceState(null, "", link(location.href));
  }

  function open(one) {
    state = structuredClone(one);
    start = structuredClone(one);
    buildControls();
    moved();
  }

  // Keep and share

  // What the page does not know is told as a change of its first case.
  const link = (page) => page.split("#")[0] + asHash(state, chosen.shared ? chosen : data.course);

  // A state from elsewhere: what cannot be is said, and what is on screen stays.
  function openText(text, done) {
    try {
      open(checked(JSON.parse(text), names));
      say(done);
      return true;
    } catch (error) {
      say(`${JSON.stringify(text.slice(0, 40))} cannot be opened: ${error.message}.`);
      return false;
    }
  }

  offer({
    "Start again": () => { open(given && chosen === data.presets[0] ? given : chosen.state); say("As at the start."); },
    ...(press ? { Save: () => { settle(); press("save"); }, "Open what was saved": () => press("open") } : {}),
    "Copy a link": () => (press ? press("link") : copy(link(location.href), "The link is copied.")),
    "Copy the state": () => copy(JSON.stringify(state, null, 1), "The state is copied."),
    "Paste a state": () => paste("Paste a saved cost model below, and open it."),
    "Costs as CSV": () => download("costs.csv", costRows(state)),
    "Assumptions as CSV": () => download("assumptions.csv", inputRows(state, names)),
    Print: () => { say(""); if (press) printAlone(root.firstElementChild); else print(); },
  });

  // Read here, and not while drawing: there it would lay out everything anew.
  new ResizeObserver(([{ contentRect }]) => {
    const seen = clip(contentRect.width || 740, 250, 820);
    if (seen === width) return;
    width = seen;
    draw();
    drawLate();
  }).observe(at(".pictures"));

  if (!press && location.hash.length > 1) {
    try {
      [chosen, state] = fromHash(location.hash, data.presets, names);
      start = structuredClone(chosen.state);
    } catch (error) {
      say(`The link cannot be opened: ${error.message}. This is the course's own case.`);
    }
  }
  buildControls();
  draw();
  // The first picture is there before the slower ones are begun.
  rest = setTimeout(settle, 0);
  // What Python answers to a press.
  return ({ say: words, open: text, page }) => {
    if (text) openText(text, words);
    else if (page) copy(link(page), "The link is copied.", words);
    else say(words);
  };
}
