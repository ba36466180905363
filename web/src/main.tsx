// The dashboard: one page, in the order in which an operator asks.

import { render } from 'preact';
import { useEffect, useMemo, useState } from 'preact/hooks';
import './app.css';
import { Chart } from './chart';
import { ExplainDialog } from './explain';
import { CHARTS, View } from './lines';
import { Banner, Breaker, Capacity, Decisions, Gauge, Refusals } from './panels';
import { Store, type State } from './store';
import type { Explanation } from './types';

const SPANS = [{ rows: 60, name: '1 min' }, { rows: 300, name: '5 min' },
               { rows: 900, name: '15 min' }];
const THEMES = ['auto', 'light', 'dark'];

const store = new Store();
store.connect('api/stream');

function useStore(): State {
  const [state, set] = useState(store.state);
  useEffect(() => store.subscribe(() => set(store.state)), []);
  return state;
}

function useTheme(): [string, () => void] {
  const [theme, set] = useState(localStorage.getItem('theme') ?? 'auto');
  useEffect(() => {
    document.documentElement.dataset.theme = theme;
    localStorage.setItem('theme', theme);
  }, [theme]);
  return [theme, () => set(THEMES[(THEMES.indexOf(theme) + 1) % THEMES.length])];
}

/** What the hash asks to explain: #/explain/ID, so that an explanation can be linked to. */
function useExplained(): [Explanation | null, string, (told: Explanation | null) => void] {
  const [told, setTold] = useState<Explanation | null>(null);
  const [error, setError] = useState('');
  const show = (one: Explanation | null) => {
    setTold(one);
    setError('');
    history.replaceState(null, '', one ? '#/explain/' + encodeURIComponent(one.request_id) : '#');
  };
  useEffect(() => {
    const follow = async () => {
      const match = location.hash.match(/^#\/explain\/(.+)$/);
      if (!match) return;
      const answer = await fetch('api/explain/' + match[1]);
      const content = await answer.json();
      if (answer.ok) setTold(content);
      else setError(content.error + ': ' + content.remedy);
    };
    void follow();
    addEventListener('hashchange', follow);
    return () => removeEventListener('hashchange', follow);
  }, []);
  return [told, error, show];
}

function Header({ state, upstreams, upstream, onUpstream, span, onSpan, theme, onTheme }: {
  state: State; upstreams: string[]; upstream: string; onUpstream: (name: string) => void;
  span: number; onSpan: (rows: number) => void; theme: string; onTheme: () => void;
}) {
  const links = { connecting: 'Connecting', live: 'Live', lost: 'Connection lost, trying again' };
  return (
    <header class="top">
      <span class="logo"><Logo /> weir <small>{state.version}</small></span>
      <span class={'link-state link-' + state.link} data-link={state.link}>
        {links[state.link]}
      </span>
      {upstreams.length > 1 && (
        <label>Upstream{' '}
          <select value={upstream} onChange={(event) => onUpstream(event.currentTarget.value)}>
            {upstreams.map((name) => <option key={name}>{name}</option>)}
          </select>
        </label>
      )}
      <div class="spans" role="group" aria-label="Time span">
        {SPANS.map((one) => (
          <button type="button" key={one.rows} aria-pressed={span === one.rows}
            onClick={() => onSpan(one.rows)}>{one.name}</button>
        ))}
      </div>
      <button type="button" class="quiet" onClick={onTheme}>Theme: {theme}</button>
    </header>
  );
}

function Logo() {
  return (
    <svg viewBox="0 0 32 26" width="28" height="22" aria-hidden="true">
      <path class="logo-water" d="M2 6c4 0 4 3 8 3s4-3 8-3 4 3 12 3" />
      <path class="logo-wall" d="M2 14h12v9h16" />
    </svg>
  );
}

function App() {
  const state = useStore();
  const [theme, nextTheme] = useTheme();
  const [span, setSpan] = useState(300);
  const [chosen, choose] = useState('');
  const [told, error, show] = useExplained();
  const upstreams = useMemo(() => {
    const names = state.components.filter((one) => one.kind === 'limiter')
      .map((one) => one.upstream);
    return [...new Set(names)];
  }, [state.components]);
  const upstream = upstreams.includes(chosen) ? chosen : upstreams[0] ?? '';
  const view = new View(state, upstream, span);
  const marks = state.decisions.filter((one) => one.kind === 'reload' || one.kind === 'drain');
  const dark = matchMedia('(prefers-color-scheme: dark)').matches;
  const empty = state.series.some((one) => one.metric === 'weir_requests_total')
    ? 'Nothing in this span.' : 'No traffic yet.';
  const chart = (name: string) => (
    <Chart spec={CHARTS[name]} view={view} marks={marks} theme={theme + dark} empty={empty} />
  );
  const hasKafka = state.series.some((one) => one.metric === 'weir_kafka_lag');
  const now = view.times.length > 0 ? view.times[view.times.length - 1] * 1000 : 0;
  return (
    <>
      <a class="skip" href="#main">Skip to the charts</a>
      <Header state={state} upstreams={upstreams} upstream={upstream} onUpstream={choose}
        span={span} onSpan={setSpan} theme={theme} onTheme={nextTheme} />
      <div class="hero">
        <Banner state={state} />
        {upstream && <Gauge state={state} upstream={upstream} />}
      </div>
      <main id="main" class="grid" tabIndex={-1}>
        {chart('requests')}
        {chart('latency')}
        {chart('inFlight')}
        {chart('queueWait')}
        {chart('queueDepth')}
        {chart('success')}
        <Breaker state={state} view={view} now={now} />
        {chart('retries')}
        <Capacity state={state} upstream={upstream} />
        <Decisions decisions={state.decisions} upstream={upstream} />
        {hasKafka && chart('kafka')}
        <Refusals refusals={state.refusals} onExplain={show} dryRun={state.dryRun} />
      </main>
      <ExplainDialog told={told} error={error} onClose={() => show(null)} />
    </>
  );
}

render(<App />, document.getElementById('app')!);
