package gateway

import (
	"context"
	"time"

	"go.uber.org/zap"
)

const (
	// stateEvery is how often the state is sampled for the log, and so the shortest
	// time between two lines of a state that alternates.
	stateEvery = 500 * time.Millisecond
	// repeatEvery is the time between two lines of a lasting state.
	repeatEvery = time.Minute
)

// logState logs the state of the revocation data until ctx ends: when the gateway is
// ready, when the data is no longer fresh and why, and when it has recovered.
func (g *Gateway) logState(ctx context.Context) {
	l := stateLog{log: g.log, began: time.Now()}
	tick := time.NewTicker(stateEvery)
	defer tick.Stop()
	for {
		l.observe(g.Readiness(), time.Now())
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// stateLog remembers the last line written.
type stateLog struct {
	log          *zap.Logger
	began        time.Time // when the gateway started
	ready        bool      // whether it was ever ready
	state        string    // of the last line
	logged       time.Time
	unfreshSince time.Time // when the data was no longer fresh; zero: it is fresh
}

const (
	stateFresh   = "fresh"
	stateBooting = "booting"
)

func (l *stateLog) observe(r Readiness, now time.Time) {
	fields := []zap.Field{zap.String("state", r.State), zap.Int64("age_ms", r.AgeMS), zap.Bool("ready", r.Ready), zap.Strings("why", r.Waiting)}
	switch {
	case r.State == stateFresh && !l.ready:
		l.ready = true
		l.log.Info("ready", append(fields, zap.Duration("after", now.Sub(l.began)))...)
	case r.State == stateFresh && !l.unfreshSince.IsZero():
		l.log.Info("recovered: the revocation data is fresh again", append(fields, zap.Duration("lasted", now.Sub(l.unfreshSince)))...)
	case r.State == stateFresh:
		return
	case r.State == l.state && now.Sub(l.logged) < repeatEvery:
		return
	case r.State == stateBooting:
		l.log.Info("not ready yet", fields...)
	default:
		l.log.Warn("the revocation data is "+r.State, fields...)
	}
	if r.State == stateFresh {
		l.unfreshSince = time.Time{}
	} else if l.unfreshSince.IsZero() {
		l.unfreshSince = now
	}
	l.state, l.logged = r.State, now
}
