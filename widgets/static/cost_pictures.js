// What the cost explorer draws and says, as text: each function takes numbers of the model and returns HTML.
// NAMES is what `namesOf` makes of the data of widgets/cost/page.py; WIDTH is in pixels.
import { DRAWS, LEAST, MOST, boundsIn, clip, isEven } from "./cost_model.js";
import { escaped } from "./keep.js";

const GROUPS = {
  Errors: { parts: ["errors"], colour: "#D55E00" },
  People: { parts: ["set-up", "labels", "review", "upkeep", "evaluation", "retraining"], colour: "#0072B2" },
  Tokens: { parts: ["tokens"], colour: "#009E73" },
  Machines: { parts: ["hosting", "training"], colour: "#E69F00" },
};
const PAIR = [
  { sign: "●", style: 'stroke="var(--first)"', words: "solid" },
  { sign: "◆", style: 'stroke="var(--second)" stroke-dasharray="8 4"', words: "dashed" },
];
const ORIGINS = { assumed: "assumed", claimed: "claimed by an article", measured: "measured", price: "from a price list" };
export const KINDS = { assumed: "assumed", claimed: "claimed", measured: "measured", price: "price list" };
export const SET_HERE = "set by the reader";
export const FROM_LINK = "from the link";
const OWN = { [SET_HERE]: "yours", [FROM_LINK]: "from the link" };
// Whose a value is: one that the reader put in is nobody's assumption.
export const origin = ({ kind, source }, kinds = KINDS) => (kind === "assumed" && OWN[source]) || kinds[kind];

// Made once: a formatter takes longer to make than all that it formats.
const commas = new Intl.NumberFormat("en-US", { maximumFractionDigits: 10 });
export const short = (number, digits = 3) => commas.format(Number(number.toPrecision(digits)));
export const months = (count) => `${count} ${count === 1 ? "month" : "months"}`;
const dollars = (amount) => `$${amount >= 100 ? commas.format(Math.round(amount)) : short(amount)}`;
const percent = (share) => `${short(100 * share)}%`;
const tick = (amount) => {
  const [size, name] = [[1e9, "B"], [1e6, "M"], [1e3, "k"]].find(([size]) => amount >= size) ?? [1, ""];
  return `$${short(amount / size)}${name}`;
};

// Labels and units of the inputs: shares are shown in per cent.
export function namesOf({ approaches, definitions }) {
  const definitionOf = boundsIn(definitions);
  const title = (name) => approaches[name];
  const label = (key) => {
    const owner = key.slice(0, key.indexOf("."));
    return definitionOf(key).label + (owner === "case" ? "" : ` (${title(owner)})`);
  };
  const isShare = (key) => definitionOf(key).unit.startsWith("share");
  const factor = (key) => (isShare(key) ? 100 : 1);
  const unit = (key) => definitionOf(key).unit.replace(/^share/, "%");
  const shown = (key, value) => Number((value * factor(key)).toPrecision(6));
  const inWords = (key, value) => {
    const text = short(shown(key, value));
    return isShare(key) ? `${text}%` : unit(key).startsWith("$") ? `$${text}` : text;
  };
  const withUnit = (key, value) => {
    const number = inWords(key, value).replace(/ %$/, "");
    return unit(key).startsWith("$") ? `${number}${unit(key).slice(1)}` : `${number} ${unit(key)}`;
  };
  return { approaches, definitionOf, title, label, factor, unit, shown, inWords, withUnit };
}

// Pixels of a letter, as wide as the widest of the fonts has it on average.
const PLAIN = 7;
const BOLD = 8;

// Words in lines of at most so many letters.
function linesOf(words, letters) {
  return words.split(" ").reduce(([...lines], word) => {
    const longer = `${lines.at(-1)} ${word}`;
    if (lines.length && longer.length <= letters) return [...lines.slice(0, -1), longer];
    return [...lines, word];
  }, []);
}

const picture = (width, height, words, inside) =>
  `<svg viewBox="0 0 ${width} ${height}" role="img" aria-label="${escaped(words)}">${inside.join("")}</svg>`;
const text = (x, y, words, more = "") => `<text x="${x}" y="${y}" ${more}>${escaped(words)}</text>`;
const line = (sign, x1, y1, x2, y2) => `<line class="${sign}" x1="${x1}" y1="${y1}" x2="${x2}" y2="${y2}"/>`;
const curve = (place, points) =>
  `<polyline class="curve" ${PAIR[place].style} points="${points.map(([x, y]) => `${x.toFixed(1)},${y.toFixed(1)}`).join(" ")}"/>`;

