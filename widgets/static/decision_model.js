// The decision in JavaScript: the rules of widgets/decision/rules.py and the words of words.py and model.py, in the
// same order and under the same names. TABLES are data/decision.toml with the credit of each source;
// tests/widgets/decision/test_javascript.py holds the two together.

const [TUNE, STAY, SILENT] = ["fine-tune", "do not", "says nothing"];
const Z_95 = 1.959963984540054;
const Z_POWER = 0.8416212335729143; // 4 times in 5

const percent = (share) => (100 * share).toFixed(1).replace(/\.0$/, "");
// Made once: a formatter takes longer to make than all that it formats.
const [commas, finely] = [3, 4].map((maximumFractionDigits) => new Intl.NumberFormat("en-US", { maximumFractionDigits }));
const number = (value) => commas.format(Number(value.toFixed(3)));
const lower = (text) => text.charAt(0).toLowerCase() + text.slice(1);
const any = (found, keys) => keys.some((key) => found.has(key));

// Questions: what is on offer, what is said of a value, and what is wrong with one.

export function optionsOf({ stops, choices, missing }) {
  if (stops) return missing ? [null, ...stops] : stops;
  return choices ? Object.keys(choices) : [false, true];
}

export function said(question, value) {
  const { limits, choices, missing, share, unit = "" } = question;
  if (value === null) return missing;
  if (!limits) return choices ? choices[value] : value ? "yes" : "no";
  return share ? `${percent(value)}%` : `${number(value)} ${unit}`.trim();
}

export function shortened(value) {
  let text;
  try {
    text = typeof value === "number" ? String(value) : JSON.stringify(value);
  } catch {
    return "a value that is too deep to show";
  }
  return text.length > 60 ? `${text.slice(0, 57)}...` : text;
}

// What is wrong with a value as an answer to the question; empty when nothing is.
export function mistakeIn(question, value) {
  const { name, many, limits, whole, missing } = question;
  const known = optionsOf(question);
  if (many) {
    if (!Array.isArray(value)) return `${name} is ${shortened(value)}; give a list of ${known.join(", ")}`;
    const wrong = value.findIndex((one) => !known.includes(one));
    return wrong < 0 ? "" : `${name} has ${shortened(value[wrong])}; choose from ${known.join(", ")}`;
  }
  if (!limits) return known.includes(value) ? "" : `${name} is ${shortened(value)}; choose one of ${known.join(", ")}`;
  if (value === null && missing) return "";
  const [low, high] = limits;
  if (typeof value !== "number" || !(value >= low && value <= high))
    return `${name} is ${shortened(value)}; give a number from ${finely.format(low)} to ${finely.format(high)}`;
  return whole && !Number.isInteger(value) ? `${name} is ${shortened(value)}; give a whole number` : "";
}

