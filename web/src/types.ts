// What the admin address sends; docs/reference/admin.md and explain.md describe the fields.

export type Level = 'idle' | 'ok' | 'rising' | 'failing' | 'shedding' | 'draining';

export interface Judgement {
  level: Level;
  sentence: string;
}

export interface UpstreamStatus extends Judgement {
  name: string;
  pressure: number;
  refused_ratio: number;
  requests_per_second: number;
}

export interface Status extends Judgement {
  upstreams: UpstreamStatus[];
}

export interface Component {
  kind: string;
  upstream: string;
  name?: string;
  state?: string;
  value: number;
  bound: number | null;
  unit: string;
  why: string;
  figures: Record<string, number>;
}

export interface Decision {
  number: number;
  kind: string;
  time_ms: number;
  upstream: string;
  before: number;
  after: number;
  cause: string;
  figures: Record<string, number>;
}

export interface Gate {
  gate: string;
  verdict: string;
  value: number | null;
  bound: number | null;
  unit: string;
  why: string;
  change?: string;
}

export interface Explanation {
  request_id: string;
  time_ms: number;
  result: string;
  reason?: string;
  detail?: string;
  method: string;
  path: string;
  route: string;
  upstream: string;
  priority: string;
  status?: number;
  retry_after_ms?: number;
  deadline_ms?: number;
  queue_ms: number;
  upstream_ms: number;
  total_ms: number;
  attempts: number;
  gates: Gate[];
}

/** metric and stat, and the labels by their names. */
export type Series = { metric: string; stat: string } & Record<string, string>;

/** The time in milliseconds, then a value for each series, in their order. */
export type Row = (number | null)[];

export interface Tick {
  version: string;
  draining: boolean;
  dry_run: boolean;
  status: Status;
  components: Component[];
  routes: [string, string][];
  decisions: Decision[];
  refusals: Explanation[];
  row: Row;
}

export interface History {
  epoch: number;
  resumed: boolean;
  series: Series[];
  rows: Row[];
}