export const legend = () =>
  Object.entries(GROUPS).map(([name, { colour }]) => `<span><i style="background:${colour}"></i>${name}</span>`).join("");

const cheaperFirst = (state, priced) => [...state.pair].sort((one, other) => priced[one].total - priced[other].total);

// The pair's totals as two bars, for the line that stays in sight.
export function duel(state, priced, { title }) {
  const most = Math.max(...state.pair.map((name) => priced[name].total));
  return state.pair
    .map((name, place) => `<span>${PAIR[place].sign} ${escaped(title(name))}</span><span><i${place ? ' class="second"' : ""} style="width:${((100 * priced[name].total) / most).toFixed(1)}%"></i></span><b>${dollars(priced[name].total)}</b>`)
    .join("");
}

export function advice(state, priced, drawn, { title }) {
  const [cheaper, other] = cheaperFirst(state, priced);
  const saving = priced[other].total - priced[cheaper].total;
  const over = `over ${months(state.horizon)}`;
  const names = Object.keys(priced);
  const least = names.reduce((one, name) => (priced[name].total < priced[one].total ? name : one));
  const ofAll = priced[least].total < priced[cheaper].total ? `; of all ${names.length} approaches ${title(least)} costs least, ${dollars(priced[least].total)}` : "";
  if (saving === 0) return `${title(cheaper)} and ${title(other)} cost the same ${over}${ofAll}.`;
  const less = `costs ${dollars(saving)} less than ${title(other)} ${over}`;
  const share = drawn?.cheaper[cheaper];
  const at = `at ${short(state.estimates["case.volume"].base)} outputs a month`;
  if (drawn && (isEven(share) || share < 0.5)) return `Too close to call ${at}: by the base values ${title(cheaper)} ${less}${ofAll}.`;
  return `Of these two choose ${title(cheaper)}: ${at} it ${less}${ofAll}.`;
}

// How sure the advice is, and on which error rates it rests. While the draws are made, their place is held.
export function certainty(state, priced, drawn, { title }) {
  const [cheaper] = cheaperFirst(state, priced);
  const share = drawn ? short(100 * drawn.cheaper[cheaper], 2) : "...";
  const sure = `With every input drawn from its range, it costs less in ${share}% of ${short(DRAWS, 6)} draws.`;
  const rates = state.pair.map((name) => {
    const rate = state.estimates[`${name}.error_rate`];
    return `${title(name)} ${percent(rate.base)} (${origin(rate, ORIGINS)})`;
  });
  return `<span${drawn ? "" : ' class="stale"'}>${sure}</span> ${escaped(`Error rates: ${rates.join(", ")}.`)}`;
}

export function everyApproach(state, priced, { title }, width) {
  const rows = Object.entries(priced).sort(([, one], [, other]) => one.total - other.total);
  const most = Math.max(...rows.map(([, one]) => one.total));
  const narrow = width < 560;
  const longest = Math.max(...rows.map(([name]) => title(name).length));
  const [left, height, under] = narrow ? [2, 36, 15] : [24 + BOLD * longest, 24, 0];
  const room = width - left - 72;
  const lines = rows.flatMap(([name, one], row) => {
    const [place, y] = [state.pair.indexOf(name), row * height];
    const mark = place >= 0 ? 'class="paired"' : "";
    let x = left;
    const bars = Object.values(GROUPS).map(({ parts, colour }) => {
      const span = Math.max((parts.reduce((total, part) => total + one.parts[part], 0) / most) * room, 0);
      x += span;
      return `<rect x="${(x - span).toFixed(1)}" y="${y + under + 3}" width="${span.toFixed(1)}" height="16" fill="${colour}"/>`;
    });
    const called = `${place >= 0 ? `${PAIR[place].sign} ` : ""}${title(name)}`;
    return [
      narrow ? text(left, y + 13, called, mark) : text(left - 8, y + 15, called, `text-anchor="end" ${mark}`),
      ...bars,
      text(x + 5, y + under + 15, dollars(one.total), mark),
    ];
  });
  const words = rows.map(([name, one]) => `${title(name)} ${dollars(one.total)}`).join("; ");
  return picture(width, rows.length * height, `Total over ${months(state.horizon)}, the cheapest first: ${words}.`, lines);
}

// A round step that a span holds at most so often.
function stepOf(span, often) {
  const power = 10 ** Math.floor(Math.log10(span / often));
  return power * [1, 2, 5, 10].find((one) => span / (one * power) <= often);
}

