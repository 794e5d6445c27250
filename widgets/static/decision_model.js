// The decision model of widgets/decision/rules.py, for the page: the next step, the ladder, the gates and the
// ten points. The tables come from Python; tests/widgets/decision/test_javascript.py holds the two together.

export function decider(tables) {
  const { remedies, rungs, triable, ofTheAnswers, limits } = tables;
  const helps = Object.fromEntries(rungs.map((rung) => [rung.key, new Set(rung.helps)]));

  // 95 % interval of a share by Wilson.
  function interval({ evaluation_rows: rows, failure_rate: rate }) {
    if (!rows || rate === null) return null;
    const z = 1.959963984540054;
    const middle = (rate + (z * z) / (2 * rows)) / (1 + (z * z) / rows);
    const half = (z * Math.sqrt((rate * (1 - rate)) / rows + (z * z) / (4 * rows * rows))) / (1 + (z * z) / rows);
    return [Math.max(middle - half, 0), Math.min(middle + half, 1)];
  }

  function problems(answers) {
    const found = new Set(answers.wrong);
    if (answers.latency_now > limits.slowFrom * answers.latency_needed) found.add("latency");
    if (answers.local_only) found.add("privacy");
    return found;
  }

  function standing(answers) {
    const found = interval(answers);
    if (!found) return "unmeasured";
    const [low, high] = found;
    if (high - low < limits.narrow * answers.accepted_rate) return answers.failure_rate <= answers.accepted_rate ? "accepted" : "too many";
    if (high <= answers.accepted_rate) return "accepted";
    return low > answers.accepted_rate ? "too many" : "undecided";
  }

  const aboutAnswers = (found) => [...found].some((fault) => ofTheAnswers.includes(fault));

  function toSolve(answers) {
    const found = problems(answers);
    const quality = standing(answers);
    if (quality === "accepted") return new Set([...found].filter((fault) => !ofTheAnswers.includes(fault)));
    if (!found.size || (quality === "too many" && !aboutAnswers(found))) found.add("unnamed");
    return found;
  }

  const isTried = (answers, key) => answers.tried.includes(key) || (key === "prompt" && answers.prompt_maximised);

  function applies(answers, key) {
    if (key === "few_shot") return answers.labels < limits.nearestInstead;
    if (key === "retrieved_examples") return answers.labels >= limits.nearEnough;
    if (key === "encoder" || key === "cascade") return answers.task === "narrow" && answers.labels >= limits.classifierFrom;
    return true;
  }

  function nextRemedy(answers) {
    const faults = toSolve(answers);
    for (const [fault, keys] of remedies) {
      if (!faults.has(fault)) continue;
      for (const key of keys) if (applies(answers, key) && !isTried(answers, key)) return { fault, key };
    }
    return null;
  }

  function kindKnown(answers) {
    if (standing(answers) === "accepted") return problems(answers).size > 0;
    return answers.failures_sorted && aboutAnswers(problems(answers));
  }

  function benchmarkDone(answers) {
    const quality = standing(answers);
    return quality === "too many" ? kindKnown(answers) && answers.spread !== "not looked" : quality === "accepted";
  }

  function hasGap(answers) {
    const quality = standing(answers);
    const found = problems(answers);
    return quality === "too many" || (quality === "accepted" && (found.has("latency") || found.has("cost")));
  }

  const standsStill = (answers) => ["twice a year", "yearly"].includes(answers.changes) && answers.stable_months >= limits.enoughMonths;
  const enoughData = (answers) => answers.labels >= limits.labelsNeeded[answers.task] && ["a checked model", "experts"].includes(answers.labelled_by);

  function addressable(answers) {
    const found = problems(answers);
    return found.size > 0 && !found.has("knowledge") && !found.has("capability");
  }

  function provenGap(answers) {
    const faults = toSolve(answers);
    const tried = triable.every((key) => {
      const useful = helps[key] && applies(answers, key) && [...helps[key]].some((fault) => faults.has(fault));
      return !useful || isTried(answers, key);
    });
    return hasGap(answers) && tried && answers.prompt_maximised && addressable(answers);
  }

  // The articles' volumes: which way each sends the case, where it says anything.
  function votes({ volume, reviewed, tuned_models: kept }) {
    const from = (least) => (volume >= least ? "fine-tune" : "do not");
    const skills = (least) => (reviewed || kept + 1 >= limits.manyModels ? "do not" : from(least));
    return [
      ...(volume <= 3_000 ? ["do not"] : []),
      skills(10_000),
      skills(50_000),
      from(150_000),
      ...(volume >= 500_000 && volume <= 1_000_000 ? [] : [from(1_000_000)]),
      ...(volume >= 1_500_000 ? ["fine-tune"] : []),
    ];
  }

  function worthIt(answers) {
    if (answers.cost_says !== "not priced") return answers.cost_says === "costs less" ? "fine-tune" : "do not";
    const found = problems(answers);
    const against = votes(answers).every((vote) => vote === "do not");
    return against && !found.has("latency") && !found.has("privacy") ? "do not" : "says nothing";
  }

  function gates(answers) {
    const found = problems(answers);
    const styleOnly = found.size === 1 && found.has("style");
    return [
      answers.evaluation_rows > 0,
      !found.has("knowledge"),
      !found.has("capability"),
      answers.labels >= limits.styleOnlyBelow || styleOnly,
      standsStill(answers),
      answers.evaluation_rows > 0 && standsStill(answers) && enoughData(answers) && provenGap(answers),
    ];
  }

  function checks(answers) {
    const quality = standing(answers);
    return [
      answers.prompt_maximised,
      quality !== "unmeasured" && answers.evaluation_rows >= limits.enoughRows,
      quality === "too many" ? answers.spread === "alike" : hasGap(answers),
      kindKnown(answers),
      addressable(answers),
      enoughData(answers),
      standsStill(answers),
      answers.curation_budget,
      !problems(answers).has("format") || answers.tried.includes("schema"),
      answers.retraining_budget,
    ];
  }

  function nextRung(answers) {
    const tuned = answers.tried.includes("tuned");
    if (tuned && standing(answers) === "too many" && !answers.failures_sorted) return "benchmark";
    const remedy = nextRemedy(answers);
    if (remedy) return remedy.key;
    if (!benchmarkDone(answers)) return "benchmark";
    if (!hasGap(answers)) return "stop";
    const found = problems(answers);
    if (standing(answers) === "too many" && (found.has("knowledge") || found.has("capability"))) return "benchmark";
    const worth = worthIt(answers);
    if (worth === "do not" || tuned) return "stop";
    if (answers.evaluation_rows < limits.enoughRows) return "benchmark";
    if (worth === "says nothing" && standsStill(answers)) return "price";
    const open = [...gates(answers), ...checks(answers)].some((holds) => !holds);
    return open || worth === "says nothing" ? "prepare" : "fine_tune";
  }

  // For each rung that is a remedy: done, next, later or ruled out; for the others only whether it is next.
  function ladder(answers) {
    const next = nextRung(answers);
    const faults = toSolve(answers);
    return rungs.map(({ key }) => {
      if (key === next) return { key, state: "next" };
      if (!helps[key].size) return { key, state: "later" };
      if (isTried(answers, key)) return { key, state: "done" };
      const useful = applies(answers, key) && [...helps[key]].some((fault) => faults.has(fault));
      return { key, state: useful ? "later" : "ruled out" };
    });
  }

  // Whether another answer to this question alone would lead to another step.
  function matters(answers, { name, options, many }) {
    const now = nextRung(answers);
    const others = many
      ? options.map(([value]) => (answers[name].includes(value) ? answers[name].filter((one) => one !== value) : [...answers[name], value]))
      : options.map(([value]) => value);
    return others.some((value) => nextRung({ ...answers, [name]: value }) !== now);
  }

  return { checks, gates, interval, ladder, matters, nextRemedy, nextRung, standing, toSolve };
}
