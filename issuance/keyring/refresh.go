package keyring

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"go.uber.org/zap"

	"github.com/railgate/railgate/issuance/database"
	"github.com/railgate/railgate/tokens"
)

// announceCheck is how often Run looks for old announcements.
const announceCheck = time.Hour

// Run refreshes the ring every second and repeats announcements before the stream can
// have forgotten them, until ctx ends. Failures are logged and retried.
func (r *Ring) Run(ctx context.Context) error {
	var announcing sync.WaitGroup
	announcing.Go(func() {
		every(ctx, announceCheck, func() {
			if err := r.AnnounceDue(ctx); err != nil && ctx.Err() == nil {
				r.log.Error("announcements of keys not repeated; retrying", zap.Error(err))
			}
		})
	})
	every(ctx, refreshEvery, func() {
		if err := r.Refresh(ctx); err != nil && ctx.Err() == nil {
			r.failures.Add(1)
			r.log.Error("issuer keys not refreshed from the database; retrying", zap.Error(err))
		}
	})
	announcing.Wait()
	return nil
}

// every calls act after each interval until ctx ends.
func every(ctx context.Context, interval time.Duration, act func()) {
	tick := time.NewTicker(interval)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			act()
		}
	}
}

// Refresh reads the database now. Once it has returned nil, Current knows everything that
// was committed before the call. Concurrent callers share a refresh.
func (r *Ring) Refresh(ctx context.Context) error {
	if r.first != nil {
		return nil
	}
	before := r.begun.Load()
	select {
	case r.refreshing <- struct{}{}:
		defer func() { <-r.refreshing }()
	case <-ctx.Done():
		return ctx.Err()
	}
	if r.refreshed > before { // a refresh began after this call, and succeeded
		return nil
	}
	number := r.begun.Add(1)
	if err := r.readKeys(ctx); err != nil {
		return err
	}
	r.refreshed = number
	return nil
}

func (r *Ring) readKeys(ctx context.Context) error {
	at := time.Now() // before the query, so that a view is never older than it seems
	now, rows, err := r.store.rows(ctx)
	if err == nil && slices.ContainsFunc(rows, func(k row) bool { return k.unrecorded() }) {
		if err = r.store.recordPublished(ctx); err == nil {
			now, rows, err = r.store.rows(ctx)
		}
	}
	if err != nil {
		return err
	}
	for _, k := range rows {
		if signer := r.keys[k.id]; signer != nil && signer.Public() != k.public {
			return fmt.Errorf("%w: key %d of this issuer's directory", ErrBound, k.id)
		}
	}
	// This clock is read last: the delay makes the database clock seem behind, and a
	// key's time come late, never early.
	r.view.Store(&view{at, now.Time().Sub(r.now()), rows})
	r.logChange()
	return nil
}

// logChange logs the state if it differs from the last logged one.
func (r *Ring) logChange() {
	v, now := r.view.Load(), r.now()
	id, _, err := r.Current(now)
	var serving tokens.KeyID
	if best := newest(v.rows, database.MillisAt(now.Add(v.ahead)), now.Unix(), anyKey); best != nil {
		serving = best.id
	}
	state := fmt.Sprint(id, serving, err)
	if state == r.lastLogged {
		return
	}
	r.lastLogged = state
	switch {
	case err != nil:
		r.log.Error("no session can be opened", zap.Error(err))
	case serving != id:
		r.log.Warn("this issuer does not have the active issuer key: give it the key and restart it",
			zap.Uint16("key_id", uint16(id)), zap.Uint16("newer", uint16(serving)))
	default:
		r.log.Info("issuer key active", zap.Uint16("key_id", uint16(id)))
	}
}

// AnnounceDue repeats every old announcement, those of the issuer's keys first, then those
// of gateways: the database records when it announced which key.
func (r *Ring) AnnounceDue(ctx context.Context) error {
	var keys []Public
	var err error
	if r.first != nil {
		keys = append(keys, r.first.Public())
	} else if keys, err = r.store.Announceable(ctx); err != nil {
		return fmt.Errorf("issuance: keys to announce not read: %w", err)
	}
	for _, k := range append(keys, r.extra...) {
		announced, err := r.store.Publish(ctx, k, database.MillisAt(r.now()))
		if err != nil {
			return fmt.Errorf("issuance: announcing key %d: %w", k.ID, err)
		}
		if announced {
			r.log.Info("key announced", zap.Uint16("key_id", uint16(k.ID)))
		}
	}
	repeated, err := r.store.RepeatGateways(ctx, database.MillisAt(r.now()))
	if err != nil {
		return fmt.Errorf("issuance: announcing gateways: %w", err)
	}
	if repeated > 0 {
		r.log.Info("gateways announced again", zap.Int("gateways", repeated))
	}
	return nil
}

// List is [Store.List].
func (r *Ring) List(ctx context.Context) ([]Line, error) { return r.store.List(ctx) }

// Gateways is [Store.Gateways].
func (r *Ring) Gateways(ctx context.Context) ([]Gateway, error) { return r.store.Gateways(ctx) }

// Holds reports whether this issuer has the secret of a key.
func (r *Ring) Holds(id tokens.KeyID) bool { return r.holds(id) }

// Published reports whether a key's announcement is in the stream.
func (r *Ring) Published(ctx context.Context, id tokens.KeyID) (bool, error) {
	return r.store.Published(ctx, id)
}
