import type { Count, Metrics } from '@voltlog/telemetry';

/** What the service counts. */
export interface SessionMetrics {
  /** Station facts folded. */
  readonly facts: Count;
  readonly quarantined: Count;
  readonly dropped: Count;
  /** Looks for quiet sessions. */
  readonly sweeps: Count;
  /** Active sessions by what this instance has seen; set right by each sweep. */
  readonly active: { value: number };
}

export function sessionMetrics(metrics: Metrics): SessionMetrics {
  const active = { value: 0 };
  metrics.gauge('voltlog_sessions_active', 'Sessions that have not ended', () => active.value);
  return {
    facts: metrics.counter('voltlog_session_facts_total', 'Station facts taken in'),
    quarantined: metrics.counter('voltlog_session_quarantined_facts_total', 'Facts that no session was found for'),
    dropped: metrics.counter(
      'voltlog_session_dropped_facts_total',
      'Facts without a session that were left on the log alone, their station having too many',
    ),
    sweeps: metrics.counter('voltlog_session_sweeps_total', 'Looks for sessions that nobody hears of'),
    active,
  };
}
