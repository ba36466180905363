// What is not a line over time: the sentence, the gauge, breakers, pools, refusals, decisions.

import { clock, count, measure, percent, words } from './format';
import type { State } from './store';
import type { View } from './lines';
import type { Component, Decision, Explanation, Level } from './types';

const SIGNS: Record<Level, string> = {
  idle: '○', ok: '✓', rising: '▲', failing: '!', shedding: '✕', draining: '⏻',
};
const NAMES: Record<Level, string> = {
  idle: 'Idle', ok: 'All well', rising: 'Pressure rising', failing: 'Upstream failing',
  shedding: 'Shedding', draining: 'Draining',
};
// Where status.cc calls pressure high.
const PRESSURE_HIGH = 0.8;

export function Banner({ state }: { state: State }) {
  const { level, sentence } = state.status;
  return (
    <section class={'banner level-' + level} aria-labelledby="status-name" data-level={level}>
      <span class="sign" aria-hidden="true">{SIGNS[level]}</span>
      <div>
        <h1 id="status-name">{NAMES[level]}{state.dryRun ? ' (dry run)' : ''}</h1>
        <p id="sentence" role="status">{sentence}</p>
      </div>
    </section>
  );
}

/** How much of the limit is in use; the mark is where the warning begins. */
export function Gauge({ state, upstream }: { state: State; upstream: string }) {
  const status = state.status.upstreams.find((one) => one.name === upstream);
  const limiter = find(state, 'limiter', upstream);
  const share = status?.pressure ?? 0;
  const level = share >= 1 ? 'full' : share >= PRESSURE_HIGH ? 'high' : 'calm';
  const text = `${percent(share)} of the limit` +
    (limiter?.bound ? ` of ${count(limiter.bound)} in use` : ' in use');
  return (
    <section class={'gauge pressure-' + level} aria-label="Saturation">
      <h2>Saturation</h2>
      <p class="figure">{percent(share)}</p>
      <div class="meter" role="meter" aria-label={'Saturation of ' + upstream} aria-valuemin={0}
        aria-valuemax={100} aria-valuenow={Math.round(Math.min(1, share) * 100)}
        aria-valuetext={text} data-value={share}>
        <svg viewBox="0 0 100 10" preserveAspectRatio="none" aria-hidden="true">
          <rect class="track" width="100" height="10" rx="3" />
          <rect class="fill" width={100 * Math.min(1, share)} height="10" rx="3" />
          <line class="mark" x1={100 * PRESSURE_HIGH} x2={100 * PRESSURE_HIGH} y1="0" y2="10" />
        </svg>
      </div>
      <p class="small">{text}</p>
    </section>
  );
}

function find(state: State, kind: string, upstream: string): Component | undefined {
  return state.components.find((one) => one.kind === kind && one.upstream === upstream);
}

const BREAKER_SIGNS: Record<string, string> = { closed: '✓', open: '✕', half_open: '◐' };

/** Stretches of equal state, oldest first, as shares of the span. */
function stretches(view: View): { state: string; share: number }[] {
  const lines = ['closed', 'open', 'half_open'].map((state) => ({
    state,
    values: view.line('weir_breaker_state', 'value', (one) => one.state === state),
  }));
  const found: { state: string; count: number }[] = [];
  view.rows.forEach((_, i) => {
    const state = lines.find((line) => line.values[i] === 1)?.state ?? 'unknown';
    const last = found[found.length - 1];
    if (last?.state === state) last.count += 1;
    else found.push({ state, count: 1 });
  });
  return found.map(({ state, count: rows }) => ({ state, share: rows / view.rows.length }));
}

export function Breaker({ state, view, now }: { state: State; view: View; now: number }) {
  const breaker = find(state, 'breaker', view.upstream);
  const transitions = state.decisions
    .filter((one) => one.kind === 'breaker_transition' && one.upstream === view.upstream)
    .slice(-4).reverse();
  const until = breaker?.figures.seconds_left;
  let left = 0;
  const parts = breaker ? stretches(view) : [];
  return (
    <section class="card" data-panel="breaker">
      <h2>Breaker</h2>
      {!breaker && <p class="muted">No breaker is configured for this upstream.</p>}
      {breaker && (
        <>
          <p class={'breaker-state state-' + breaker.state}>
            <span aria-hidden="true">{BREAKER_SIGNS[breaker.state ?? ''] ?? '?'}</span>{' '}
            {words(breaker.state ?? '')}
            {until !== undefined && until > 0 && ` · next probe in ${Math.ceil(until)} s`}
          </p>
          <svg class="timeline" viewBox="0 0 100 8" preserveAspectRatio="none" role="img"
            aria-label={'States in this span: ' + [...new Set(parts.map((part) => part.state))]
              .map(words).join(', ')}>
            {parts.map((part) => {
              const x = left;
              left += part.share * 100;
              return <rect class={'state-' + part.state} x={x} width={part.share * 100}
                height="8" />;
            })}
          </svg>
          <p class="small">{breaker.why}</p>
        </>
      )}
      <ul class="plain">
        {transitions.map((one) => (
          <li key={one.number}>
            <time>{clock(one.time_ms)}</time> {stateName(one.before)} → {stateName(one.after)}:{' '}
            {words(one.cause)} <span class="muted">({ago(now - one.time_ms)})</span>
          </li>
        ))}
      </ul>
    </section>
  );
}

