// The room's chart: one line a learner, without names. The projector and the recording draw it.
import { interval, make, percent } from './room.js';

/** The dot is the share of right tickets, the line its 95 % interval. `text` is the id of the same in words. */
export function chart(points, width, text) {
  const big = width > 900, narrow = width < 500;
  const row = Math.max(7, Math.min(30, 560 / points.length)), labels = row >= 15;
  const left = 12, right = labels ? (big ? 190 : narrow ? 70 : 150) : 20, top = 34, size = big ? 18 : 14;
  const x = share => left + share * (width - left - right), height = top + row * points.length + 8;
  const svg = make('svg', { viewBox: `0 0 ${width} ${height}`, height, role: 'img', 'aria-labelledby': text });
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
  return svg;
}

/** The same as a table. */
export function tableOf(points) {
  const head = ['right', '95 % interval', 'tickets', 'lesson'].map(title => make('th', { scope: 'col' }, title));
  const rows = points.map(point => make('tr', {},
    make('td', { class: 'number' }, percent(point.right / point.n)), make('td', {}, interval(point)),
    make('td', { class: 'number' }, `${point.n}`), make('td', {}, point.lesson || '-')));
  return make('table', {}, make('thead', {}, make('tr', {}, ...head)), make('tbody', {}, ...rows));
}
