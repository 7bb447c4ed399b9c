package gateway

import (
	"slices"
	"testing"
	"time"

	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
	"go.uber.org/zap/zaptest/observer"
)

// A gateway that starts, loses Kafka for three minutes and recovers writes a line for
// each change, and one per minute of a lasting state.
func TestStateChangesAreLogged(t *testing.T) {
	core, lines := observer.New(zapcore.InfoLevel)
	now := time.Unix(1_800_000_000, 0)
	l := stateLog{log: zap.New(core), began: now}
	passes := func(d time.Duration, r Readiness) {
		for end := now.Add(d); now.Before(end); now = now.Add(stateEvery) {
			l.observe(r, now)
		}
	}
	why := []string{"Kafka cannot be read since 2026-02-10T08:00:00Z: connection refused"}
	passes(90*time.Second, Readiness{State: "booting", AgeMS: -1, Waiting: why})
	passes(10*time.Minute, Readiness{State: "fresh", Ready: true})
	passes(150*time.Second, Readiness{State: "stale", Ready: true, AgeMS: 5000, Waiting: why})
	passes(30*time.Second, Readiness{State: "expired", AgeMS: 900_000, Waiting: why})
	passes(10*time.Minute, Readiness{State: "fresh", Ready: true})

	var got []string
	for _, e := range lines.All() {
		got = append(got, e.Level.String()+" "+e.Message)
	}
	want := []string{
		"info not ready yet", "info not ready yet", "info ready",
		"warn the revocation data is stale", "warn the revocation data is stale", "warn the revocation data is stale",
		"warn the revocation data is expired", "info recovered: the revocation data is fresh again",
	}
	if !slices.Equal(got, want) {
		t.Fatalf("lines %q, want %q", got, want)
	}
	stale, recovered := lines.All()[3].ContextMap(), lines.All()[7].ContextMap()
	if causes, ok := stale["why"].([]any); !ok || len(causes) != 1 || causes[0] != why[0] {
		t.Errorf("the line about stale data has the causes %v", stale["why"])
	}
	if recovered["lasted"] != 3*time.Minute {
		t.Errorf("the outage lasted %v, want 3m", recovered["lasted"])
	}
}