function stateName(value: number): string {
  return ['closed', 'open', 'half open'][value] ?? '?';
}

function ago(ms: number): string {
  const value = Math.max(0, Math.round(ms / 1000));
  return value < 60 ? `${value} s ago` : `${Math.round(value / 60)} min ago`;
}

/** Pools, bulkheads, budgets: how much of what there is, is taken. */
export function Capacity({ state, upstream }: { state: State; upstream: string }) {
  const rows = state.components.filter((one) =>
    one.upstream === upstream && one.kind !== 'breaker' && one.kind !== 'limiter');
  return (
    <section class="card" data-panel="capacity">
      <h2>Pools and bulkheads</h2>
      <ul class="meters">
        {rows.map((one) => {
          const share = one.bound ? Math.min(1, one.value / one.bound) : 0;
          const full = share >= 1 ? ' full' : '';
          return (
            <li key={one.kind + one.name} class={'meter-row' + full} title={one.why}>
              <span>{words(one.kind)}{one.name ? ' ' + one.name : ''}</span>
              <svg viewBox="0 0 100 6" preserveAspectRatio="none" aria-hidden="true">
                <rect class="track" width="100" height="6" rx="2" />
                <rect class="fill" width={100 * share} height="6" rx="2" />
              </svg>
              <b>{measure(Math.round(one.value * 10) / 10, one.unit)}
                {one.bound === null ? '' : ' of ' + measure(one.bound, one.unit)}</b>
            </li>
          );
        })}
      </ul>
    </section>
  );
}

export function Refusals({ refusals, onExplain, dryRun }: {
  refusals: Explanation[]; onExplain: (told: Explanation) => void; dryRun: boolean;
}) {
  return (
    <section class="card wide" data-panel="refusals">
      <h2>{dryRun ? 'What would have been refused' : 'Recent refusals'}</h2>
      {refusals.length === 0 && <p class="muted">Nothing was refused.</p>}
      {refusals.length > 0 && (
        <div class="scroll tall" tabIndex={0} role="region" aria-label="Recent refusals">
          <table>
            <thead>
              <tr>
                <th scope="col">Time</th><th scope="col">Reason</th><th scope="col">Priority</th>
                <th scope="col">Request</th><th scope="col">Why</th>
              </tr>
            </thead>
            <tbody>
              {refusals.map((one) => (
                <tr key={one.request_id}>
                  <td>{clock(one.time_ms)}</td>
                  <td><span class="tag">{words(one.reason ?? '')}</span></td>
                  <td>{one.priority}</td>
                  <td>
                    <button type="button" class="link" onClick={() => onExplain(one)}
                      aria-label={'Explain ' + one.request_id}>
                      {one.method} {one.path || one.request_id}
                    </button>
                  </td>
                  <td class="muted">{one.detail}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
    </section>
  );
}

export function Decisions({ decisions, upstream }: { decisions: Decision[]; upstream: string }) {
  const shown = decisions
    .filter((one) => one.upstream === upstream || one.upstream === '')
    .slice(-8).reverse();
  return (
    <section class="card" data-panel="decisions">
      <h2>Decisions</h2>
      {shown.length === 0 && <p class="muted">The limit has not been moved yet.</p>}
      <ul class="plain">
        {shown.map((one) => (
          <li key={one.number}>
            <time>{clock(one.time_ms)}</time>{' '}
            {one.kind === 'limit_change' ? 'limit' : words(one.kind)}{' '}
            {one.kind === 'limit_change' && <b>{one.before} → {one.after}</b>}{' '}
            <span class="muted">{words(one.cause)}</span>
          </li>
        ))}
      </ul>
    </section>
  );
}
