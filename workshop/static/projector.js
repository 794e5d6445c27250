import { byId, follow, interval, make, percent } from './room.js';

let drawn = '', points = [];

/** One line a learner: the dot is the share of right tickets, the line its 95 % interval. */
function draw() {
  const width = byId('chart').clientWidth, big = width > 900, narrow = width < 500;
  const row = Math.max(7, Math.min(30, 560 / points.length)), labels = row >= 15;
  const left = 12, right = labels ? (big ? 190 : narrow ? 70 : 150) : 20, top = 34, size = big ? 18 : 14;
  const x = share => left + share * (width - left - right), height = top + row * points.length + 8;
  const svg = make('svg', { viewBox: `0 0 ${width} ${height}`, height, role: 'img', 'aria-labelledby': 'text' });
  for (const share of narrow ? [0, 0.5, 1] : [0, 0.25, 0.5, 0.75, 1]) {
    const end = { 0: 'start', 1: labels ? 'middle' : 'end' }[share] ?? 'middle';
    svg.append(
      make('line', { class: 'grid', x1: x(share), x2: x(share), y1: top - 6, y2: height }),
      make('text', { x: x(share), y: size + 2, 'text-anchor': end }, share === 1 ? '100 %' : `${100 * share}`),
    );
  }
  points.forEach((point, place) => {
    const y = top + row * (place + 0.5), share = point.right / point.n;
    svg.append(
      make('line', { class: 'interval', x1: x(point.low), x2: x(point.high), y1: y, y2: y }),
      make('circle', { cx: x(share), cy: y, r: Math.min(6, row / 2.5) }),
    );
    const label = percent(share) + (point.lesson && !narrow ? `, lesson ${point.lesson}` : '');
    if (labels) svg.append(make('text', { x: width - right + 12, y: y + size / 3 }, label));
  });
  byId('chart').replaceChildren(...(points.length ? [svg] : []));
}

function table() {
  const head = ['right', '95 % interval', 'tickets', 'lesson'].map(title => make('th', { scope: 'col' }, title));
  const rows = points.map(point => make('tr', {},
    make('td', { class: 'number' }, percent(point.right / point.n)), make('td', {}, interval(point)),
    make('td', { class: 'number' }, `${point.n}`), make('td', {}, point.lesson || '-')));
  const summary = byId('table').firstElementChild;
  byId('table').hidden = !points.length;
  byId('table').replaceChildren(summary, make('table', {}, make('thead', {}, make('tr', {}, ...head)), make('tbody', {}, ...rows)));
}

function showPoll(poll, learners) {
  byId('poll').hidden = !poll;
  if (!poll) return;
  byId('question').textContent = poll.question;
  const votes = `${poll.votes} of ${learners} learners have voted`;
  byId('state').textContent = poll.state === 'open' ? `${votes}. Votes are shown when the poll is closed.` : `${votes}. The poll is closed.`;
  if (poll.state === 'open') {
    byId('answers').replaceChildren(make('ul', {}, ...poll.options.map(option => make('li', {}, option))));
    return;
  }
  const bars = poll.options.flatMap((option, place) => {
    const count = poll.counts[place], share = poll.votes ? count / poll.votes : 0;
    const bar = make('div', { class: 'bar', 'aria-hidden': 'true' });
    bar.style.width = `${100 * share}%`;
    return [make('div', { class: 'option' }, option), make('div', {}, bar), make('div', { class: 'number' }, `${count} (${percent(share)})`)];
  });
  byId('answers').replaceChildren(make('div', { class: 'bars' }, ...bars));
}

function show(values) {
  const same = JSON.stringify({ ...values, age: 0 });
  if (same === drawn) return;
  drawn = same;
  points = values.points;
  byId('text').textContent = values.text.replaceAll(' %', '\u00a0%');
  draw();
  table();
  showPoll(values.poll, values.learners);
}

new ResizeObserver(draw).observe(byId('chart'));
follow('api/projector', show);
