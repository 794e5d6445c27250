// The cost explorer: controls on the left, the pictures that they move on the right. DATA comes from
// widgets/cost/page.py. Used by the widget in JupyterLab and by site/cost.html, which keep nothing elsewhere.
import {
  MOST,
  LEAST,
  baseOf,
  bill,
  bills,
  breakEvenMonths,
  breakEvenVolumes,
  clip,
  isEven,
  smallestChanges,
  tornado,
} from "./cost_model.js";

const GROUPS = {
  Errors: { parts: ["errors"], colour: "#D55E00" },
  People: { parts: ["set-up", "labels", "review", "upkeep", "evaluation", "retraining"], colour: "#0072B2" },
  Tokens: { parts: ["tokens"], colour: "#009E73" },
  Machines: { parts: ["hosting", "training"], colour: "#E69F00" },
};
const PAIR_COLOURS = ["var(--first)", "var(--second)"];
const REST_MS = 200;
const BEYOND = 4;
const FURTHER = { "case.volume": 30, "case.tuned_models": 30 };
const KINDS = { assumed: "assumed", claimed: "claimed", measured: "measured", price: "price list" };

const escaped = (text) =>
  String(text).replace(/[&<>"']/g, (one) => ({ "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#39;" })[one]);
const short = (number, digits = 3) => {
  const rounded = Number(number.toPrecision(digits));
  return rounded.toLocaleString("en-US", { maximumFractionDigits: 10 });
};
const dollars = (amount) => {
  const size = Math.abs(amount);
  const text = size >= 100 ? Math.round(size).toLocaleString("en-US") : short(size, 3);
  return `${amount < 0 ? "-" : ""}$${text}`;
};
const percent = (share) => `${short(100 * share)} %`;
const months = (count) => `${count} ${count === 1 ? "month" : "months"}`;

export function mount(root, data, { address = false, state: given = null, onChange = null, onSave = null } = {}) {
  const definitionOf = (key) => {
    const [owner, name] = key.split(".");
    return owner === "case" ? data.definitions.case[name] : data.approaches[owner] && data.definitions.approach[name];
  };
  const title = (name) => data.approaches[name];
  const label = (key) => {
    const [owner] = key.split(".");
    return definitionOf(key).label + (owner === "case" ? "" : ` (${title(owner)})`);
  };
  const isShare = (key) => definitionOf(key).unit.startsWith("share");
  const factor = (key) => (isShare(key) ? 100 : 1);
  const unit = (key) => definitionOf(key).unit.replace(/^share/, "%");
  const shown = (key, value) => Number((value * factor(key)).toPrecision(6));
  const inWords = (key, value) => {
    const text = short(shown(key, value));
    return isShare(key) ? `${text} %` : unit(key).startsWith("$") ? `$${text}` : text;
  };

  let chosen = data.presets[0];
  let state = structuredClone(given || chosen.state);
  let start = structuredClone(state);
  let drawn = null;
  let worker = null;
  let rest = null;
  let frame = null;

  root.innerHTML = `
    <div class="explorer">
      <p class="advice" role="status"></p>
      <div class="sides">
        <form class="controls" autocomplete="off">
          <label class="choice">Case <select data-choice="case"></select></label>
          <p class="note"></p>
          <div class="pair">
            <label class="choice">Compare <select data-choice="0"></select></label>
            <label class="choice">with <select data-choice="1"></select></label>
            <label class="choice">over <input type="number" min="1" max="120" step="1" data-choice="horizon"> months</label>
          </div>
          <div class="first"></div>
          <div class="folded"></div>
        </form>
        <div class="pictures">
          <h2>Every approach, all costs</h2>
          <div class="legend" aria-hidden="true"></div>
          <div class="all"></div>
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
      <div class="actions"></div>
      <p class="said" role="status"></p>
    </div>`;
  const at = (selector) => root.querySelector(selector);
  at(".legend").innerHTML = Object.entries(GROUPS)
    .map(([name, { colour }]) => `<span><i style="background:${colour}"></i>${name}</span>`)
    .join("");

  // Controls

  const range = (key) => {
    const { low, high } = start.estimates[key];
    const { lowest, highest } = definitionOf(key);
    const beyond = FURTHER[key] || BEYOND;
    const top = Math.min((high || (isShare(key) ? 0.5 : highest / 100)) * beyond, highest);
    const bottom = Math.max((low || top / 100) / beyond, lowest, top / 1e5);
    return { bottom, top };
  };
  const position = (key, value) => {
    const { bottom, top } = range(key);
    if (value < bottom) return 0;
    return clip(1 + (999 * Math.log(value / bottom)) / Math.log(top / bottom), 1, 1000);
  };
  const valueAt = (key, place) => {
    const { bottom, top } = range(key);
    if (place < 1) return clip(0, definitionOf(key).lowest, definitionOf(key).highest);
    return Number((bottom * (top / bottom) ** ((place - 1) / 999)).toPrecision(3));
  };

  function setBase(key, value, { quietly = false } = {}) {
    const { lowest, highest, label: name } = definitionOf(key);
    if (!Number.isFinite(value) || value < lowest || value > highest) {
      say(`${name} is ${value * factor(key)}; give a number from ${short(lowest * factor(key))} to ${short(highest * factor(key))}.`);
      return false;
    }
    const old = state.estimates[key];
    const scale = old.base ? value / old.base : 0;
    const ends = scale ? [old.low * scale, old.high * scale].sort((a, b) => a - b) : [value, value];
    state.estimates[key] = {
      low: Math.min(clip(ends[0], lowest, highest), value),
      base: value,
      high: Math.max(clip(ends[1], lowest, highest), value),
      source: "set by the reader",
      date: "",
      kind: "assumed",
      outcomes: "",
    };
    moved();
    return true;
  }

  function slider(key) {
    const row = document.createElement("div");
    row.className = "slider";
    const id = `e-${Math.random().toString(36).slice(2)}`;
    row.innerHTML = `<label for="${id}">${escaped(label(key))}</label>
      <input type="range" id="${id}" min="0" max="1000" step="1">
      <input type="number" step="any" aria-label="${escaped(label(key))}, exactly"><span>${escaped(unit(key))}</span>`;
    const [place, number] = row.querySelectorAll("input");
    const show = () => {
      const { base } = state.estimates[key];
      place.value = position(key, base);
      place.setAttribute("aria-valuetext", `${inWords(key, base)} ${unit(key)}`);
      number.value = shown(key, base);
    };
    place.addEventListener("input", () => {
      const value = valueAt(key, Number(place.value));
      setBase(key, value);
      number.value = shown(key, value);
      place.setAttribute("aria-valuetext", `${inWords(key, value)} ${unit(key)}`);
    });
    number.addEventListener("change", () => { setBase(key, Number(number.value) / factor(key)); show(); });
    show();
    return row;
  }

  function rangeRow(key) {
    const row = document.createElement("tr");
    const { kind, source } = state.estimates[key];
    const name = definitionOf(key).label;
    row.innerHTML = `<th scope="row">${escaped(name)}<small>${escaped(unit(key))}</small></th>
      ${["low", "base", "high"].map((end) => `<td><input type="number" step="any" aria-label="${escaped(`${name}, ${end}`)}"></td>`).join("")}
      <td title="${escaped(source)}">${KINDS[kind]}</td>`;
    const inputs = [...row.querySelectorAll("input")];
    const show = () => ["low", "base", "high"].forEach((end, place) => { inputs[place].value = shown(key, state.estimates[key][end]); });
    inputs.forEach((input, place) =>
      input.addEventListener("change", () => {
        if (place === 1) setBase(key, Number(input.value) / factor(key));
        else {
          const values = inputs.map((one) => Number(one.value) / factor(key));
          const { lowest, highest } = definitionOf(key);
          const rising = values[0] <= values[1] && values[1] <= values[2];
          if (!rising || values[0] < lowest || values[2] > highest || !values.every(Number.isFinite)) {
            say(`${name} is ${values.map((one) => one * factor(key)).join(", ")}; low, base and high must rise, from ${short(lowest * factor(key))} to ${short(highest * factor(key))}.`);
          } else {
            const [low, base, high] = values;
            state.estimates[key] = { low, base, high, source: "set by the reader", date: "", kind: "assumed", outcomes: "" };
            moved();
          }
        }
        show();
      }),
    );
    show();
    return row;
  }

  function buildControls() {
    const fill = (select, options, value) => {
      select.innerHTML = options.map(([key, text]) => `<option value="${escaped(key)}">${escaped(text)}</option>`).join("");
      select.value = value;
    };
    fill(at('[data-choice="case"]'), data.presets.map((one) => [one.id, one.title]), chosen.id);
    const options = state.approaches.map((name) => [name, title(name)]);
    state.pair.forEach((name, place) => fill(at(`[data-choice="${place}"]`), options, name));
    at('[data-choice="horizon"]').value = state.horizon;
    at(".note").textContent = chosen.note || "";
    const first = ["case.volume", "case.error_cost", ...state.pair.map((name) => `${name}.error_rate`)];
    at(".first").replaceChildren(...first.map(slider));
    const owners = ["case", ...state.pair];
    at(".folded").replaceChildren(
      ...owners.map((owner) => {
        const details = document.createElement("details");
        details.innerHTML = `<summary>${escaped(owner === "case" ? "All that both share" : `All of ${title(owner)}`)}</summary>`;
        // Built when it is opened: there are over a hundred fields.
        details.addEventListener("toggle", () => {
          if (!details.open || details.querySelector("table")) return;
          const table = document.createElement("table");
          table.innerHTML = '<thead><tr><th scope="col">input</th><th scope="col">low</th><th scope="col">base</th><th scope="col">high</th><th scope="col">kind</th></tr></thead>';
          const body = document.createElement("tbody");
          const names = Object.keys(owner === "case" ? data.definitions.case : data.definitions.approach);
          body.append(...names.map((name) => rangeRow(`${owner}.${name}`)));
          table.append(body);
          details.append(table);
        });
        return details;
      }),
    );
    at(".checks").innerHTML = (chosen.checks || []).length
      ? `<details><summary>The article's figures beside ours</summary>${tableOf(["what", "article", "ours", "unit", "verdict", "why"], chosen.checks)}</details>`
      : "";
  }

  const tableOf = (columns, rows) =>
    `<table><thead><tr>${columns.map((name) => `<th scope="col">${name}</th>`).join("")}</tr></thead><tbody>${rows
      .map((row) => `<tr>${columns.map((name) => `<td>${escaped(row[name])}</td>`).join("")}</tr>`)
      .join("")}</tbody></table>`;

  at(".controls").addEventListener("submit", (event) => event.preventDefault());
  at(".controls").addEventListener("change", (event) => {
    const choice = event.target.dataset.choice;
    if (choice === "case") {
      chosen = data.presets.find((one) => one.id === event.target.value);
      open(chosen.state);
    } else if (choice === "horizon") {
      const horizon = Number(event.target.value);
      if (Number.isInteger(horizon) && horizon >= 1 && horizon <= 120) { state.horizon = horizon; moved(); }
      else { say(`A horizon of ${event.target.value} months: give a whole number from 1 to 120.`); event.target.value = state.horizon; }
    } else if (choice) {
      const other = 1 - Number(choice);
      const before = state.pair[choice];
      state.pair[choice] = event.target.value;
      if (state.pair[other] === event.target.value) state.pair[other] = before;
      buildControls();
      moved();
    }
  });

  // Pictures

  function drawAll(priced) {
    const rows = Object.entries(priced).sort(([, one], [, other]) => one.total - other.total);
    const most = Math.max(...rows.map(([, one]) => one.total));
    const [whole, narrow] = [pictureWidth(), pictureWidth() < 560];
    const [left, height] = narrow ? [0, 38] : [230, 22];
    const width = whole - left - 75;
    const lines = rows.map(([name, one], row) => {
      let x = left;
      const place = state.pair.indexOf(name);
      const bars = Object.values(GROUPS).map(({ parts, colour }) => {
        const span = (parts.reduce((total, part) => total + one.parts[part], 0) / most) * width;
        const bar = `<rect x="${x.toFixed(1)}" y="${row * height + (narrow ? 18 : 3)}" width="${Math.max(span, 0).toFixed(1)}" height="16" fill="${colour}"/>`;
        x += span;
        return bar;
      });
      const mark = place >= 0 ? ` class="paired" ` : "";
      const name_at = narrow ? 'x="0"' : `x="${left - 8}" text-anchor="end"`;
      return `<text ${name_at} y="${row * height + (narrow ? 13 : 15)}"${mark}>${place >= 0 ? (place ? "◆ " : "● ") : ""}${escaped(title(name))}</text>${bars.join("")}<text x="${x + 5}" y="${row * height + (narrow ? 30 : 15)}"${mark}>${dollars(one.total)}</text>`;
    });
    const words = rows.map(([name, one]) => `${title(name)} ${dollars(one.total)}`).join("; ");
    at(".all").innerHTML = `<svg viewBox="0 0 ${whole} ${rows.length * height}" role="img" aria-label="${escaped(`Total over ${months(state.horizon)}, the cheapest first: ${words}.`)}">${lines.join("")}</svg>`;
  }

  const pictureWidth = () => clip(at(".pictures").clientWidth || 740, 290, 820);

  const axisStep = (most) => {
    const power = 10 ** Math.floor(Math.log10(most / 4));
    return [1, 2, 5, 10].map((one) => one * power).find((one) => most / one <= 5);
  };

  function drawMonths(priced) {
    const [left, top, width, height] = [64, 10, pictureWidth() - 84, 210];
    const pair = state.pair.map((name) => priced[name].cumulative);
    const most = Math.max(...pair.flat(), 1);
    const x = (month) => left + (month / state.horizon) * width;
    const y = (spent) => top + height - (spent / most) * height;
    const step = axisStep(most);
    const grid = [];
    for (let amount = 0; amount <= most; amount += step) {
      grid.push(`<line class="grid" x1="${left}" x2="${left + width}" y1="${y(amount)}" y2="${y(amount)}"/><text x="${left - 6}" y="${y(amount) + 4}" text-anchor="end">$${short(amount / 1000)}k</text>`);
    }
    const every = Math.max(1, Math.ceil(state.horizon / 8));
    for (let month = 0; month <= state.horizon; month += every) grid.push(`<text x="${x(month)}" y="${top + height + 16}" text-anchor="middle">${month}</text>`);
    const curves = pair.map((spent, place) => `<polyline class="curve" stroke="${PAIR_COLOURS[place]}" ${place ? 'stroke-dasharray="8 4"' : ""} points="${spent.map((amount, month) => `${x(month).toFixed(1)},${y(amount).toFixed(1)}`).join(" ")}"/>`);
    const met = breakEvenMonths(state, ...state.pair, priced);
    const marks = met.map(({ at: month }) => {
      const spent = pair[0][Math.floor(month)] + (month % 1) * ((pair[0][Math.ceil(month)] ?? 0) - pair[0][Math.floor(month)]);
      return `<circle class="mark" cx="${x(month)}" cy="${y(spent)}" r="5"/>`;
    });
    const even = met.length ? `Even in month ${met.map((one) => short(one.at)).join(", ")}.` : "The lines do not meet.";
    const words = `${state.pair.map((name, place) => `${place ? "◆" : "●"} ${title(name)} (${place ? "dashed" : "solid"}) ends at ${dollars(pair[place].at(-1))}`).join(". ")}. ${even}`;
    at(".months").innerHTML = `<svg viewBox="0 0 ${left + width + 20} 258" role="img" aria-label="${escaped(`Spent so far. ${words}`)}">${grid.join("")}${curves.join("")}${marks.join("")}<text x="${left + width / 2}" y="252" text-anchor="middle">months</text></svg><p>${escaped(words)}</p>`;
  }

  function drawVolumes() {
    const crossings = breakEvenVolumes(state, ...state.pair);
    const [left, top, width, height] = [64, 10, pictureWidth() - 94, 190];
    const values = baseOf(state);
    const here = values["case.volume"];
    const around = [here, ...crossings.map((one) => one.at)];
    const [low, high] = [Math.max(Math.min(...around) / 5, LEAST), Math.min(Math.max(...around) * 5, MOST)];
    const places = Array.from({ length: 81 }, (_, place) => low * (high / low) ** (place / 80));
    const totals = state.pair.map((name) => places.map((volume) => bill({ ...values, "case.volume": volume }, name, state.horizon).total));
    const [least, most] = [Math.min(...totals.flat()), Math.max(...totals.flat())];
    const x = (volume) => left + (Math.log(volume / low) / Math.log(high / low)) * width;
    const y = (total) => top + height - (Math.log(total / least) / Math.log(most / least || 2)) * height;
    const grid = [];
    for (let power = Math.ceil(Math.log10(low)); 10 ** power <= high; power += 1) grid.push(`<line class="grid" x1="${x(10 ** power)}" x2="${x(10 ** power)}" y1="${top}" y2="${top + height}"/><text x="${x(10 ** power)}" y="${top + height + 16}" text-anchor="middle">${short(10 ** power)}</text>`);
    for (let power = Math.ceil(Math.log10(least)); 10 ** power <= most; power += 1) grid.push(`<text x="${left - 6}" y="${y(10 ** power) + 4}" text-anchor="end">$${short(10 ** power / 1000)}k</text>`);
    const curves = totals.map((one, place) => `<polyline class="curve" stroke="${PAIR_COLOURS[place]}" ${place ? 'stroke-dasharray="8 4"' : ""} points="${one.map((total, at) => `${x(places[at]).toFixed(1)},${y(total).toFixed(1)}`).join(" ")}"/>`);
    const marks = crossings.map((one) => `<line class="mark" x1="${x(one.at)}" x2="${x(one.at)}" y1="${top}" y2="${top + height}"/>`);
    const words = crossings.length
      ? `${crossings.map((one) => `From ${short(one.at)} outputs a month (${short(one.at / 30)} a day) ${title(one.cheaper)} costs less${one.byStep ? ", since hosting adds a machine" : ""}`).join(". ")}.`
      : `The same one costs less at every volume from ${short(LEAST)} to ${short(MOST)} outputs a month.`;
    at(".volumes").innerHTML = `<svg viewBox="0 0 ${left + width + 30} 240" role="img" aria-label="${escaped(`Total against volume. ${words}`)}">${grid.join("")}<line class="here" x1="${x(here)}" x2="${x(here)}" y1="${top}" y2="${top + height}"/>${curves.join("")}${marks.join("")}<text x="${left + width / 2}" y="234" text-anchor="middle">outputs a month; dotted line: yours</text></svg><p>${escaped(words)}</p>`;
  }

  function drawTornado() {
    const found = tornado(state);
    const bars = found.bars.slice(0, 8).filter((bar) => bar.atLow !== bar.atHigh);
    if (!bars.length) { at(".tornado").innerHTML = "<p>No input of the two is uncertain.</p>"; return; }
    const ends = [0, found.base, ...bars.flatMap((bar) => [bar.atLow, bar.atHigh])];
    const [low, high] = [Math.min(...ends), Math.max(...ends)];
    const narrow = pictureWidth() < 620;
    const [left, height, up] = narrow ? [8, 46, 26] : [310, 26, 0];
    const width = pictureWidth() - left - 12;
    const x = (gap) => left + ((gap - low) / (high - low || 1)) * width;
    const rows = bars.map((bar, row) => {
      const [from, to] = [x(bar.atLow), x(bar.atHigh)].sort((one, other) => one - other);
      const { low: least, high: most } = state.estimates[bar.key];
      const name_at = narrow ? 'x="8"' : `x="${left - 8}" text-anchor="end"`;
      return `<text ${name_at} y="${row * height + 11}"${bar.turns ? ' class="paired"' : ""}>${escaped(label(bar.key))}</text><text class="small" ${name_at} y="${row * height + 22}">${escaped(`${inWords(bar.key, least)} to ${inWords(bar.key, most)}`)}</text><rect x="${from}" y="${row * height + 4 + up}" width="${Math.max(to - from, 1)}" height="15" fill="${bar.turns ? "#D55E00" : "#56B4E9"}"/>`;
    });
    const bottom = bars.length * height;
    const turning = bars.filter((bar) => bar.turns).map((bar) => label(bar.key));
    const words = turning.length ? `Inside its range, each of these alone reverses the verdict: ${turning.join(", ")}.` : "No input alone, inside its range, reverses the verdict.";
    at(".tornado").innerHTML = `<svg viewBox="0 0 ${left + width + 12} ${bottom + 50}" role="img" aria-label="${escaped(`What moves the difference. ${words}`)}">${rows.join("")}<line class="axis" x1="${x(0)}" x2="${x(0)}" y1="0" y2="${bottom}"/><line class="here" x1="${x(found.base)}" x2="${x(found.base)}" y1="0" y2="${bottom}"/><text x="${clip(x(0), left + 16, left + width - 16)}" y="${bottom + 14}" text-anchor="middle">even</text><text x="${left}" y="${bottom + 30}">← ${escaped(title(state.pair[0]))} costs less</text><text x="${left + width}" y="${bottom + 45}" text-anchor="end">${escaped(title(state.pair[1]))} costs less →</text></svg><p>${escaped(words)}</p>`;
  }

  function sayChanges() {
    const [cheaper, other] = cheaperFirst(bills(state));
    const found = smallestChanges(state, definitionOf).slice(0, 5);
    const items = found.map(({ key, value, ranges }) => `<li><b>${escaped(label(key))}</b>: ${escaped(inWords(key, value))} instead of ${escaped(inWords(key, state.estimates[key].base))} <small>(${ranges <= 1 ? "inside" : "outside"} its range)</small></li>`);
    at(".changes").innerHTML = items.length
      ? `<p>${escaped(title(other))} would cost less than ${escaped(title(cheaper))} if one of these were so:</p><ul>${items.join("")}</ul>`
      : "<p>No single input reverses the verdict within five times its range.</p>";
    return found;
  }

  // Words

  const cheaperFirst = (priced) => [...state.pair].sort((one, other) => priced[one].total - priced[other].total);

  function sayAdvice(priced) {
    const [cheaper, other] = cheaperFirst(priced);
    const saving = priced[other].total - priced[cheaper].total;
    const volume = short(state.estimates["case.volume"].base);
    const rates = state.pair.map((name) => { const { base, kind } = state.estimates[`${name}.error_rate`]; return `${title(name)} ${percent(base)} (${KINDS[kind]})`; }).join(", ");
    const least = Object.keys(priced).reduce((one, name) => (priced[name].total < priced[one].total ? name : one));
    const better = least === cheaper ? "" : ` ${title(least)} costs least of all: ${dollars(priced[least].total)}.`;
    let advice = `Choose ${title(cheaper)}: at ${volume} outputs a month it costs ${dollars(saving)} less than ${title(other)} over ${months(state.horizon)}`;
    let sure = "";
    if (drawn) {
      const share = drawn.cheaper[cheaper];
      sure = ` It costs less in ${percent(Number(share.toPrecision(2)))} of ${drawn.n.toLocaleString("en-US")} draws from the ranges.`;
      if (isEven(share) || share < 0.5) advice = `Too close to call: at the base values ${title(cheaper)} costs ${dollars(saving)} less than ${title(other)} over ${months(state.horizon)}`;
    }
    if (saving === 0) advice = `${title(cheaper)} and ${title(other)} cost the same over ${months(state.horizon)}`;
    at(".advice").innerHTML = `<strong>${escaped(advice)}.</strong>${escaped(sure)}${escaped(better)} <small>Error rates: ${escaped(rates)}.</small>`;
  }

  const say = (text) => { at(".said").textContent = text; };

  // What follows a move: the frame's pictures at once, all else when the hand rests.

  function draw() {
    frame = null;
    const priced = bills(state);
    drawAll(priced);
    drawMonths(priced);
    sayAdvice(priced);
  }

  function moved() {
    drawn = null;
    say("");
    frame ??= requestAnimationFrame(draw);
    clearTimeout(rest);
    rest = setTimeout(settle, REST_MS);
  }

  function settle() {
    drawVolumes();
    drawTornado();
    sayChanges();
    askWorker();
    if (address) history.replaceState(null, "", link());
    onChange?.(JSON.stringify(state));
  }

  function askWorker() {
    worker?.terminate();
    const source = `${data.model.replace(/^export /gm, "")}\nonmessage = ({ data }) => postMessage(chance(data));`;
    const found = ({ data: answer }) => { drawn = answer; sayAdvice(bills(state)); };
    try {
      worker = new Worker(URL.createObjectURL(new Blob([source], { type: "text/javascript" })));
      worker.onmessage = found;
      worker.postMessage(state);
    } catch (error) {
      say(`The draws could not be made here (${error.message}).`);
    }
  }

  // Keep and share

  function link() {
    const changed = {};
    for (const [key, { low, base, high }] of Object.entries(state.estimates)) {
      const before = chosen.state.estimates[key];
      if (!before || before.low !== low || before.base !== base || before.high !== high) changed[key] = [low, base, high];
    }
    const told = { case: chosen.id, pair: state.pair, horizon: state.horizon, changed };
    return `${location.href.split("#")[0]}#${encodeURIComponent(JSON.stringify(told))}`;
  }

  function fromLink(hash) {
    const told = JSON.parse(decodeURIComponent(hash.slice(1)));
    const found = data.presets.find((one) => one.id === told.case);
    if (!found) throw new Error(`the case ${JSON.stringify(told.case)} is not known`);
    const next = structuredClone(found.state);
    next.pair = told.pair;
    next.horizon = told.horizon;
    for (const [key, [low, base, high]] of Object.entries(told.changed || {})) next.estimates[key] = { low, base, high, source: "from the link", date: "", kind: "assumed", outcomes: "" };
    check(next);
    chosen = found;
    return next;
  }

  function check(one) {
    const fail = (text) => { throw new Error(text); };
    if (one === null || typeof one !== "object" || Array.isArray(one) || typeof one.estimates !== "object") fail("it is not a saved cost model");
    for (const name of ["approaches", "pair"]) if (!Array.isArray(one[name])) fail(`${name} is not a list`);
    if (one.approaches.some((name) => typeof name !== "string" || !Object.hasOwn(data.approaches, name))) fail(`${JSON.stringify(one.approaches)} names an approach that is not known`);
    if (one.pair.length !== 2 || one.pair[0] === one.pair[1] || !one.pair.every((name) => one.approaches.includes(name))) fail(`the pair ${JSON.stringify(one.pair)} must be two of its approaches`);
    if (!Number.isInteger(one.horizon) || one.horizon < 1 || one.horizon > 120) fail(`a horizon of ${one.horizon} months must be a whole number from 1 to 120`);
    const expected = ["case", ...one.approaches].flatMap((owner) => Object.keys(owner === "case" ? data.definitions.case : data.definitions.approach).map((name) => `${owner}.${name}`));
    for (const key of expected) {
      const { low, base, high, kind } = one.estimates[key] ?? fail(`there is no estimate of ${key}`);
      const { lowest, highest } = definitionOf(key);
      const rises = [lowest, low, base, high, highest].every((value, place, all) => typeof value === "number" && Number.isFinite(value) && (!place || all[place - 1] <= value));
      if (!rises) fail(`${key} is ${JSON.stringify([low, base, high])}; low, base and high must rise from ${lowest} to ${highest}`);
      if (!Object.hasOwn(KINDS, kind)) fail(`${key} is of the kind ${JSON.stringify(kind)}; choose ${Object.keys(KINDS).join(", ")}`);
    }
    return one;
  }

  function open(one) {
    state = structuredClone(one);
    start = structuredClone(one);
    buildControls();
    moved();
  }

  async function copy(text, what) {
    try {
      await navigator.clipboard.writeText(text);
      say(`${what} is copied.`);
    } catch {
      say(`Copying is not allowed here. ${what}: ${text}`);
    }
  }

  function download(name, text) {
    const anchor = document.createElement("a");
    anchor.href = URL.createObjectURL(new Blob([text], { type: "text/csv" }));
    anchor.download = name;
    anchor.click();
    setTimeout(() => URL.revokeObjectURL(anchor.href), 10_000);
    say(`Downloaded as ${name}.`);
  }

  const cell = (value) => (/[",\n]/.test(String(value)) ? `"${String(value).replaceAll('"', '""')}"` : value);
  const csv = (rows) => `${rows.map((row) => row.map(cell).join(",")).join("\n")}\n`;
  const costsCsv = () =>
    csv([
      ["approach", "month", "volume", "month_usd", "cumulative_usd"],
      ...Object.entries(bills(state)).flatMap(([name, { volumes, cumulative }]) =>
        cumulative.map((spent, month) => [name, month, month ? Math.round(volumes[month - 1]) : 0, (month ? spent - cumulative[month - 1] : spent).toFixed(2), spent.toFixed(2)]),
      ),
    ]);
  const inputsCsv = () =>
    csv([
      ["key", "label", "low", "base", "high", "unit", "kind", "source", "date"],
      ...Object.entries(state.estimates)
        .filter(([key]) => definitionOf(key) && (key.startsWith("case.") || state.approaches.includes(key.split(".")[0])))
        .map(([key, one]) => [key, label(key), one.low, one.base, one.high, definitionOf(key).unit, one.kind, one.source, one.date]),
    ]);
  const paste = () => {
    const text = prompt("Paste a saved cost model (JSON).");
    if (text === null) return;
    try {
      open(check(JSON.parse(text)));
      say("Opened what was pasted.");
    } catch (error) {
      say(`${JSON.stringify(text.slice(0, 40))} cannot be opened: ${error.message}. Copy the state again.`);
    }
  };
  const buttons = {
    "Start again": () => { open(given || chosen.state); say("As at the start."); },
    ...(onSave ? { Save: () => { settle(); onSave(); } } : {}),
    ...(address ? { "Copy a link": () => copy(link(), "The link") } : {}),
    "Copy the state": () => copy(JSON.stringify(state, null, 1), "The state"),
    "Paste a state": paste,
    "Costs as CSV": () => download("costs.csv", costsCsv()),
    "Assumptions as CSV": () => download("assumptions.csv", inputsCsv()),
    ...(address ? { Print: () => print() } : {}),
  };
  for (const [text, act] of Object.entries(buttons)) {
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = text;
    button.setAttribute("data-lm-suppress-shortcuts", "");
    button.addEventListener("click", act);
    at(".actions").append(button);
  }

  let seenWidth = 0;
  new ResizeObserver(() => {
    if (pictureWidth() !== seenWidth) {
      seenWidth = pictureWidth();
      draw();
      drawVolumes();
      drawTornado();
    }
  }).observe(at(".pictures"));

  let mistake = "";
  if (address && location.hash.length > 1) {
    try {
      state = fromLink(location.hash);
      start = structuredClone(chosen.state);
    } catch (error) {
      mistake = `The link cannot be opened: ${error.message}. This is the course's own case.`;
    }
  }
  buildControls();
  draw();
  // The first picture is there before the slower ones are begun.
  rest = setTimeout(settle, 0);
  say(mistake);
  return { open: (text) => open(check(JSON.parse(text))), say };
}
