// The cost model of widgets/cost/model.py, for the page. The formulas are at the head of that file, and
// tests/widgets/cost/test_javascript.py holds the two together. A state is what Assumptions.to_json writes.

export const LEAST = 10;
export const MOST = 1e8;
const MINUTES_PER_MONTH = 30 * 24 * 60;
const CACHE_MINUTES = 5;
const GRID = 1601;
const BEND = 1e-4;
const MOST_STEPS = 100;
const REACH = 5;
const STEPS = 64;
const PLACES = 17;
const EVEN = 0.05;
export const DRAWS = 10_000;

export const clip = (value, low, high) => Math.min(Math.max(value, low), high);
const sum = (numbers) => numbers.reduce((total, number) => total + number, 0);

export function owned(values, owner) {
  const start = `${owner}.`;
  const found = {};
  for (const key in values) if (key.startsWith(start)) found[key.slice(start.length)] = values[key];
  return found;
}

function requestCost(own, perMonth) {
  const calls = own.calls * (1 + own.retries);
  const off = 1 - own.batch * own.batch_discount;
  const long = (own.prefix + own.variable) * own.token_factor > own.long_above;
  const longInput = long ? own.long_input : 1;
  const longOutput = long ? own.long_output : 1;
  const cached = own.prefix * own.token_factor >= own.cache_minimum ? own.cached : 0;
  const output = (own.output + own.thinking) * own.output_price * off * longOutput;
  const plain = (own.prefix * (1 - cached) + own.variable) * own.input_price * off * longInput;
  const cold = cached ? Math.exp((-perMonth * calls * CACHE_MINUTES) / MINUTES_PER_MONTH) : 0;
  const repeated = own.prefix * cached * longInput * (own.cached_price + cold * (own.write_price - own.cached_price));
  return ((calls * own.token_factor) / 1e6) * (plain + output + repeated);
}

function billOf(shared, own, horizon) {
  const training = (own.examples * own.example_tokens * own.epochs * own.training_price) / 1e6 + own.gpu_hours * own.gpu_price;
  const labels = Math.max(own.examples - shared.labels_owned, 0) * (1 - own.labels_in_setup);
  const tax = (shared.tax_hours * shared.tuned_models ** shared.tax_power) / shared.tuned_models;
  const upfront = {
    "set-up": shared.rate * own.setup_hours,
    labels: (labels * shared.label_cost) / (1 - shared.curation),
    training,
  };
  const each = {
    tokens: requestCost(own, shared.volume),
    errors: own.error_rate * (1 - own.reviewed * shared.error_caught) * shared.error_cost,
    review: ((own.reviewed * shared.review_minutes) / 60) * shared.reviewer_rate,
  };
  // One pass without an object for each month: a break-even prices tens of thousands of volumes.
  const running = { tokens: 0, errors: 0, review: 0, hosting: 0, upkeep: 0, evaluation: 0, retraining: 0 };
  const volumes = [];
  const cumulative = [sum(Object.values(upfront))];
  for (let month = 0; month < horizon; month += 1) {
    const volume = shared.volume * (1 + shared.growth) ** month;
    const waiting = clip(own.delay - month, 0, 1);
    const live = 1 - waiting;
    const machines = own.hosting ? Math.ceil((volume * own.adapters) / own.capacity) / own.adapters : 0;
    const moves = month === Math.ceil(own.ends_after) ? 1 : 0;
    const tokens = volume * live * (1 - shared.decline) ** (month / 12) * requestCost(own, volume);
    const errors = volume * live * each.errors + volume * waiting * shared.rate_now * shared.error_cost;
    const review = volume * live * each.review;
    const hosting = machines * live * (1 - shared.gpu_decline) ** (month / 12) * own.hosting;
    const upkeep = live * shared.rate * own.upkeep;
    const evaluation = live * shared.rate * own.evaluated * tax;
    const retraining =
      live * own.retrains * (shared.rate * own.retrain_hours + training) +
      moves * (shared.rate * (own.move_hours + own.retrain_hours) + training);
    running.tokens += tokens;
    running.errors += errors;
    running.review += review;
    running.hosting += hosting;
    running.upkeep += upkeep;
    running.evaluation += evaluation;
    running.retraining += retraining;
    volumes.push(volume);
    cumulative.push(cumulative[month] + tokens + errors + review + hosting + upkeep + evaluation + retraining);
  }
  const parts = { ...upfront, ...running };
  return { volumes, parts, each, cumulative, total: sum(Object.values(parts)) };
}