export function decider(tables) {
  const { limits, remedies, rungs, points, parts, questions } = tables;
  const question = Object.fromEntries(questions.map((one) => [one.name, one]));
  const rungOf = Object.fromEntries(rungs.map((rung) => [rung.key, rung]));
  const problemTexts = question.wrong.choices;
  const limitWords = Object.fromEntries(Object.entries(limits).map(([name, limit]) => [name, number(limit)]));
  const triable = Object.keys(question.tried.choices);
  const helpsWith = Object.fromEntries(
    rungs.map(({ key }) => [key, Object.keys(remedies).filter((fault) => remedies[fault].includes(key))]),
  );

  function problems(answers) {
    const found = new Set(answers.wrong);
    if (answers.latency_now > limits.slow_from * answers.latency_needed) found.add("latency");
    if (answers.local_only) found.add("privacy");
    return found;
  }

  // 95% interval of the failure rate by Wilson.
  function interval({ evaluation_rows: rows, failure_rate: rate }) {
    if (!rows || rate === null) return null;
    const z = Z_95;
    const middle = (rate + (z * z) / (2 * rows)) / (1 + (z * z) / rows);
    const half = (z * Math.sqrt((rate * (1 - rate)) / rows + (z * z) / (4 * rows * rows))) / (1 + (z * z) / rows);
    return [Math.max(middle - half, 0), Math.min(middle + half, 1)];
  }

  function standing(answers) {
    const found = interval(answers);
    if (!found) return "unmeasured";
    const [low, high] = found;
    const accepted = answers.accepted_rate;
    if (high - low < limits.narrow_interval * accepted) return answers.failure_rate <= accepted ? "accepted" : "too many";
    if (high <= accepted) return "accepted";
    return low > accepted ? "too many" : "undecided";
  }

  // How many more rows decide an undecided rate 4 times in 5 if it stays the same, rounded up to two digits.
  function rowsMissing(answers) {
    if (standing(answers) !== "undecided") return 0;
    const { failure_rate: rate, accepted_rate: accepted, evaluation_rows: rows } = answers;
    const square = Z_95 * Z_95;
    const width = limits.narrow_interval * accepted;
    const half = square * (2 * rate * (1 - rate) - width * width);
    const narrow = Math.ceil((half + Math.sqrt(half * half + width * width * square * square * (1 - width * width))) / (width * width));
    const spread = Z_95 * Math.sqrt(accepted * (1 - accepted)) + Z_POWER * Math.sqrt(rate * (1 - rate));
    const apart = Math.ceil((spread / (rate - accepted)) ** 2);
    const missing = Math.max(Math.min(narrow, apart) - rows, 1);
    const unit = 10 ** Math.max(String(missing).length - 2, 0);
    return Math.ceil(missing / unit) * unit;
  }

  function contradictions(answers) {
    const { latency_now: now, latency_needed: needed, labels, labelled_by: by } = answers;
    const found = { not_slow: answers.wrong.includes("latency") && now <= needed, unlabelled: labels > 0 && by === "nobody" };
    return Object.keys(found).filter((key) => found[key]);
  }

  function toSolve(answers) {
    const found = problems(answers);
    const quality = standing(answers);
    const about = tables.about_answers;
    if (quality === "accepted") return new Set([...found].filter((fault) => !about.includes(fault)));
    // Nothing is named, and the rate is accepted but for the width of its interval: more rows decide it.
    if (quality === "undecided" && !found.size && answers.failure_rate <= answers.accepted_rate) return found;
    if (!found.size || (quality === "too many" && !any(found, about))) found.add("unnamed");
    return found;
  }

  const isTried = (answers, key) => answers.tried.includes(key) || (key === "prompt" && answers.prompt_maximised);

  function applies(answers, key) {
    if (key === "few_shot") return answers.labels < limits.nearest_instead;
    if (key === "retrieved_examples") return answers.labels >= limits.near_enough;
    if (key === "encoder" || key === "cascade") return answers.task === "narrow" && answers.labels >= limits.classifier_from;
    return true;
  }

  const helps = (answers, key) => key in rungOf && applies(answers, key) && any(toSolve(answers), helpsWith[key]);
  const untried = (answers) => triable.filter((key) => helps(answers, key) && !isTried(answers, key));

  function nextRemedy(answers) {
    const faults = toSolve(answers);
    for (const [fault, keys] of Object.entries(remedies)) {
      if (!faults.has(fault)) continue;
      for (const key of keys) if (applies(answers, key) && !isTried(answers, key)) return { fault, key };
    }
    return null;
  }

  function kindKnown(answers) {
    if (standing(answers) === "accepted") return problems(answers).size > 0;
    return answers.failures_sorted && any(problems(answers), tables.about_answers);
  }

  function benchmarkDone(answers) {
    const quality = standing(answers);
    return quality === "too many" ? kindKnown(answers) && answers.spread !== "not looked" : quality === "accepted";
  }

  function hasGap(answers) {
    const quality = standing(answers);
    return quality === "too many" || (quality === "accepted" && any(problems(answers), ["latency", "cost"]));
  }

  const rarelyChanges = ({ changes }) => ["twice a year", "yearly"].includes(changes);
  const standsStill = (answers) => rarelyChanges(answers) && answers.stable_months >= limits.enough_months;
  const wellLabelled = (answers) => ["a checked model", "experts"].includes(answers.labelled_by);

  function sends(answers, rule, low, high) {
    const { volume } = answers;
    if (rule === "nothing") return [SILENT, "in_all"];
    if (rule === "below") return volume <= low ? [STAY, "no_larger"] : [SILENT, "larger"];
    if (rule === "skills" && answers.reviewed) return [STAY, "reviewed"];
    if (rule === "skills" && answers.tuned_models + 1 >= limits.many_models) return [STAY, "many"];
    if (rule === "between" && low <= volume && volume <= high) return [SILENT, "left_open"];
    if (rule === "above" && volume < low) return [SILENT, "two_only"];
    return volume >= high ? [TUNE, "reached"] : [STAY, "short"];
  }

  const volumes = (answers) =>
    tables.volumes.map(({ low, high, says, source, rule }) => {
      const [way, why] = sends(answers, rule, low, high);
      return { low, high, says, source, sends: way, why: tables.volume_reasons[why] };
    });

  function worthIt(answers) {
    if (answers.cost_says !== "not priced") return answers.cost_says === "costs less" ? TUNE : STAY;
    const against = tables.volumes.every(({ rule, low, high }) => sends(answers, rule, low, high)[0] !== TUNE);
    return against && !any(problems(answers), ["latency", "privacy"]) ? STAY : SILENT;
  }

  function holds(answers) {
    const found = problems(answers);
    const quality = standing(answers);
    const [hasRows, still, gap] = [answers.evaluation_rows > 0, standsStill(answers), hasGap(answers)];
    const addressable = found.size > 0 && !any(found, ["knowledge", "capability"]);
    const data = answers.labels >= tables.labels_needed[answers.task] && wellLabelled(answers);
    const provenGap = gap && answers.prompt_maximised && addressable && !untried(answers).length;
    return {
      evaluation: hasRows,
      facts: !found.has("knowledge"),
      ability: !found.has("capability"),
      labels_or_style: answers.labels >= limits.style_only_below || (found.size === 1 && found.has("style")),
      stands_still: still,
      criterion: hasRows && still,
      data,
      proven_gap: provenGap,
      conditions: hasRows && still && data && provenGap,
      best_prompt: answers.prompt_maximised,
      measured: quality !== "unmeasured" && answers.evaluation_rows >= limits.enough_rows,
      gap: quality === "too many" ? answers.spread === "alike" : gap,
      kind_known: kindKnown(answers),
      addressable,
      curation: answers.curation_budget,
      schema: !found.has("format") || answers.tried.includes("schema"),
      retraining: answers.retraining_budget,
      rare_changes: rarelyChanges(answers),
      unreviewed: !answers.reviewed,
      automatic: !answers.reviewed && answers.volume >= limits.automatic_from,
    };
  }

  function allHolds(answers) {
    const held = holds(answers);
    return [...points.gates, ...points.checks].every(([point]) => held[point]);
  }

  function nextRung(answers) {
    const [quality, tuned] = [standing(answers), answers.tried.includes("tuned")];
    if (tuned && quality === "too many" && !answers.failures_sorted) return "benchmark";
    const remedy = nextRemedy(answers);
    if (remedy) return remedy.key;
    if (!benchmarkDone(answers)) return "benchmark";
    if (!hasGap(answers)) return "stop";
    if (quality === "too many" && any(problems(answers), ["knowledge", "capability"])) return "benchmark";
    const worth = worthIt(answers);
    if (worth === STAY || tuned) return "stop";
    if (answers.evaluation_rows < limits.enough_rows) return "benchmark";
    if (worth === SILENT) return standsStill(answers) ? "price" : "prepare";
    return allHolds(answers) ? "fine_tune" : "prepare";
  }

  function stateOf(answers, key, next, held) {
    if (key === next) return ["next", ""];
    if (helpsWith[key].length) {
      if (isTried(answers, key)) return ["done", "tried"];
      if (helps(answers, key)) return ["later", "wait"];
      const wrong = any(problems(answers), helpsWith[key]);
      if (!applies(answers, key)) return ["ruled out", wrong && key === "few_shot" ? "nearest" : "otherwise"];
      return ["ruled out", wrong ? "not_needed" : "otherwise"];
    }
    if (key === "benchmark" && benchmarkDone(answers)) return ["done", "rate"];
    const shut = points.gates.find(([point]) => !held[point]);
    if (key === "fine_tune" && shut) return ["ruled out", shut[0]];
    if (!benchmarkDone(answers) || key === "benchmark") return ["later", "wait"];
    if (!hasGap(answers)) return ["ruled out", "not_needed"];
    if (key === "stop") return ["ruled out", "larger_gap"];
    if (next === "stop") return ["ruled out", "worth"];
    if (key === "price" && !standsStill(answers)) return ["ruled out", "nothing_to_price"];
    if (key === "price" && worthIt(answers) !== SILENT) return ["done", "worth"];
    if (key === "prepare" && next === "fine_tune") return ["done", "nothing_open"];
    return ["later", "wait"];
  }

  // Words

  const filled = (text, places) => text.replace(/\{(\w+)\}/g, (_, place) => places[place]);
  const named = (answers) => {
    const found = problems(answers);
    return Object.keys(problemTexts).filter((key) => found.has(key)).map((key) => problemTexts[key].toLowerCase()).join("; ") || parts.nothing_named;
  };

  function special(answers, point, pointHolds) {
    if (point === "rare_changes" || point === "automatic") return point;
    if (point === "labels_or_style" && pointHolds && answers.labels < limits.style_only_below) return "labels_for_style";
    if (point === "criterion") return answers.evaluation_rows ? special(answers, "stands_still", pointHolds) : null;
    if (point === "stands_still") {
      if (answers.changes === "not launched") return "not_launched";
      if (!rarelyChanges(answers)) return "changes_often";
      return answers.stable_months >= limits.enough_months ? "stands_still_holds" : "few_months";
    }
    if (point === "measured" && pointHolds) return "rate";
    if (point === "gap") {
      if (standing(answers) === "too many") return { "not looked": "not_looked", "one kind": "one_kind", alike: "rate" }[answers.spread];
      return pointHolds ? "what_is_left" : "rate";
    }
    if (point === "addressable" && !problems(answers).size) return "nothing_named";
    if (point === "data" && answers.labels < tables.labels_needed[answers.task]) return "few_labels";
    if (point === "schema" && !problems(answers).has("format")) return "other_shape";
    if (point === "retraining" && pointHolds && answers.tuned_models) return "retraining_again";
    if (point === "proven_gap" && !hasGap(answers)) return "rate";
    if (point === "proven_gap" && untried(answers).length) return "not_tried_yet";
    if (point === "proven_gap" && !answers.prompt_maximised) return "prompt_unfinished";
    return null;
  }

  function placesOf(answers, held) {
    const found = problems(answers);
    const [low, high] = interval(answers) ?? [0, 0];
    const ways = volumes(answers).map((mark) => mark.sends);
    const count = (way) => ways.filter((one) => one === way).length;
    const text = (name) => said(question[name], answers[name]);
    const changes = text("changes");
    const fault = nextRemedy(answers)?.fault ?? "";
    const unsolved = toSolve(answers);
    const later = Object.keys(remedies).filter((one) => one !== fault && one !== "unnamed" && unsolved.has(one));
    const described = !(found.has("style") && answers.prompt_maximised && answers.tried.includes("few_shot"));
    const places = {
      changes,
      task: text("task"),
      labelled_by: text("labelled_by"),
      ...limitWords,
      rows: number(answers.evaluation_rows),
      failing: percent(answers.failure_rate ?? 0),
      accepted: percent(answers.accepted_rate),
      low: percent(low),
      high: percent(high),
      volume: number(answers.volume),
      automatic: number(answers.reviewed ? 0 : answers.volume),
      votes: `${count(TUNE)} of their volumes for training, ${count(STAY)} against`,
      labels: number(answers.labels),
      labels_needed: number(tables.labels_needed[answers.task]),
      labels_claim: tables.labels_claims[answers.task],
      Changes: changes.charAt(0).toUpperCase() + changes.slice(1),
      changes_claim: answers.changes === "weekly" ? "C095" : "C040",
      months: number(answers.stable_months),
      rows_missing: number(rowsMissing(answers)),
      latency_now: number(answers.latency_now),
      latency_needed: number(answers.latency_needed),
      named: named(answers),
      fault: (problemTexts[fault] ?? "").toLowerCase(),
      later: later.map((one) => problemTexts[one].toLowerCase()).join("; "),
      missing: points.conditions.filter(([point]) => !held[point]).map(([, title]) => title.toLowerCase()).join("; "),
      untried: untried(answers).map((key) => rungOf[key].title).join("; ").toLowerCase(),
      supply: parts[found.has("knowledge") ? "knowledge" : "capability"],
      number: number(answers.tuned_models + 1),
      reviewed: parts[answers.reviewed ? "reviewed" : "unreviewed"],
      facts: parts[held.facts ? "facts_there" : "facts_missing"],
      style: parts[described ? "style_told" : "style_untold"],
      where: parts[standing(answers)] ?? "",
      measured_on: answers.measured_on ? filled(parts.measured_on, answers) : "",
    };
    places.rate = filled(parts[interval(answers) ? "rate" : answers.evaluation_rows ? "no_rate" : "no_set"], places);
    places.portfolio = answers.tuned_models ? filled(parts.portfolio, places) : "";
    places.pace = answers.changes === "not launched" ? changes : filled(parts.changes, places);
    return places;
  }

  function wordsOf(answers) {
    const held = holds(answers);
    const places = placesOf(answers, held);
    const fill = ([text, source], key = "") => ({ text: filled(text, places), source: filled(source, places), rests_on: tables.rests_on[key] ?? [] });
    const say = (key) => fill(tables.reasons[key], key === "rate" && !interval(answers) ? "no_set" : key);
    const why = (point) => say(special(answers, point, held[point]) ?? `${point}_${held[point] ? "holds" : "open"}`);
    const listed = (group) => points[group].map(([point, title]) => ({ title: filled(title, places), holds: held[point], why: why(point) }));
    const worth = () => say(answers.cost_says === "not priced" ? "volumes_agree" : answers.cost_says.replace(" ", "_"));
    return { held, places, fill, say, why, listed, worth };
  }

  function whyBenchmark(answers) {
    const quality = standing(answers);
    if (!answers.evaluation_rows) return "no_set";
    if (quality === "unmeasured" || quality === "undecided") return quality === "unmeasured" ? "not_measured" : "more_rows";
    if (!kindKnown(answers)) return "read_failures";
    if (any(problems(answers), ["knowledge", "capability"])) return "count_apart";
    return answers.spread === "not looked" ? "look_apart" : "few_rows";
  }

  function whyStop(answers, words) {
    if (!hasGap(answers)) return [words.say("good_enough")];
    if (answers.tried.includes("tuned")) return [words.say("tuned_before")];
    return [words.worth(), words.say("live_with_it"), ...(standsStill(answers) ? [] : [words.why("stands_still")])];
  }

  function reasonsFor(answers, key, words) {
    const { say, places } = words;
    const found = problems(answers);
    const given = [];
    if (rungOf[key].why) {
      given.push(key === "trim" && !toSolve(answers).has("cost") ? say("trim_speed") : words.fill(rungOf[key].why));
      if (places.fault && places.later) given.push(say("order"));
      if (key === "another_model" && found.has("privacy")) given.push(say(found.has("format") ? "in_house_schema" : "in_house"));
    }
    if (answers.reviewed && ["skill", "stop", "price", "prepare"].includes(key)) given.push(say("skills_learn"));
    if (key === "benchmark") given.push(say(whyBenchmark(answers)));
    if (key === "stop") given.push(...whyStop(answers, words));
    if (key === "price") given.push(say("no_price"));
    if (key === "prepare") given.push(...words.listed("checks").filter((point) => !point.holds).map((point) => point.why));
    if (key === "fine_tune") given.push(say("all_hold"), words.worth(), say(found.has("privacy") ? "open_weights" : "hosted"));
    if (standing(answers) !== "unmeasured") given.push(say("rate"));
    if (!answers.evaluation_rows && key !== "benchmark") given.push(say("build_set"));
    const seen = new Set();
    return given.filter(({ text, source }) => !seen.has(text + source) && seen.add(text + source));
  }

  function dimensions(answers, { held, places }) {
    const side = (tuning, between = false) => (tuning ? "fine-tuning" : between ? "between" : "prompting");
    const { volume, latency_needed: needed } = answers;
    const sides = {
      shape: side(answers.accepted_rate < limits.no_tolerance_below && !answers.reviewed),
      definition: side(answers.stable_months >= limits.enough_months),
      labels: side(answers.labels >= limits.good_labels && wellLabelled(answers)),
      volume: side(volume > 1_000_000, volume >= 500_000),
      latency: side(needed < 100, needed < 200),
      knowledge: side(held.facts),
      pace: side(rarelyChanges(answers)),
      style: side(places.style === parts.style_untold),
    };
    return tables.dimensions.map(({ key, title, prompting, tuning, yours, rests_on = [] }) => ({ title, prompting, tuning, side: sides[key], yours: filled(yours, places), rests_on }));
  }

  // A state in words: of a remedy that is ruled out, whether it is not needed, or what it lacks.
  function shownOf(answers, { key, otherwise }, state) {
    if (state !== "ruled out" || !otherwise) return state;
    if (key === "few_shot" || !any(toSolve(answers), helpsWith[key])) return "not needed";
    if (key === "retrieved_examples") return filled(parts.needs_labels, { needed: limits.near_enough });
    return filled(answers.task === "narrow" ? parts.needs_labels : parts.needs_narrow, { needed: limits.classifier_from });
  }

  // Which of the answers that a sentence rests on nobody has given; empty where all are.
  function assumption(answers, restsOn, given) {
    const assumed = restsOn.filter((name) => !given.has(name)).map((name) => `${question[name].text.toLowerCase()}: ${said(question[name], answers[name])}`);
    return assumed.length ? filled(parts.assumption, { assumed: assumed.join("; ") }) : "";
  }

  // The advice and everything behind it, as `advise` gives it in Python.
  function advise(answers) {
    const next = nextRung(answers);
    const words = wordsOf(answers);
    const reasons = reasonsFor(answers, next, words);
    const ladder = rungs.map((rung) => {
      const [state, key] = stateOf(answers, rung.key, next, words.held);
      const why =
        state === "next" ? reasons[0]
        : key === "otherwise" ? words.fill(rung.otherwise, rung.key)
        : key === "worth" ? words.worth()
        : key in words.held ? words.why(key)
        : words.say(key);
      return { key: rung.key, state, shown: shownOf(answers, rung, state), why };
    });
    return {
      next,
      sentence: `Next: ${lower(rungOf[next].title)}.`,
      reasons,
      ladder,
      gates: words.listed("gates"),
      checks: words.listed("checks"),
      questions: words.listed("questions"),
      conditions: words.listed("conditions"),
      dimensions: dimensions(answers, words),
      volumes: volumes(answers),
      contradictions: contradictions(answers).map(words.say),
    };
  }

  // For each answer the nearest value, on either side, that leads to another rung. A rung that was tried stays tried.
  function whatWouldChange(answers) {
    const now = nextRung(answers);
    const found = new Map();
    for (const one of questions) {
      for (const [way, value, steps] of moves(answers, one)) {
        const rung = nextRung({ ...answers, [one.name]: value });
        if (rung !== now && !(found.get(way)?.steps <= steps)) found.set(way, { name: one.name, value, steps, leadsTo: rung });
      }
    }
    return [...found.values()].sort((one, other) => one.steps - other.steps);
  }

  function moves(answers, one) {
    const current = answers[one.name];
    if (one.many) {
      return optionsOf(one)
        .filter((option) => one.name !== "tried" || !current.includes(option))
        .map((option) => [`${one.name} ${option}`, current.includes(option) ? current.filter((each) => each !== option) : [...current, option], 1]);
    }
    const offered = optionsOf(one);
    const stops = offered.includes(current) ? offered : [...offered.filter((stop) => stop === null), ...[...offered.filter((stop) => stop !== null), current].sort((a, b) => a - b)];
    const place = stops.indexOf(current);
    return stops.map((value, other) => [`${one.name} ${other > place}`, value, Math.abs(other - place)]).filter(([, , steps]) => steps);
  }

  function inWords(answers, { name, value }, given = new Set(Object.keys(question))) {
    const { text, many, choices } = question[name];
    const now = answers[name];
    if (!many) return `${text}: ${said(question[name], value)} (${given.has(name) ? "now" : "assumed"} ${said(question[name], now)})`;
    const also = value.length > now.length;
    const option = also ? value.find((one) => !now.includes(one)) : now.find((one) => !value.includes(one));
    return `${text}: ${also ? "also" : "no longer"} '${choices[option]}'`;
  }

  return { advise, assumption, inWords, nextRung, standing, whatWouldChange };
}
