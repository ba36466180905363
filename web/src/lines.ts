// Which series make which line of which chart: the only place that knows metric names.

import { count, percent, seconds } from './format';
import type { State } from './store';
import type { Row, Series } from './types';

export interface Line {
  label: string;
  colour: string; // a custom property of app.css
  dash?: number[];
  area?: boolean;
  /** Drawn on top of the lines before it; its own values stay in the legend. */
  stacked?: boolean;
  values: (number | null)[];
}

export interface ChartData {
  times: number[]; // seconds since 1970
  lines: Line[];
}

export interface ChartSpec {
  id: string;
  title: string;
  about: string;
  format: (value: number) => string;
  max?: number;
  lines: (view: View) => Line[];
}

/** The rows of the chosen span, seen from one upstream. */
export class View {
  readonly rows: Row[];
  readonly times: number[];
  private readonly ownRoutes: Set<string> | null;

  constructor(private readonly state: State, readonly upstream: string, span: number) {
    this.rows = state.rows.slice(-span);
    this.times = this.rows.map((row) => (row[0] as number) / 1000);
    const known = state.routes.filter(([, target]) => target === upstream).map(([route]) => route);
    this.ownRoutes = state.routes.length > 0 ? new Set(known) : null;
  }

  private isOurs(series: Series): boolean {
    if (series.upstream !== undefined) return series.upstream === this.upstream;
    if (series.route !== undefined) return this.ownRoutes?.has(series.route) ?? true;
    return true;
  }

  find(metric: string, stat: string, takes: (series: Series) => boolean = () => true): number[] {
    const found: number[] = [];
    this.state.series.forEach((series, place) => {
      if (series.metric !== metric || series.stat !== stat) return;
      if (this.isOurs(series) && takes(series)) found.push(place + 1);
    });
    return found;
  }

  /** The sum of the series at these places, row by row; null where none has a value. */
  sum(places: number[]): (number | null)[] {
    return this.rows.map((row) => {
      let sum: number | null = null;
      for (const place of places) {
        const value = row[place];
        if (value !== null && value !== undefined) sum = (sum ?? 0) + value;
      }
      return sum;
    });
  }

  line(metric: string, stat: string, takes?: (series: Series) => boolean): (number | null)[] {
    return this.sum(this.find(metric, stat, takes));
  }

  labels(metric: string, name: string): string[] {
    const values = new Set<string>();
    for (const series of this.state.series)
      if (series.metric === metric && this.isOurs(series) && series[name]) values.add(series[name]);
    return [...values];
  }
}

const zeroed = (values: (number | null)[]) => values.map((value) => value ?? 0);

const REASON_COLOURS = ['red', 'amber', 'violet', 'brown', 'pink', 'slate'];
const PRIORITIES = ['CRITICAL_PLUS', 'CRITICAL', 'SHEDDABLE_PLUS', 'SHEDDABLE'];
const PRIORITY_DASHES = [[], [6, 3], [2, 3], [10, 4, 2, 4]];

function requests(view: View): Line[] {
  const rate = (outcome: string) =>
    view.line('weir_requests_total', 'rate', (series) => series.outcome === outcome);
  const failed = view.sum([
    ...view.find('weir_requests_total', 'rate', (one) => one.outcome === 'failure'),
    ...view.find('weir_requests_total', 'rate', (one) => one.outcome === 'dropped'),
  ]);
  const lines: Line[] = [
    { label: 'served', colour: 'blue', area: true, stacked: true,
      values: zeroed(rate('success')) },
    { label: 'failed', colour: 'slate', area: true, stacked: true, values: zeroed(failed) },
  ];
  for (const [metric, prefix] of [['weir_rejections_total', 'refused: '],
                                  ['weir_shadow_rejections_total', 'would refuse: ']]) {
    const isReal = metric === 'weir_rejections_total';
    view.labels(metric, 'reason').forEach((reason, i) => {
      const values = zeroed(view.line(metric, 'rate', (one) => one.reason === reason));
      if (values.every((value) => value === 0)) return; // not in this span
      lines.push({
        label: prefix + reason.replaceAll('_', ' '),
        colour: REASON_COLOURS[i % REASON_COLOURS.length],
        area: isReal,
        stacked: isReal,
        dash: isReal ? undefined : [4, 3],
        values,
      });
    });
  }
  return lines;
}

