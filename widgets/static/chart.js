const WIDEST = 570; // pixels: fits the cells of a window that is 700 wide
const FONT = 'system-ui, -apple-system, "Segoe UI", "DejaVu Sans", sans-serif';
const canvas = document.createElement("canvas").getContext("2d");

const known = new Map();
function widthOf(text, size = 12) {
  const key = `${size} ${text}`;
  if (!known.has(key)) {
    if (known.size > 2000) known.clear();
    canvas.font = `${size}px ${FONT}`;
    known.set(key, canvas.measureText(text).width);
  }
  return known.get(key);
}

const ESCAPES = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" };
const escape = (text) => String(text).replace(/[&<>"]/g, (sign) => ESCAPES[sign]);
const at = (pixel) => pixel.toFixed(1);
const say = (x, y, text, more = "") => `<text x="${at(x)}" y="${at(y)}" ${more}>${escape(text)}</text>`;
const rule = (x1, y1, x2, y2, more) => `<path d="M${at(x1)} ${at(y1)}L${at(x2)} ${at(y2)}" ${more}/>`;

function short(value) {
  const size = Math.abs(value);
  for (const [unit, name] of [[1e9, "B"], [1e6, "M"]])
    if (size >= unit * 0.9999) return `${Number((value / unit).toPrecision(3)).toLocaleString("en-US")}${name}`;
  return Number(value.toPrecision(6)).toLocaleString("en-US", { maximumSignificantDigits: 6 });
}

// Places on a linear axis, a step of 1, 2 or 5 times a power of ten apart, at most `most` of them.
function roundTicks(low, high, most) {
  const rough = (high - low) / most;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = power * [1, 2, 5, 10].find((each) => each * power >= rough * 0.9999);
  const ticks = [];
  for (let place = Math.ceil(low / step - 1e-9); place * step <= high + step * 1e-9; place++)
    ticks.push(Number((place * step).toPrecision(12)));
  return [ticks, step];
}

function logTicks(low, high, most) {
  const [first, last] = [Math.floor(Math.log10(low) + 1e-9), Math.ceil(Math.log10(high) - 1e-9)];
  const every = Math.max(1, Math.ceil((last - first) / most));
  const within = last - first <= most / 3 ? [1, 2, 5] : [1];
  const ticks = [];
  for (let power = first; power <= last; power += every)
    for (const each of within) ticks.push(Number((each * 10 ** power).toPrecision(12)));
  return ticks.filter((tick) => tick >= low * 0.9999 && tick <= high * 1.0001);
}

// An axis as a function from values to pixels, with its ticks. Ends that are not given fit the values.
function scaleOf(axis, values, from, to, most) {
  const usable = (value) => Number.isFinite(value) && (!axis.log || value > 0);
  let [low, high] = [Infinity, -Infinity];
  for (const value of values) if (usable(value)) [low, high] = [Math.min(low, value), Math.max(high, value)];
  if (low > high) [low, high] = axis.log ? [1, 10] : [0, 1];
  if (axis.log) {
    low = axis.low ?? 10 ** Math.floor(Math.log10(low) + 1e-9);
    high = axis.high ?? 10 ** Math.ceil(Math.log10(high) - 1e-9);
    if (high <= low) high = 10 * low;
  } else {
    // Zero is shown when no end is given: a length on the picture is then an amount.
    [low, high] = [axis.low ?? Math.min(low, 0), axis.high ?? Math.max(high, 0)];
    if (high <= low) high = low + 1;
    const step = roundTicks(low, high, most)[1];
    if (axis.low == null) low = Math.floor(low / step + 1e-9) * step;
    if (axis.high == null) high = Math.ceil(high / step - 1e-9) * step;
  }
  const turn = axis.log ? Math.log10 : (value) => value;
  const [start, length] = [turn(low), turn(high) - turn(low)];
  const scale = (value) => (usable(value) ? from + ((turn(value) - start) / length) * (to - from) : NaN);
  scale.ticks = axis.ticks.length
    ? axis.ticks.filter((tick) => tick >= low && tick <= high)
    : axis.log ? logTicks(low, high, most) : roundTicks(low, high, most)[0];
  return scale;
}

function frameOf({ x, y }, values, width, height, right) {
  const top = 40, bottom = height - 44;
  const down = scaleOf(y, values.y, bottom, top, Math.max(2, Math.round((bottom - top) / 50)));
  const left = 14 + Math.max(...down.ticks.map((tick) => widthOf(short(tick))));
  const end = width - right;
  const across = scaleOf(x, values.x, left, end, Math.max(2, Math.round((end - left) / 75)));
  const grid = down.ticks.map((tick) => rule(left, down(tick), end, down(tick), 'class="grid"')).join("");
  const drawn = [
    ...down.ticks.map((tick) => say(left - 7, down(tick) + 4, short(tick), 'text-anchor="end"')),
    rule(left, bottom, end, bottom, 'class="axis"'),
    say(2, 16, y.title, 'class="title"'),
    acrossAxis(across, x, left, end, bottom),
  ];
  return { across, down, left, end, top, bottom, grid, axes: drawn.join("") };
}

function acrossAxis(across, axis, left, end, bottom) {
  const drawn = [];
  let free = -Infinity;
  for (const tick of across.ticks) {
    const [place, half] = [across(tick), widthOf(short(tick)) / 2];
    drawn.push(rule(place, bottom, place, bottom + 5, 'class="axis"'));
    if (place - half < free) continue;
    drawn.push(say(place, bottom + 18, short(tick), 'text-anchor="middle"'));
    free = place + half + 8;
  }
  drawn.push(say((left + end) / 2, bottom + 37, axis.title, 'class="title" text-anchor="middle"'));
  return drawn.join("");
}

function pathOf(xs, ys) {
  let path = "", pen = "M";
  for (let place = 0; place < xs.length; place++) {
    if (Number.isFinite(xs[place]) && Number.isFinite(ys[place])) {
      path += `${pen}${at(xs[place])} ${at(ys[place])}`;
      pen = "L";
    } else pen = "M";
  }
  return path;
}

// Labels at their heights, moved apart where they would overlap, within the picture.
function spread(labels, gap, top, bottom) {
  const sorted = [...labels].sort((one, other) => one.wish - other.wish);
  let above = top - gap;
  for (const label of sorted) above = label.y = Math.max(label.wish, above + gap);
  let below = bottom + gap;
  for (const label of sorted.reverse()) below = label.y = Math.min(label.y, below - gap);
}

const STEP = 6; // pixels: no line passes unseen behind a word

// The places that a curve passes, at most a step apart.
function placesOf(xs, ys) {
  const places = [];
  for (let place = 0; place < xs.length; place++) {
    if (!Number.isFinite(ys[place])) continue;
    const before = place && Number.isFinite(ys[place - 1]) ? place - 1 : place;
    const [dx, dy] = [xs[place] - xs[before], ys[place] - ys[before]];
    const steps = Math.max(1, Math.ceil(Math.hypot(dx, dy) / STEP));
    for (let step = 1; step <= steps; step++) places.push([xs[before] + (dx * step) / steps, ys[before] + (dy * step) / steps]);
  }
  return places;
}

// Beside a point, where its words cover the least of the curves and none of the other words and points.
function besidePoint(point, text, { left, end, top, bottom }, points, taken) {
  const wide = widthOf(text, 13);
  let best = null;
  const near = [[11, -10], [-11 - wide, -10], [11, 20], [-11 - wide, 20], [-wide / 2, -14], [-wide / 2, 26]];
  const further = [[0, -28], [-wide, -28], [0, 40], [-wide, 40]];
  for (const [place, [dx, dy]] of [...near, ...further].entries()) {
    const box = { x: point.x + dx, y: point.y + dy - 12, w: wide, h: 16 };
    let cost = place < near.length ? 0 : 3;
    if (box.x < left || box.x + wide > end || box.y < top || box.y + box.h > bottom) cost += 1000;
    for (const one of taken)
      if (box.x < one.x + one.w && one.x < box.x + wide && box.y < one.y + one.h && one.y < box.y + box.h) cost += 100;
    for (const [x, y] of points)
      if (x > box.x - 3 && x < box.x + wide + 3 && y > box.y - 2 && y < box.y + box.h + 2) cost += 1;
    if (!best || cost < best.cost) best = { ...box, cost };
  }
  taken.push(best);
  return say(best.x, best.y + 12, text, 'class="note"');
}

function lines({ frame, parts, numbers }, width) {
  let used = 0;
  const take = (length) => numbers.subarray(used, (used += length));
  const curves = parts.lines.map((line) => {
    const [x, y] = [take(line.length), take(line.length)];
    return { ...line, x, y, low: line.band && take(line.length), high: line.band && take(line.length) };
  });
  const values = { x: [], y: [] };
  for (const curve of curves) {
    values.x.push(...curve.x);
    values.y.push(...curve.y);
    if (curve.band) values.y.push(...curve.low, ...curve.high);
  }
  const names = curves.map((curve) => twoLines(curve.name, 0.19 * width));
  const right = 30 + Math.max(0, ...names.flat().map((line) => widthOf(line, 13)));
  const area = frameOf(frame, values, width, frame.height, right);
  const { across, down, left, end, top, bottom } = area;
  const drawn = [area.grid];
  const points = [], ends = [];
  for (const [place, curve] of curves.entries()) {
    const [xs, ys] = [Array.from(curve.x, across), Array.from(curve.y, down)];
    if (curve.band) {
      const [low, high] = [Array.from(curve.low, down), Array.from(curve.high, down)];
      const edge = pathOf([...xs, ...xs.toReversed()], [...high, ...low.toReversed()]);
      drawn.push(`<path d="${edge}Z" fill="${curve.colour}" fill-opacity=".18"/>`);
    }
    const name = `<title>${escape(curve.name)}</title>`;
    drawn.push(
      `<path class="curve${curve.strong ? "" : " weak"}" d="${pathOf(xs, ys)}" stroke="${curve.colour}" stroke-dasharray="${curve.dash}">${name}</path>`
    );
    points.push(...placesOf(xs, ys));
    const last = ys.findLastIndex(Number.isFinite);
    if (last >= 0 && curve.name) ends.push({ words: names[place], x: xs[last], at: ys[last], wish: ys[last] });
  }
  spread(ends, 17 * Math.max(1, ...names.map((words) => words.length)), top + 4, bottom - 4);
  for (const label of ends) {
    drawn.push(`<path class="leader" d="M${at(label.x + 3)} ${at(label.at)}L${at(end + 10)} ${at(label.y)}h6"/>`);
    label.words.forEach((line, row) =>
      drawn.push(say(end + 20, label.y + 4 + 15 * (row - (label.words.length - 1) / 2), line, 'class="note"'))
    );
  }
  const taken = [];
  if (parts.here) {
    const [value, words] = parts.here;
    const x = across(value), wide = widthOf(words, 13);
    const start = Math.max(left, Math.min(x - wide / 2, end - wide));
    drawn.push(rule(x, top - 4, x, bottom, 'class="here"'), say(start, top - 7, words, 'class="note"'));
    taken.push({ x: start, y: top - 19, w: wide, h: 16 });
  }
  const marks = parts.marks
    .map(({ text, ...mark }) => ({ text, x: across(mark.x), y: down(mark.y) }))
    .filter(({ x, y }) => x >= left && x <= end && y >= top && y <= bottom);
  taken.push(...marks.map(({ x, y }) => ({ x: x - 6, y: y - 6, w: 12, h: 12 })));
  for (const { text, ...point } of marks) {
    const words = besidePoint(point, text, area, points, taken);
    drawn.push(`<circle class="mark" cx="${at(point.x)}" cy="${at(point.y)}" r="5.5"><title>${escape(text)}</title></circle>`);
    drawn.push(words);
  }
  return [frame.height, drawn.join("") + area.axes];
}

// A name on one line or two, broken at the space that leaves the shorter longest line.
function twoLines(name, room) {
  const words = name.split(" ");
  if (widthOf(name) <= room || words.length < 2) return [name];
  const breaks = words.slice(1).map((_, place) => [words.slice(0, place + 1).join(" "), words.slice(place + 1).join(" ")]);
  const longest = (pair) => Math.max(...pair.map((line) => widthOf(line)));
  return breaks.reduce((best, pair) => (longest(pair) < longest(best) ? pair : best));
}

const LOW = "#0072B2", HIGH = "#E69F00";

function bars({ frame, parts, numbers }, width) {
  const pitch = frame.height, top = 30, bottom = top + pitch * parts.bars.length + 6;
  const names = parts.bars.map((bar) => twoLines(bar.name, 0.3 * width));
  const left = 12 + Math.max(0, ...names.flat().map((line) => widthOf(line)));
  const words = (side) => 8 + Math.max(0, ...parts.bars.map((bar) => widthOf(bar[side])));
  const room = Math.max(words("low"), words("high"));
  const values = [...numbers, parts.centre, ...(parts.threshold ? [parts.threshold[0]] : [])];
  const axis = { ...frame.x, low: Math.min(...values), high: Math.max(...values) };
  const across = scaleOf(axis, values, left + room, width - room, Math.round((width - left) / 95));
  const drawn = across.ticks.map((tick) => rule(across(tick), top, across(tick), bottom, 'class="grid"'));
  const labels = [];
  parts.bars.forEach((bar, place) => {
    const middle = top + pitch * (place + 0.5) + 3;
    names[place].forEach((line, row) =>
      labels.push(say(left - 8, middle + 4 + 13 * (row - (names[place].length - 1) / 2), line, 'text-anchor="end"'))
    );
    const ends = [numbers[2 * place], numbers[2 * place + 1]];
    const title = `<title>${escape(`${bar.name}: ${bar.low} gives ${short(ends[0])}, ${bar.high} gives ${short(ends[1])}`)}</title>`;
    const highIsRight = ends[1] >= ends[0];
    [[ends[0], LOW, bar.low, !highIsRight], [ends[1], `url(#${frame.id}-high)`, bar.high, highIsRight]].forEach(
      ([end, fill, text, right]) => {
        const [a, b] = [across(parts.centre), across(end)];
        const box = `x="${at(Math.min(a, b))}" width="${at(Math.abs(a - b))}" y="${at(middle - 8)}" height="16"`;
        drawn.push(`<rect ${box} fill="${fill}">${title}</rect>`);
        const edge = right ? Math.max(a, b) + 5 : Math.min(a, b) - 5;
        labels.push(say(edge, middle + 4, text, `class="note" style="font-size:12px" text-anchor="${right ? "start" : "end"}"`));
      }
    );
  });
  const upright = (value, text, sign) =>
    rule(across(value), top - 4, across(value), bottom, sign) +
    (text ? say(Math.max(2, Math.min(across(value) - widthOf(text, 13) / 2, width - widthOf(text, 13))), top - 10, text, 'class="note"') : "");
  const apart = !parts.threshold || Math.abs(across(parts.centre) - across(parts.threshold[0])) > 60;
  drawn.push(upright(parts.centre, apart ? "now" : "", 'class="axis" stroke-width="1.5"'));
  if (parts.threshold) drawn.push(upright(...parts.threshold, 'stroke="#D55E00" stroke-width="2" stroke-dasharray="5 3"'));
  drawn.push(...labels, rule(left, bottom, width - 4, bottom, 'class="axis"'));
  drawn.push(acrossAxis(across, frame.x, left, width, bottom));
  const keys = [[LOW, "input at its low end"], [`url(#${frame.id}-high)`, "input at its high end"]];
  let start = left;
  for (const [fill, text] of keys) {
    drawn.push(`<rect x="${start}" y="${bottom + 50}" width="22" height="12" fill="${fill}"/>`, say(start + 28, bottom + 60, text));
    start += 48 + widthOf(text);
  }
  const hatch = `<pattern id="${frame.id}-high" width="6" height="6" patternUnits="userSpaceOnUse" patternTransform="rotate(45)"><rect width="6" height="6" fill="${HIGH}"/><path d="M0 0V6" stroke="#7a5200" stroke-width="2"/></pattern>`;
  return [bottom + 70, `<defs>${hatch}</defs>${drawn.join("")}`];
}

const KINDS = { lines, bars };

function render({ model, el }) {
  el.classList.add("course-chart");
  el.innerHTML = "<svg></svg>";
  const svg = el.firstChild;
  const id = `chart-${Math.random().toString(36).slice(2)}`;
  const draw = () => {
    const bytes = model.get("numbers");
    if (!bytes?.byteLength) return;
    const numbers = new Float64Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength));
    const width = Math.max(280, Math.min(WIDEST, el.clientWidth || WIDEST));
    const frame = { ...model.get("frame"), id };
    const [height, inside] = KINDS[model.get("kind")]({ frame, parts: model.get("parts"), numbers }, width);
    svg.setAttribute("width", width);
    svg.setAttribute("viewBox", `0 0 ${width} ${height}`);
    svg.setAttribute("role", "img"); // only now: a picture of nothing has no name
    svg.setAttribute("aria-label", model.get("summary"));
    svg.innerHTML = inside;
  };
  // The first change of a frame is drawn at once, which gains up to a frame; more of them are drawn together.
  let waiting = false, changed = false;
  const change = () => {
    changed = waiting;
    if (waiting) return;
    draw();
    waiting = true;
    requestAnimationFrame(() => {
      waiting = false;
      if (changed) change();
    });
  };
  model.on("change", change);
  const resized = new ResizeObserver(change);
  resized.observe(el);
  change();
  return () => {
    model.off("change", change);
    resized.disconnect();
  };
}
export default { render };
