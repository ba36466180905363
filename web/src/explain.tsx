// One request, gate by gate.

import { useEffect, useRef } from 'preact/hooks';
import { clock, measure, millis, words } from './format';
import type { Explanation, Gate } from './types';

const SIGNS: Record<string, string> = {
  passed: '✓', waited: '◷', refused: '✕', failed: '!', not_reached: '·', absent: '–',
};

function Bar({ gate }: { gate: Gate }) {
  if (gate.value === null || gate.bound === null || gate.bound <= 0) return null;
  const share = Math.min(1, gate.value / gate.bound);
  return (
    <svg class={'bar verdict-' + gate.verdict} viewBox="0 0 100 4" preserveAspectRatio="none"
      aria-hidden="true">
      <rect class="track" width="100" height="4" />
      <rect class="fill" width={100 * share} height="4" />
    </svg>
  );
}

function GateRow({ gate }: { gate: Gate }) {
  const numbers = gate.value === null ? '' :
    measure(gate.value, gate.unit) +
    (gate.bound === null ? '' : ' of ' + measure(gate.bound, gate.unit)) +
    (['milliseconds', 'percent', ''].includes(gate.unit) ? '' : ' ' + gate.unit);
  return (
    <li class={'gate verdict-' + gate.verdict} data-gate={gate.gate} data-verdict={gate.verdict}>
      <span class="sign" aria-hidden="true">{SIGNS[gate.verdict] ?? '?'}</span>
      <div>
        <p class="gate-head">
          <b>{gate.gate}</b> <span class="verdict">{words(gate.verdict)}</span>
          {numbers && <span class="numbers">{numbers}</span>}
        </p>
        <Bar gate={gate} />
        <p class="why">{gate.why}</p>
        {gate.change && gate.verdict === 'refused' &&
          <p class="change">To change it: <code>{gate.change}</code></p>}
      </div>
    </li>
  );
}

export function ExplainDialog({ told, error, onClose }: {
  told: Explanation | null; error: string; onClose: () => void;
}) {
  const dialog = useRef<HTMLDialogElement>(null);
  const isOpen = told !== null || error !== '';
  useEffect(() => {
    if (isOpen && !dialog.current!.open) dialog.current!.showModal();
    if (!isOpen && dialog.current!.open) dialog.current!.close();
  }, [isOpen]);
  return (
    <dialog ref={dialog} aria-labelledby="explain-title" onClose={onClose}
      onClick={(event) => event.target === dialog.current && onClose()}>
      <div class="explain">
        <header>
          <h2 id="explain-title">{told ? title(told) : 'Not remembered'}</h2>
          <button type="button" class="quiet" onClick={onClose}>Close</button>
        </header>
        {told && <Facts told={told} />}
        {told && (
          <ol class="gates">
            {told.gates.map((gate) => <GateRow key={gate.gate} gate={gate} />)}
          </ol>
        )}
        {error && <p>{error}</p>}
      </div>
    </dialog>
  );
}

function title(told: Explanation): string {
  return told.reason ? `${words(told.result)}: ${words(told.reason)}` : words(told.result);
}

function Facts({ told }: { told: Explanation }) {
  return (
    <>
      {told.detail && <p class="detail">{told.detail}</p>}
      <dl class="facts">
        <div><dt>Request</dt><dd><code>{told.request_id}</code></dd></div>
        <div><dt>What</dt><dd>{told.method} {told.path}</dd></div>
        <div><dt>When</dt><dd>{clock(told.time_ms)}</dd></div>
        <div><dt>Priority</dt><dd>{told.priority}</dd></div>
        <div><dt>Route</dt><dd>{told.route} → {told.upstream}</dd></div>
        {told.status ? <div><dt>Answered</dt><dd>{told.status}</dd></div> : null}
        <div><dt>Waited</dt><dd>{millis(told.queue_ms)}</dd></div>
        {told.upstream_ms > 0 &&
          <div><dt>Upstream</dt><dd>{millis(told.upstream_ms)}</dd></div>}
        {told.retry_after_ms !== undefined &&
          <div><dt>Retry after</dt><dd>{millis(told.retry_after_ms)}</dd></div>}
      </dl>
    </>
  );
}
