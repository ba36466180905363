// The page's one state: what came over /api/stream, bounded as the server bounds it.

import type { Component, Decision, Explanation, History, Row, Series, Status, Tick } from './types';

const ROWS_MAX = 900;
const REFUSALS_MAX = 100;
const DECISIONS_MAX = 300;

export type Link = 'connecting' | 'live' | 'lost';

export interface State {
  link: Link;
  version: string;
  dryRun: boolean;
  status: Status;
  series: Series[];
  rows: Row[];
  components: Component[];
  routes: [string, string][];
  decisions: Decision[];
  refusals: Explanation[];
}

const WAITING: Status = { level: 'idle', sentence: 'Connecting to weir …', upstreams: [] };

export class Store {
  state: State = {
    link: 'connecting', version: '', dryRun: false, status: WAITING, series: [], rows: [],
    components: [], routes: [], decisions: [], refusals: [],
  };
  private listeners = new Set<() => void>();
  private lastDecision = -1;

  subscribe(listener: () => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  /** EventSource reconnects by itself and sends the id of the last event it got. */
  connect(url: string): void {
    const source = new EventSource(url);
    source.addEventListener('open', () => this.set({ link: 'live' }));
    source.addEventListener('error', () => {
      this.set({ link: 'lost' });
      if (source.readyState !== EventSource.CLOSED) return;
      setTimeout(() => this.connect(url), 2000);
    });
    source.addEventListener('history', (event) => this.onHistory(JSON.parse(event.data)));
    source.addEventListener('series', (event) => this.set({ series: JSON.parse(event.data) }));
    source.addEventListener('tick', (event) => this.onTick(JSON.parse(event.data)));
  }

  private set(change: Partial<State>): void {
    this.state = { ...this.state, ...change };
    for (const listener of this.listeners) listener();
  }

  private onHistory(history: History): void {
    const known = history.resumed ? this.state.rows : [];
    // A new process counts its decisions from the beginning.
    if (!history.resumed) this.lastDecision = -1;
    this.set({
      series: history.series,
      rows: [...known, ...history.rows].slice(-ROWS_MAX),
      ...(history.resumed ? {} : { refusals: [], decisions: [] }),
    });
  }

  private onTick(tick: Tick): void {
    const { rows, refusals, decisions } = this.state;
    const last = rows.length > 0 ? rows[rows.length - 1][0] : 0;
    const isNew = (tick.row[0] as number) > (last as number);
    const ids = new Set(refusals.map((one) => one.request_id));
    const fresh = tick.refusals.filter((one) => !ids.has(one.request_id)).reverse();
    const decided = tick.decisions.filter((one) => one.number > this.lastDecision);
    if (decided.length > 0) this.lastDecision = decided[decided.length - 1].number;
    this.set({
      link: 'live',
      version: tick.version,
      dryRun: tick.dry_run,
      status: tick.status,
      components: tick.components,
      routes: tick.routes,
      rows: isNew ? [...rows, tick.row].slice(-ROWS_MAX) : rows,
      refusals: [...fresh, ...refusals].slice(0, REFUSALS_MAX),
      decisions: [...decisions, ...decided].slice(-DECISIONS_MAX),
    });
  }
}