export function monthByMonth(state, priced, met, { title }, width) {
  const [left, top, room, height] = [56, 10, width - 76, 200];
  const pair = state.pair.map((name) => priced[name].cumulative);
  const most = Math.max(...pair.flat(), 1);
  const x = (month) => left + (month / state.horizon) * room;
  const y = (spent) => top + height - (spent / most) * height;
  const step = stepOf(most, 5);
  const drawn = [];
  for (let amount = 0; amount <= most; amount += step) {
    drawn.push(line("grid", left, y(amount), left + room, y(amount)), text(left - 6, y(amount) + 4, tick(amount), 'text-anchor="end"'));
  }
  for (let month = 0; month <= state.horizon; month += Math.ceil(state.horizon / 8)) {
    drawn.push(text(x(month), top + height + 16, month, 'text-anchor="middle"'));
  }
  drawn.push(...pair.map((spent, place) => curve(place, spent.map((amount, month) => [x(month), y(amount)]))));
  for (const { at } of met) {
    const [before, after] = [pair[0][Math.floor(at)], pair[0][Math.ceil(at)]];
    drawn.push(`<circle class="mark" cx="${x(at)}" cy="${y(before + (at % 1) * (after - before))}" r="5"/>`);
  }
  drawn.push(text(left + room / 2, top + height + 34, "months", 'text-anchor="middle"'));
  const ends = pair.map((spent, place) => `${PAIR[place].sign} ${title(state.pair[place])} (${PAIR[place].words}) ends at ${dollars(spent.at(-1))}`);
  const even = met.length ? `Even in month ${met.map((one) => short(one.at)).join(", ")}.` : "The lines do not meet.";
  const words = `${ends.join(". ")}. ${even}`;
  return `${picture(width, top + height + 40, `Spent so far. ${words}`, drawn)}<p>${escaped(words)}</p>`;
}

// `totalsAt` gives the two totals of a volume.
export function atWhichVolume(state, crossings, totalsAt, { title }, width) {
  const [left, top, room, height] = [56, 10, width - 86, 180];
  const here = state.estimates["case.volume"].base;
  const around = [here, ...crossings.map((one) => one.at)];
  const [low, high] = [Math.max(Math.min(...around) / 5, LEAST), Math.min(Math.max(...around) * 5, MOST)];
  const volumes = Array.from({ length: 81 }, (_, place) => low * (high / low) ** (place / 80));
  const totals = volumes.map(totalsAt);
  const [least, most] = [Math.min(...totals.flat()), Math.max(...totals.flat())];
  const x = (volume) => left + (Math.log(volume / low) / Math.log(high / low)) * room;
  const y = (total) => top + height - (Math.log(total / least) / Math.log(most / least || 2)) * height;
  const drawn = [];
  for (let power = 10 ** Math.ceil(Math.log10(low)); power <= high; power *= 10) {
    drawn.push(line("grid", x(power), top, x(power), top + height), text(x(power), top + height + 16, short(power), 'text-anchor="middle"'));
  }
  for (let power = 10 ** Math.ceil(Math.log10(least)); power <= most; power *= 10) {
    drawn.push(line("grid", left, y(power), left + room, y(power)), text(left - 6, y(power) + 4, tick(power), 'text-anchor="end"'));
  }
  drawn.push(
    line("here", x(here), top, x(here), top + height),
    ...[0, 1].map((place) => curve(place, volumes.map((volume, at) => [x(volume), y(totals[at][place])]))),
    ...crossings.map((one) => line("mark", x(one.at), top, x(one.at), top + height)),
    text(left + room / 2, top + height + 34, "outputs a month; dotted line: yours", 'text-anchor="middle"'),
  );
  const turns = crossings.map((one) => `From ${short(one.at)} outputs a month (${short(one.at / 30)} a day) ${title(one.cheaper)} costs less${one.byStep ? ", since hosting adds a machine" : ""}`);
  const meeting = turns.length
    ? `${turns.join(". ")}.`
    : `The same one costs less at every volume from ${short(LEAST)} to ${short(MOST)} outputs a month.`;
  const words = `Both axes are logarithmic: each grid line is ten times the one before. ${meeting}`;
  return `${picture(width, top + height + 40, `Total against volume. ${words}`, drawn)}<p>${escaped(words)}</p>`;
}

