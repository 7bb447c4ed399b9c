package keyring

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"github.com/railgate/railgate/issuance/audit"
	"github.com/railgate/railgate/issuance/database"
	"github.com/railgate/railgate/issuance/staff"
	"github.com/railgate/railgate/tokens"
)

// UseFrom sets the time from which a key signs, later or earlier than its lead time
// would, and returns it; a time in the past means now. The key whose time came last
// signs: UseFrom thus activates an older key again, even a deactivated one. It fails with
// ErrTooSoon if another key is active and this key's lead time ends later than that time:
// gateways may not know the key yet. Without an active key there is no reason to wait.
// It fails with ErrOnlyKey if no key would sign meanwhile.
func (s *Store) UseFrom(ctx context.Context, id tokens.KeyID, at time.Time, by audit.Entry) (from time.Time, changed bool, err error) {
	changed, err = s.change(ctx, "fix the use of a key", func(ctx context.Context, tx *sql.Tx, now database.Millis, rows []row) (bool, error) {
		r := findRow(rows, id)
		if err := r.requireUsable(id); err != nil {
			return false, err
		}
		serving := newest(rows, now, now.Seconds(), anyKey)
		moment := max(database.MillisAt(at), now)
		switch known := r.published.Add(s.Lead); {
		case r.cutoff <= moment.Seconds():
			return false, fmt.Errorf("%w: key %d at %v", ErrDistrusted, id, database.SecondsAt(r.cutoff))
		case serving == r && moment == now, r.useFrom == moment && r.deactivated == 0:
			from = timeOf(r.useFrom)
			return false, nil
		case serving == r && isOnlyKey(rows, r, now):
			return false, fmt.Errorf("%w: key %d stays active", ErrOnlyKey, id)
		case serving != nil && serving != r && r.published != 0 && moment < known:
			return false, fmt.Errorf("%w: key %d can be used from %v", ErrTooSoon, id, known)
		}
		from = timeOf(moment)
		return s.setColumn(ctx, tx, by, staff.UseKeyFrom, id, "from "+moment.String(), "inactive_ms = NULL, use_from_ms", moment)
	})
	return from, changed, err
}

// Deactivate stops a key from signing; its sessions stay valid. ErrOnlyKey if no other key
// is active: to stop issuing altogether, distrust the key.
func (s *Store) Deactivate(ctx context.Context, id tokens.KeyID, by audit.Entry) (changed bool, err error) {
	return s.change(ctx, "deactivate key", func(ctx context.Context, tx *sql.Tx, now database.Millis, rows []row) (bool, error) {
		r := findRow(rows, id)
		if err := r.requireUsable(id); err != nil || r.deactivated != 0 {
			return false, err
		}
		if r.ready(now, now.Seconds()) && isOnlyKey(rows, r, now) {
			return false, fmt.Errorf("%w: announce one, and deactivate key %d when it signs", ErrOnlyKey, id)
		}
		return s.setColumn(ctx, tx, by, staff.DeactivateKey, id, "", "inactive_ms", now)
	})
}

// Retire stops the announcements of an inactive or distrusted key once every session
// under it is over; before that it fails with ErrSessions and the time. Afterwards the
// secret can be destroyed (keystore.Retire). It cannot be undone.
func (s *Store) Retire(ctx context.Context, id tokens.KeyID, by audit.Entry) (changed bool, err error) {
	return s.change(ctx, "retire key", func(ctx context.Context, tx *sql.Tx, now database.Millis, rows []row) (bool, error) {
		r := findRow(rows, id)
		if r == nil {
			return false, fmt.Errorf("%w: key %d", ErrUnknown, id)
		}
		if r.retired != 0 {
			return false, nil
		}
		running, err := s.Sessions.Running(ctx, tx, now.Add(-SessionOver))
		if err != nil {
			return false, err
		}
		switch over := r.sessionsEnd(running[id], now); {
		case over == 0:
			return false, fmt.Errorf("%w: key %d; deactivate it first", ErrInUse, id)
		case over > now:
			return false, fmt.Errorf("%w: key %d can be retired from %v", ErrSessions, id, over)
		}
		return s.setColumn(ctx, tx, by, staff.RetireKey, id, "", "retired_ms", now)
	})
}

// requireUsable refuses a key that no command can bring back; r may be nil.
func (r *row) requireUsable(id tokens.KeyID) error {
	switch {
	case r == nil:
		return fmt.Errorf("%w: key %d", ErrUnknown, id)
	case r.retired != 0:
		return fmt.Errorf("%w: key %d since %v", ErrRetired, id, r.retired)
	}
	return nil
}

// isOnlyKey reports whether no other key is ready now.
func isOnlyKey(rows []row, r *row, now database.Millis) bool {
	return newest(rows, now, now.Seconds(), func(id tokens.KeyID) bool { return id != r.id }) == nil
}