function baseOf(state) {
  return Object.fromEntries(Object.entries(state.estimates).map(([key, estimate]) => [key, estimate.base]));
}

export function bills(state) {
  const owners = {};
  for (const key in state.estimates) {
    const at = key.indexOf(".");
    (owners[key.slice(0, at)] ??= {})[key.slice(at + 1)] = state.estimates[key].base;
  }
  return Object.fromEntries(state.approaches.map((name) => [name, billOf(owners.case, owners[name], state.horizon)]));
}

// The bills of some approaches as a function of values that are changed.
export function pricing(state, names = state.pair) {
  const values = baseOf(state);
  const place = Object.fromEntries(["case", ...names].map((owner) => [owner, owned(values, owner)]));
  return (changed = {}) => {
    const before = [];
    for (const key in changed) {
      const at = key.indexOf(".");
      const owner = place[key.slice(0, at)];
      const name = key.slice(at + 1);
      before.push([owner, name, owner[name]]);
      owner[name] = changed[key];
    }
    const priced = names.map((name) => billOf(place.case, place[name], state.horizon));
    for (const [owner, name, value] of before) owner[name] = value;
    return priced;
  };
}

// The pair's difference: a's total less b's.
function difference(state, a, b) {
  const priced = pricing(state, [a, b]);
  return (changed) => {
    const [one, other] = priced(changed);
    const gap = one.total - other.total;
    return Math.abs(gap) < 1e-11 * (one.total + other.total) ? 0 : gap;
  };
}

// Places of two values that follow one another, zeros passed over, and differ in sign.
function turns(gaps) {
  const found = [];
  let last = -1;
  gaps.forEach((gap, place) => {
    if (gap === 0 || Number.isNaN(gap)) return;
    if (last >= 0 && Math.sign(gaps[last]) !== Math.sign(gap)) found.push([last, place]);
    last = place;
  });
  return found;
}

function root(f, low, high) {
  let [a, b] = [low, high];
  const sign = Math.sign(f(a));
  for (let step = 0; step < 200 && Math.abs(b - a) > 1e-13 * Math.max(Math.abs(a), Math.abs(b)); step += 1) {
    const middle = (a + b) / 2;
    if (middle === a || middle === b) break;
    if (Math.sign(f(middle)) === sign) a = middle;
    else b = middle;
  }
  return (a + b) / 2;
}

export function breakEvenVolumes(state, a, b) {
  const values = baseOf(state);
  const gap = difference(state, a, b);
  const reach = Math.log(MOST / LEAST);
  const grid = Array.from({ length: GRID }, (_, place) => LEAST * Math.exp((reach * place) / (GRID - 1)));
  const volumes = [...grid];
  const priced = pricing(state, [a, b]);
  const hosted = [a, b].map((name) => owned(values, name)).filter(({ hosting }) => hosting);
  const near = hosted.length ? mayTurn(grid.map((volume) => priced({ "case.volume": volume }))) : [];
  for (const { capacity, adapters } of hosted) {
    for (let month = 0; month < state.horizon; month += 1) {
      const ofOne = (1 + values["case.growth"]) ** month;
      for (let machines = 1; machines <= MOST_STEPS; machines += 1) {
        const at = ((capacity / adapters) * machines) / ofOne;
        if (at >= MOST) break;
        if (at > LEAST && near[Math.floor(((GRID - 1) * Math.log(at / LEAST)) / reach)]) volumes.push(at * (1 - 1e-9), at * (1 + 1e-9));
      }
    }
  }
  volumes.sort((one, other) => one - other);
  const gaps = volumes.map((volume) => gap({ "case.volume": volume }));
  return turns(gaps).map(([before, after]) => {
    const byStep = volumes[after] / volumes[before] < 1 + 1e-8;
    const at = byStep ? (volumes[before] + volumes[after]) / 2 : root((volume) => gap({ "case.volume": volume }), volumes[before], volumes[after]);
    return { at, cheaper: gaps[after] < 0 ? a : b, byStep };
  });
}