export function whatMovesIt(state, { base, bars }, { title, label, inWords, withUnit }, width) {
  const shown = bars.slice(0, 8).filter((bar) => bar.atLow !== bar.atHigh);
  if (!shown.length) return "<p>No input of the two is uncertain.</p>";
  const ends = [0, base, ...shown.flatMap((bar) => [bar.atLow, bar.atHigh])];
  const [low, high] = [Math.min(...ends), Math.max(...ends)];
  const narrow = width < 620;
  const left = narrow ? 8 : 310;
  const room = width - left - 12;
  const [at, side] = narrow ? [8, ""] : [left - 8, 'text-anchor="end"'];
  const x = (gap) => left + ((gap - low) / (high - low || 1)) * room;
  // The names are beside the bars, or above them where there is no room.
  let bottom = 0;
  const rows = shown.map((bar) => {
    const { low: least, high: most } = state.estimates[bar.key];
    const names = linesOf(label(bar.key), Math.floor((narrow ? room : left - 16) / (bar.turns ? BOLD : PLAIN)));
    const under = 13 * (names.length + 1);
    const row = { bar, top: bottom, names, range: `${inWords(bar.key, least)} to ${withUnit(bar.key, most)}`, under };
    row.y = narrow ? bottom + under + 3 : bottom + under / 2 - 6;
    bottom += under + (narrow ? 30 : 8);
    return row;
  });
  const lengths = rows.map(({ bar, y }) => {
    const [from, to] = [x(bar.atLow), x(bar.atHigh)].sort((one, other) => one - other);
    return `<rect x="${from}" y="${y}" width="${Math.max(to - from, 1)}" height="16" fill="${bar.turns ? "#D55E00" : "#56B4E9"}"/>`;
  });
  const labels = rows.flatMap(({ bar, top, names, range, under }) => [
    ...names.map((words, place) => text(at, top + 12 + 13 * place, words, `${side} ${bar.turns ? 'class="paired"' : ""}`)),
    text(at, top + under - 1, range, `${side} class="small"`),
  ]);
  const upright = (sign, place) => (narrow ? rows.map(({ y }) => line(sign, place, y - 3, place, y + 19)) : [line(sign, place, 0, place, bottom)]);
  const step = stepOf(high - low || 1, narrow ? 4 : 6);
  const amounts = [];
  for (let count = Math.ceil(low / step); count * step <= high; count += 1) amounts.push(count * step);
  const [first, second] = state.pair.map(title);
  const drawn = [
    ...amounts.flatMap((amount) => upright("grid", x(amount))),
    ...lengths,
    ...upright("axis", x(0)),
    ...upright("here", x(base)),
    ...labels,
    ...amounts.map((amount) => text(clip(x(amount), left + 16, left + room - 10), bottom + 14, amount === 0 ? "even" : `${amount < 0 ? "-" : ""}${tick(Math.abs(amount))}`, 'text-anchor="middle"')),
    text(left + room / 2, bottom + 32, "difference of the two totals, $", 'text-anchor="middle"'),
    text(clip(width - 12 - PLAIN * (first.length + 14), 8, left), bottom + 48, `← ${first} costs less`),
    text(left + room, bottom + 63, `${second} costs less →`, 'text-anchor="end"'),
  ];
  const turning = shown.filter((bar) => bar.turns).map((bar) => label(bar.key));
  const words = turning.length
    ? `Inside its range, each of these alone reverses the verdict: ${turning.join(", ")}.`
    : "No input alone, inside its range, reverses the verdict.";
  return `${picture(width, bottom + 68, `What moves the difference; dotted line: now. ${words}`, drawn)}<p>${escaped(words)}</p>`;
}

export function whatWouldHaveToBeTrue(state, priced, changes, { title, label, withUnit }) {
  const [cheaper, other] = cheaperFirst(state, priced);
  const place = ({ key, value, ranges }) => {
    const ends = [state.estimates[key].low, state.estimates[key].high].map((end) => withUnit(key, end));
    return ends.includes(withUnit(key, value)) ? "at the end of" : ranges <= 1 ? "inside" : "outside";
  };
  const items = changes.slice(0, 5).map(({ key, value, ranges }) =>
    `<li><b>${escaped(label(key))}</b>: ${escaped(withUnit(key, value))} instead of ${escaped(withUnit(key, state.estimates[key].base))} <small>(${place({ key, value, ranges })} its range)</small></li>`);
  return items.length
    ? `<p>${escaped(title(other))} would cost less than ${escaped(title(cheaper))} if one of these were so:</p><ul>${items.join("")}</ul>`
    : "<p>No single input reverses the verdict within five times its range.</p>";
}

export const tableOf = (columns, rows) =>
  `<table><thead><tr>${columns.map((name) => `<th scope="col">${name}</th>`).join("")}</tr></thead><tbody>${rows
    .map((row) => `<tr>${columns.map((name) => `<td>${escaped(row[name])}</td>`).join("")}</tr>`)
    .join("")}</tbody></table>`;
