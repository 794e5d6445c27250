// A state of the cost explorer as others hand it over: checked, as an address, as CSV. A state is what
// Assumptions.to_json of widgets/cost/inputs.py writes.
import { bills } from "./cost_model.js";
import { FROM_LINK, KINDS } from "./cost_pictures.js";

const FORMAT = 1;
export const LONGEST = 120;
export const ENDS = ["low", "base", "high"];

const fail = (text) => { throw new Error(text); };
const isTable = (one) => one !== null && typeof one === "object" && !Array.isArray(one);
// NaN and Infinity, which JSON writes as null, by their names.
const inShort = (one) => {
  const text = Number.isFinite(one) || typeof one !== "number" ? JSON.stringify(one) : String(one);
  return text?.length > 60 ? `${text.slice(0, 60)}...` : text;
};
const isDate = (text) => /^20\d\d-\d\d(-\d\d)?$/.test(text) && !Number.isNaN(Date.parse(text)) && new Date(text).toISOString().startsWith(text);

// The state, or an Error whose message is one sentence with the value and the fix.
export function checked(state, { approaches, definitionOf, definitions }) {
  if (!isTable(state) || !isTable(state.estimates)) fail(`${inShort(state)} is not a saved cost model; copy the whole text of one`);
  if (state.format !== FORMAT) fail(`the format is ${inShort(state.format)}, not ${FORMAT}; save it again`);
  if (typeof state.title !== "string") fail(`the title is ${inShort(state.title)}; write a text`);
  for (const name of ["approaches", "pair"]) if (!Array.isArray(state[name])) fail(`${name} is ${inShort(state[name])}; write a list`);
  const unknown = state.approaches.find((name) => typeof name !== "string" || !Object.hasOwn(approaches, name));
  if (unknown !== undefined) fail(`${inShort(unknown)} is not an approach; choose from ${Object.keys(approaches).join(", ")}`);
  if (new Set(state.approaches).size < state.approaches.length) fail(`the approaches ${inShort(state.approaches)} name one twice; name each once`);
  if (state.pair.length !== 2 || state.pair[0] === state.pair[1] || !state.pair.every((name) => state.approaches.includes(name))) fail(`the pair ${inShort(state.pair)} must be two of its approaches`);
  if (!isHorizon(state.horizon)) fail(`the horizon is ${inShort(state.horizon)}; give a whole number of months from 1 to ${LONGEST}`);
  for (const owner of ["case", ...state.approaches]) {
    for (const name of Object.keys(definitions[owner === "case" ? "case" : "approach"])) checkEstimate(`${owner}.${name}`, state.estimates[`${owner}.${name}`], approaches, definitionOf);
  }
  return state;
}

export const isHorizon = (value) => Number.isInteger(value) && value >= 1 && value <= LONGEST;

function checkEstimate(key, estimate, approaches, definitionOf) {
  if (!isTable(estimate)) fail(`there is no estimate of ${key}; give its low, base and high value`);
  const { lowest, highest } = definitionOf(key);
  const values = [lowest, ...ENDS.map((end) => estimate[end]), highest];
  const rises = values.every((value, place) => Number.isFinite(value) && (!place || values[place - 1] <= value));
  if (!rises) fail(`${key} is ${ENDS.map((end) => inShort(estimate[end])).join(", ")}; low, base and high must rise, between ${lowest} and ${highest}`);
  if (!Object.hasOwn(KINDS, estimate.kind)) fail(`the kind of ${key} is ${inShort(estimate.kind)}; choose from ${Object.keys(KINDS).join(", ")}`);
  if (typeof estimate.source !== "string" || !estimate.source) fail(`the source of ${key} is ${inShort(estimate.source)}; say where it comes from`);
  if (estimate.date !== "" && !isDate(estimate.date)) fail(`the date of ${key} is ${inShort(estimate.date)}; write it as 2026-11-21`);
  if (!/^(\w+:[01]+)?$/.test(estimate.outcomes ?? "")) fail(`the outcomes of ${key} are ${inShort(estimate.outcomes)}; write rows:0110, or nothing`);
  if (estimate.follows && !Object.hasOwn(approaches, estimate.follows)) fail(`${key} follows ${inShort(estimate.follows)}; choose from ${Object.keys(approaches).join(", ")}`);
}

// What is different from the case that was opened, behind the # of an address.
export function asHash(state, chosen) {
  const changed = {};
  for (const [key, one] of Object.entries(state.estimates)) {
    const before = chosen.state.estimates[key];
    if (!before || ["kind", "outcomes", ...ENDS].some((part) => (before[part] ?? "") !== (one[part] ?? ""))) {
      changed[key] = [...ENDS.map((end) => one[end]), one.kind, ...(one.outcomes ? [one.outcomes] : [])];
    }
  }
  const { approaches, pair, horizon } = state;
  return `#${encodeURIComponent(JSON.stringify({ case: chosen.id, approaches, pair, horizon, changed }))}`;
}

// The case and the state that an address names; both were checked.
export function fromHash(hash, presets, names) {
  const found = JSON.parse(decodeURIComponent(hash.slice(1)));
  const chosen = presets.find((one) => one.id === found?.case);
  if (!chosen) fail(`${inShort(found?.case)} is not a case; choose from ${presets.map((one) => one.id).join(", ")}`);
  const state = structuredClone(chosen.state);
  Object.assign(state, { approaches: found.approaches ?? state.approaches, pair: found.pair, horizon: found.horizon });
  for (const [key, values] of Object.entries(found.changed ?? {})) {
    if (!Array.isArray(values)) fail(`${key} is ${inShort(values)}; give low, base and high in a list`);
    const [low, base, high, kind = "assumed", outcomes = ""] = values;
    state.estimates[key] = { low, base, high, source: FROM_LINK, date: "", kind, outcomes };
  }
  return [chosen, checked(state, names)];
}

// Every approach and month: volume, $ of the month, $ so far. Month 0 is what comes before the first.
export const costRows = (state) => [
  ["approach", "month", "volume", "month_usd", "cumulative_usd"],
  ...Object.entries(bills(state)).flatMap(([name, { volumes, cumulative }]) =>
    cumulative.map((spent, month) => [name, month, month ? Math.round(volumes[month - 1]) : 0, (month ? spent - cumulative[month - 1] : spent).toFixed(2), spent.toFixed(2)]),
  ),
];

export const inputRows = (state, { definitionOf, label }) => [
  ["key", "label", "low", "base", "high", "unit", "kind", "source", "date"],
  ...Object.entries(state.estimates)
    .filter(([key]) => ["case", ...state.approaches].includes(key.split(".")[0]))
    .map(([key, one]) => [key, label(key), one.low, one.base, one.high, definitionOf(key).unit, one.kind, one.source, one.date]),
];