// Of two bills at rising volumes, between which of them machines could make the other the cheaper one: machines never get
// fewer as the volume rises, and all else of a bill hardly bends between two volumes.
function mayTurn(priced) {
  const found = priced.map(([one, other]) => {
    const [first, second] = [one.parts.hosting, other.parts.hosting];
    return { first, second, rest: one.total - other.total - (first - second), both: one.total + other.total };
  });
  return found.slice(1).map((now, place) => {
    const before = found[place];
    const bend = Math.abs(now.rest - before.rest) + BEND * now.both;
    const low = Math.min(now.rest, before.rest) - bend + before.first - now.second;
    const high = Math.max(now.rest, before.rest) + bend + now.first - before.second;
    return low <= 0 && high >= 0;
  });
}

export function breakEvenMonths(state, a, b, all = bills(state)) {
  const priced = [a, b].map((name) => all[name].cumulative);
  const gaps = priced[0].map((spent, month) => spent - priced[1][month]);
  return turns(gaps).map(([before, after]) => ({
    at: before + ((after - before) * gaps[before]) / (gaps[before] - gaps[after]),
    cheaper: gaps[after] < 0 ? a : b,
  }));
}

export function uncertain(state) {
  const owners = ["case", ...state.pair];
  return Object.keys(state.estimates).filter((key) => {
    const { low, high } = state.estimates[key];
    return owners.includes(key.slice(0, key.indexOf("."))) && low !== high;
  });
}

// The keys of the pair's uncertain inputs, first the one whose range moves the difference most.
export function byReach(state) {
  const gap = difference(state, ...state.pair);
  const spans = uncertain(state).map((key) => {
    const { low, high } = state.estimates[key];
    return [key, Math.abs(gap({ [key]: high }) - gap({ [key]: low }))];
  });
  return spans.sort(([, one], [, other]) => other - one).map(([key]) => key);
}

export function tornado(state) {
  const gap = difference(state, ...state.pair);
  const bars = uncertain(state).map((key) => {
    const { low, high } = state.estimates[key];
    const gaps = Array.from({ length: PLACES }, (_, place) =>
      gap({ [key]: clip(low + (place / (PLACES - 1)) * (high - low), low, high) }),
    );
    return { key, atLow: gaps[0], atHigh: gaps.at(-1), turns: Math.min(...gaps) < 0 && Math.max(...gaps) > 0 };
  });
  bars.sort((one, other) => Math.abs(other.atHigh - other.atLow) - Math.abs(one.atHigh - one.atLow));
  return { base: gap({}), bars };
}

// For each uncertain input the nearest value at which the verdict turns, the nearest first.
export function smallestChanges(state, definitionOf) {
  const gap = difference(state, ...state.pair);
  const found = [];
  for (const key of uncertain(state)) {
    const estimate = state.estimates[key];
    const { lowest, highest } = definitionOf(key);
    const changes = [];
    for (const end of [estimate.low, estimate.high]) {
      if (end === estimate.base) continue;
      const furthest = clip(estimate.base + REACH * (end - estimate.base), lowest, highest);
      const tried = Array.from({ length: STEPS + 1 }, (_, step) => estimate.base + (step / STEPS) * (furthest - estimate.base));
      const [turn] = turns(tried.map((value) => gap({ [key]: value })));
      if (!turn) continue;
      const value = root((one) => gap({ [key]: one }), tried[turn[0]], tried[turn[1]]);
      changes.push({ key, value, ranges: (value - estimate.base) / (end - estimate.base) });
    }
    changes.sort((one, other) => one.ranges - other.ranges);
    if (changes.length) found.push(changes[0]);
  }
  return found.sort((one, other) => one.ranges - other.ranges);
}

