// A chart: uPlot for the eyes, a caption and a table for everybody else.

import { useEffect, useRef, useState } from 'preact/hooks';
import uPlot from 'uplot';
import 'uplot/dist/uPlot.min.css';
import { clock } from './format';
import type { ChartSpec, Line, View } from './lines';
import type { Decision } from './types';

const HEIGHT = 168;
const TABLE_ROWS = 12;

interface Props {
  spec: ChartSpec;
  view: View;
  marks: Decision[];
  theme: string;
  empty: string;
}

function colour(name: string): string {
  return getComputedStyle(document.documentElement).getPropertyValue('--' + name).trim();
}

function shade(name: string): string {
  return colour(name) + '33';
}

/** What uPlot gets: stacked lines as running sums, the topmost first so that none hides another. */
function drawn(lines: Line[]): { line: Line; values: (number | null)[]; place: number }[] {
  let below: number[] = [];
  const layers = lines.map((line, place) => {
    if (!line.stacked) return { line, place, values: line.values };
    const values = line.values.map((value, i) => (value ?? 0) + (below[i] ?? 0));
    below = values;
    return { line, place, values };
  });
  return layers.reverse();
}

/** Each stacked layer is filled down to the one below it only, so that no two colours mix. */
function bands(lines: Line[]): uPlot.Band[] {
  const layers = drawn(lines);
  const found: uPlot.Band[] = [];
  layers.forEach(({ line }, i) => {
    const below = layers.findIndex((other, k) => k > i && other.line.stacked);
    if (line.stacked && below > 0) found.push({ series: [i + 1, below + 1] });
  });
  return found;
}

/** Vertical lines where the configuration was reloaded or the process began to drain. */
function markPlugin(marks: () => Decision[]): uPlot.Plugin {
  return {
    hooks: {
      draw: (plot) => {
        const { ctx, bbox } = plot;
        ctx.save();
        ctx.strokeStyle = colour('muted');
        ctx.fillStyle = colour('muted');
        ctx.setLineDash([3, 3]);
        for (const mark of marks()) {
          const x = plot.valToPos(mark.time_ms / 1000, 'x', true);
          if (x < bbox.left || x > bbox.left + bbox.width) continue;
          ctx.beginPath();
          ctx.moveTo(x, bbox.top);
          ctx.lineTo(x, bbox.top + bbox.height);
          ctx.stroke();
          ctx.fillText(mark.kind, x + 4, bbox.top + 10 * devicePixelRatio);
        }
        ctx.restore();
      },
    },
  };
}

function options(props: Props, lines: Line[], width: number, marks: () => Decision[],
                 onCursor: (index: number | null) => void): uPlot.Options {
  const grid = { stroke: colour('grid'), width: 1 };
  const axis = { stroke: colour('muted'), grid, ticks: { show: false }, font: '11px system-ui' };
  const { spec } = props;
  return {
    width,
    height: HEIGHT,
    legend: { show: false },
    cursor: { y: false, drag: { x: false, y: false }, points: { size: 7 } },
    scales: {
      x: { time: true },
      y: { range: (_plot, _min, max) => [0, spec.max ?? (max > 0 ? max * 1.08 : 1)] },
    },
    axes: [
      { ...axis, size: 24, space: 70,
        values: (_plot, ticks) => ticks.map((tick) => clock(tick * 1000)) },
      { ...axis, size: 58, values: (_plot, ticks) => ticks.map((tick) => spec.format(tick)) },
    ],
    series: [
      {},
      ...drawn(lines).map(({ line }) => ({
        label: line.label,
        stroke: colour(line.colour),
        width: line.dash ? 1.5 : 2,
        dash: line.dash,
        fill: line.area ? shade(line.colour) : undefined,
        points: { show: false },
        spanGaps: false,
      })),
    ],
    bands: bands(lines),
    plugins: [markPlugin(marks)],
    hooks: { setCursor: [(plot) => onCursor(plot.cursor.idx ?? null)] },
  };
}

function Legend({ lines, index, spec }: { lines: Line[]; index: number | null; spec: ChartSpec }) {
  return (
    <ul class="legend">
      {lines.map((line) => {
        const place = index ?? line.values.length - 1;
        const value = line.values[place] ?? null;
        return (
          <li key={line.label} data-series={line.label} data-value={value ?? ''}>
            <svg width="18" height="8" aria-hidden="true">
              <line x1="0" y1="4" x2="18" y2="4" class={'ink-' + line.colour}
                stroke-dasharray={line.dash?.join(' ')} />
            </svg>
            <span>{line.label}</span> <b>{value === null ? '–' : spec.format(value)}</b>
          </li>
        );
      })}
    </ul>
  );
}