function latency(view: View): Line[] {
  const of = (stat: string) => view.line('weir_upstream_duration_seconds', stat);
  return [
    { label: 'p99', colour: 'red', values: of('p99') },
    { label: 'p95', colour: 'amber', dash: [6, 3], values: of('p95') },
    { label: 'p50', colour: 'blue', dash: [2, 3], values: of('p50') },
  ];
}

function queueWait(view: View): Line[] {
  const of = (stat: string) => view.line('weir_queue_wait_seconds', stat);
  return [
    { label: 'p99', colour: 'red', values: of('p99') },
    { label: 'p50', colour: 'blue', dash: [2, 3], values: of('p50') },
  ];
}

function inFlight(view: View): Line[] {
  return [
    { label: 'limit', colour: 'red', dash: [6, 3],
      values: view.line('weir_concurrency_limit', 'value') },
    { label: 'in flight', colour: 'blue', area: true, values: view.line('weir_inflight', 'value') },
    { label: 'mean of the second', colour: 'teal', dash: [2, 3],
      values: view.line('weir_upstream_duration_seconds', 'mean') },
  ];
}

function queueDepth(view: View): Line[] {
  return [
    { label: 'waiting', colour: 'violet', area: true,
      values: view.line('weir_queue_depth', 'value') },
  ];
}

function successByPriority(view: View): Line[] {
  const seen = view.labels('weir_requests_total', 'priority');
  return PRIORITIES.filter((priority) => seen.includes(priority)).map((priority) => {
    const all = view.line('weir_requests_total', 'rate', (one) => one.priority === priority);
    const good = view.line('weir_requests_total', 'rate',
      (one) => one.priority === priority && one.outcome === 'success');
    const place = PRIORITIES.indexOf(priority);
    return {
      label: priority,
      colour: ['red', 'blue', 'amber', 'teal'][place],
      dash: PRIORITY_DASHES[place],
      values: all.map((value, i) => (value ? (good[i] ?? 0) / value : null)),
    };
  });
}

function retries(view: View): Line[] {
  const of = (result: string) =>
    zeroed(view.line('weir_retries_total', 'rate', (one) => one.result === result));
  return [
    { label: 'sent', colour: 'blue', area: true, values: of('sent') },
    { label: 'denied by the budget', colour: 'red', dash: [6, 3], values: of('budget_denied') },
  ];
}

function kafkaLag(view: View): Line[] {
  return view.labels('weir_kafka_lag', 'topic').map((topic, i) => ({
    label: topic,
    colour: REASON_COLOURS[(i + 1) % REASON_COLOURS.length],
    dash: PRIORITY_DASHES[i % PRIORITY_DASHES.length],
    values: view.line('weir_kafka_lag', 'value', (one) => one.topic === topic),
  }));
}

const perSecond = (value: number) => count(value) + '/s';

/** In the page's order; the breaker, pools and refusals are not charts. */
export const CHARTS: Record<string, ChartSpec> = {
  requests: { id: 'requests', title: 'Requests', format: perSecond, lines: requests,
    about: 'Requests a second: served, failed at the upstream, refused by weir, by reason.' },
  latency: { id: 'latency', title: 'Upstream latency', format: seconds, lines: latency,
    about: 'How long the upstream took, without the time in the queue and without refusals.' },
  queueWait: { id: 'queue-wait', title: 'Wait in the queue', format: seconds, lines: queueWait,
    about: 'How long admitted requests had waited for a place.' },
  inFlight: { id: 'in-flight', title: 'In flight against the limit', format: count, lines: inFlight,
    about: 'Requests at the upstream now, and how many weir lets there be.' },
  queueDepth: { id: 'queue-depth', title: 'Queue depth', format: count, lines: queueDepth,
    about: 'Requests that wait for a place.' },
  success: { id: 'success', title: 'Success by priority', format: percent, max: 1,
    lines: successByPriority, about: 'Share of each priority that was served well.' },
  retries: { id: 'retries', title: 'Retries', format: perSecond, lines: retries,
    about: 'Retries a second that weir sent, and that the retry budget denied.' },
  kafka: { id: 'kafka', title: 'Kafka lag', format: count, lines: kafkaLag,
    about: 'Records that are not done yet, by topic.' },
};
