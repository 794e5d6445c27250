import { chart, tableOf } from './chart.js';
import { byId, follow, make, percent } from './room.js';

let drawn = '', points = [];

const draw = () => byId('chart').replaceChildren(...(points.length ? [chart(points, byId('chart').clientWidth, 'text')] : []));

function table() {
  byId('table').hidden = !points.length;
  byId('table').replaceChildren(byId('table').firstElementChild, tableOf(points));
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
