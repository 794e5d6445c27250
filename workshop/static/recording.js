// The recording's chart at the time that the slider names. What it shows stands in the page as text as well.
import { chart } from './chart.js';
import { byId } from './room.js';

const history = JSON.parse(byId('history').textContent);

function draw() {
  const { at, points, text } = history[byId('time').value];
  byId('at').textContent = at;
  byId('text').textContent = text;
  byId('chart').replaceChildren(...(points.length ? [chart(points, byId('chart').clientWidth, 'text')] : []));
}

byId('time').addEventListener('input', draw);
new ResizeObserver(draw).observe(byId('chart'));
