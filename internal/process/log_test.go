package process

import (
	"testing"

	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
	"go.uber.org/zap/zaptest/observer"
)

func TestOnlyLinesBelowWarnAreSampled(t *testing.T) {
	core, lines := observer.New(zapcore.InfoLevel)
	log := zap.New(sampleBelowWarn(core)).With(zap.String("service", "x"))
	const n = 50 * sampleFirst
	for range n {
		log.Debug("below the level")
		log.Info("request", zap.Int("status", 200))
		log.Warn("request", zap.Int("status", 429))
		log.Error("request failed")
	}
	count := func(level zapcore.Level) int {
		return lines.Filter(func(e observer.LoggedEntry) bool { return e.Level == level && e.ContextMap()["service"] == "x" }).Len()
	}
	if got := count(zapcore.WarnLevel); got != n {
		t.Errorf("%d of %d warnings were written", got, n)
	}
	if got := count(zapcore.ErrorLevel); got != n {
		t.Errorf("%d of %d errors were written", got, n)
	}
	if got := count(zapcore.InfoLevel); got < sampleFirst || got > n/10 {
		t.Errorf("%d of %d info lines were written", got, n)
	}
	if got := count(zapcore.DebugLevel); got != 0 {
		t.Errorf("%d debug lines were written, want 0", got)
	}
}