function aroundTheBase(share, { low, base, high }) {
  const value =
    share < 0.5 ? low + (base - low) * Math.sqrt(2 * share) : high - (high - base) * Math.sqrt(2 * (1 - share));
  return clip(value, low, high);
}

// Mulberry32: a short generator with a seed, so that the same case gives the same draws.
function random(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}

// A gamma draw by Marsaglia and Tsang, of which Dirichlet weights are made.
function gamma(shape, next) {
  if (shape < 1) return gamma(shape + 1, next) * next() ** (1 / shape);
  const d = shape - 1 / 3;
  const c = 1 / Math.sqrt(9 * d);
  for (;;) {
    const normal = Math.sqrt(-2 * Math.log(1 - next())) * Math.cos(2 * Math.PI * next());
    const v = (1 + c * normal) ** 3;
    if (v > 0 && Math.log(1 - next()) < 0.5 * normal * normal + d - d * v + d * Math.log(v)) return d * v;
  }
}

// The error rates that come with the outcome of each row, by the rows on which they were measured.
function measured(state) {
  const groups = {};
  for (const name of state.pair) {
    const key = `${name}.error_rate`;
    const [rows, outcomes] = (state.estimates[key].outcomes || "").split(":");
    if (outcomes) (groups[`${rows}, ${outcomes.length}`] ??= []).push([key, outcomes]);
  }
  return Object.values(groups).map((group) => {
    const weights = Array(2 ** group.length).fill(0.5);
    for (let row = 0; row < group[0][1].length; row += 1) {
      weights[group.reduce((pattern, [, outcomes]) => 2 * pattern + Number(outcomes[row]), 0)] += 1;
    }
    return { keys: group.map(([key]) => key), weights };
  });
}

export function chance(state, n = DRAWS, seed = 1) {
  const [a, b] = state.pair;
  const gap = difference(state, a, b);
  const groups = measured(state);
  const drawnTogether = groups.flatMap((group) => group.keys);
  const keys = uncertain(state).filter((key) => !drawnTogether.includes(key));
  const next = random(seed);
  // One draw in each of n slices of equal chance, in random order: a Latin hypercube.
  const columns = keys.map((key) => {
    const places = Array.from({ length: n }, (_, place) => place);
    for (let place = n - 1; place > 0; place -= 1) {
      const other = Math.floor(next() * (place + 1));
      [places[place], places[other]] = [places[other], places[place]];
    }
    return places.map((place) => aroundTheBase((place + next()) / n, state.estimates[key]));
  });
  const gaps = [];
  for (let draw = 0; draw < n; draw += 1) {
    const values = {};
    keys.forEach((key, column) => { values[key] = columns[column][draw]; });
    for (const { keys: together, weights } of groups) {
      const shares = weights.map((weight) => gamma(weight, next));
      const all = sum(shares);
      together.forEach((key, place) => {
        const bit = 2 ** (together.length - 1 - place);
        values[key] = sum(shares.filter((_, pattern) => pattern & bit)) / all;
      });
    }
    gaps.push(gap(values));
  }
  const cheaper = { [a]: gaps.filter((one) => one < 0).length / n, [b]: gaps.filter((one) => one > 0).length / n };
  gaps.sort((one, other) => one - other);
  const at = (share) => gaps[Math.round(share * (n - 1))];
  return { n, cheaper, low: at(0.05), middle: at(0.5), high: at(0.95) };
}

export const isEven = (share) => Math.abs(share - 0.5) <= EVEN;

// What an input is, and its bounds, by its key. DEFINITIONS as widgets/cost/page.py gives them.
export const boundsIn = (definitions) => (key) => {
  const at = key.indexOf(".");
  return definitions[key.slice(0, at) === "case" ? "case" : "approach"][key.slice(at + 1)];
};

// All that takes too long for a hand that moves, the quickest first. Run in a worker, each part is sent on.
export function explore(state, definitions, found) {
  found({ changes: smallestChanges(state, boundsIn(definitions)), swings: tornado(state) });
  found({ crossings: breakEvenVolumes(state, ...state.pair) });
  found({ drawn: chance(state) });
}