/** The newest values, evenly thinned, for screen readers and for copying. */
function Table({ view, lines, spec }: { view: View; lines: Line[]; spec: ChartSpec }) {
  const rows: number[] = [];
  const step = Math.max(1, Math.floor(view.times.length / TABLE_ROWS));
  for (let i = view.times.length - 1; i >= 0 && rows.length < TABLE_ROWS; i -= step) rows.push(i);
  return (
    <div class="scroll" tabIndex={0} role="region" aria-label={spec.title + ' as a table'}>
      <table>
        <caption class="hidden">{spec.about}</caption>
        <thead>
          <tr><th scope="col">Time</th>{lines.map((line) => <th scope="col">{line.label}</th>)}</tr>
        </thead>
        <tbody>
          {rows.map((i) => (
            <tr key={i}>
              <th scope="row">{clock(view.times[i] * 1000)}</th>
              {lines.map((line) => {
                const value = line.values[i] ?? null;
                return <td>{value === null ? '–' : spec.format(value)}</td>;
              })}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

/** Left and right move the cursor, Home and End go to the ends, Escape leaves. */
function moveCursor(plot: uPlot, key: string): boolean {
  const last = plot.data[0].length - 1;
  const now = plot.cursor.idx ?? last;
  const steps: Record<string, number> = { ArrowLeft: now - 1, ArrowRight: now + 1,
    Home: 0, End: last };
  if (key === 'Escape') {
    plot.setCursor({ left: -10, top: -10 });
    return true;
  }
  if (!(key in steps) || last < 0) return false;
  const index = Math.min(last, Math.max(0, steps[key]));
  plot.setCursor({ left: plot.valToPos(plot.data[0][index], 'x'), top: HEIGHT / 2 });
  return true;
}

export function Chart(props: Props) {
  const { spec, view, theme } = props;
  const holder = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot | null>(null);
  const marks = useRef(props.marks);
  marks.current = props.marks;
  const [index, setIndex] = useState<number | null>(null);
  const [open, setOpen] = useState(false);
  const lines = spec.lines(view);
  const shape = theme + '|' + lines.map((line) => line.label).join('|');
  const hasData = lines.some((line) => line.values.some((value) => value !== null && value !== 0));

  useEffect(() => {
    const element = holder.current!;
    const made = new uPlot(
      options(props, lines, element.clientWidth || 300, () => marks.current, setIndex),
      [[], ...lines.map(() => [])] as uPlot.AlignedData, element);
    plot.current = made;
    const watcher = new ResizeObserver(() =>
      made.setSize({ width: element.clientWidth, height: HEIGHT }));
    watcher.observe(element);
    return () => {
      watcher.disconnect();
      made.destroy();
    };
  }, [shape]);

  useEffect(() => {
    plot.current?.setData([view.times, ...drawn(lines).map((layer) => layer.values)] as
      uPlot.AlignedData);
  });

  return (
    <figure class="card" data-chart={spec.id}>
      <figcaption>
        <h2>{spec.title}</h2>
        <p>{spec.about}</p>
      </figcaption>
      <div class="plot" ref={holder} tabIndex={0} role="img"
        aria-label={spec.title + ': ' + summary(lines, spec)}
        onKeyDown={(event) => plot.current && moveCursor(plot.current, event.key) &&
          event.preventDefault()} />
      {!hasData && <p class="empty">{props.empty}</p>}
      <Legend lines={lines} index={index} spec={spec} />
      <details open={open} onToggle={(event) => setOpen(event.currentTarget.open)}>
        <summary>Table</summary>
        {open && <Table view={view} lines={lines} spec={spec} />}
      </details>
    </figure>
  );
}

function summary(lines: Line[], spec: ChartSpec): string {
  const told = lines.map((line) => {
    const value = line.values[line.values.length - 1] ?? null;
    return `${line.label} ${value === null ? 'none' : spec.format(value)}`;
  });
  return told.length > 0 ? told.join(', ') : 'nothing yet';
}
