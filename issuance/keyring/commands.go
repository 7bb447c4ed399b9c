package keyring

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"github.com/railgate/railgate/issuance/audit"
	"github.com/railgate/railgate/issuance/staff"
	"github.com/railgate/railgate/tokens"
)

// Begin orders a database's very first key to be announced; later it does nothing
// and reports false. Who calls it then announces all that is Announceable.
func (b *Book) Begin(ctx context.Context, k Public, by audit.Entry) (first bool, err error) {
	err = b.change(ctx, "begin with the first issuer key", func(ctx context.Context, tx *sql.Tx, nowMs int64, rows []row) error {
		if len(rows) > 0 {
			return nil
		}
		first = true
		return b.insert(ctx, tx, k, nowMs, by)
	})
	return first && err == nil, err
}

// Announce orders that gateways be told of a key, and puts its announcement into
// the outbox. Repeated, it finishes what was cut off and otherwise changes nothing,
// which changed tells. A retired key is ErrRetired, an id with another public key
// ErrBound. by says who orders it, in which role, when, and in which request.
func (b *Book) Announce(ctx context.Context, k Public, by audit.Entry) (changed bool, err error) {
	err = b.change(ctx, "announce key", func(ctx context.Context, tx *sql.Tx, nowMs int64, rows []row) error {
		if r := find(rows, k.ID); r != nil {
			switch {
			case r.public != k.Key:
				return fmt.Errorf("%w: key %d", ErrBound, k.ID)
			case r.retired != 0:
				return fmt.Errorf("%w: key %d since %s; make a new one", ErrRetired, k.ID, stamp(r.retired))
			}
			return nil
		}
		changed = true
		return b.insert(ctx, tx, k, nowMs, by)
	})
	if err != nil {
		return false, err
	}
	_, err = b.stream.AnnounceKey(ctx, k.ID, k.Key, by.AtMs)
	return changed, err
}

// insert keeps the order. An id that was announced with another key must not get
// here: its announcement would fail for ever.
func (b *Book) insert(ctx context.Context, tx *sql.Tx, k Public, nowMs int64, by audit.Entry) error {
	var others int
	err := tx.QueryRowContext(ctx, `SELECT COUNT(*) FROM announced_keys WHERE id = $1 AND public <> $2`, int64(k.ID), k.Key[:]).Scan(&others)
	if err != nil {
		return err
	}
	if others != 0 {
		return fmt.Errorf("%w: key %d", ErrBound, k.ID)
	}
	_, err = tx.ExecContext(ctx, `INSERT INTO issuer_keys (id, public, ordered_ms) VALUES ($1, $2, $3)`, int64(k.ID), k.Key[:], nowMs)
	if err != nil {
		return err
	}
	return b.enter(ctx, tx, by, staff.AnnounceKey, k.ID, "")
}

// UseFrom fixes the moment from which a key signs, later or earlier than its lead
// time would, and returns it; one in the past means now. The key whose moment came
// last signs, so that an older key is taken back into service by it, out of rest,
// too. ErrTooSoon while another key is in service and this one's lead time is not
// over by then: without another there is nothing to wait for. ErrOnlyKey if nothing
// would sign meanwhile.
func (b *Book) UseFrom(ctx context.Context, id tokens.KeyID, at time.Time, by audit.Entry) (from time.Time, changed bool, err error) {
	err = b.change(ctx, "fix the use of a key", func(ctx context.Context, tx *sql.Tx, nowMs int64, rows []row) error {
		r := find(rows, id)
		if err := r.usable(id); err != nil {
			return err
		}
		serving := newest(rows, nowMs, nowMs/1000, anyone)
		atMs := max(at.UnixMilli(), nowMs)
		switch {
		case r.cutOff <= atMs/1000:
			return fmt.Errorf("%w: key %d at %s", ErrCutOff, id, stamp(r.cutOff*1000))
		case serving == r && atMs == nowMs, r.useFrom == atMs && r.rest == 0:
			from = clock(r.useFrom)
			return nil
		case serving == r && only(rows, r, nowMs):
			return fmt.Errorf("%w: key %d goes on", ErrOnlyKey, id)
		case serving != nil && serving != r && r.published != 0 && atMs < r.published+b.lead.Milliseconds():
			return fmt.Errorf("%w: key %d can be used from %s", ErrTooSoon, id, stamp(r.published+b.lead.Milliseconds()))
		}
		from, changed = clock(atMs), true
		_, err := tx.ExecContext(ctx, `UPDATE issuer_keys SET use_from_ms = $1, rest_ms = NULL WHERE id = $2`, atMs, int64(id))
		if err != nil {
			return err
		}
		return b.enter(ctx, tx, by, staff.UseKeyFrom, id, "from "+stamp(atMs))
	})
	return from, changed && err == nil, err
}

// Rest has a key sign nothing more; what it signed stays good. ErrOnlyKey if no
// other key is in service: to stop issuing at all, cut the key off.
func (b *Book) Rest(ctx context.Context, id tokens.KeyID, by audit.Entry) (changed bool, err error) {
	err = b.change(ctx, "rest key", func(ctx context.Context, tx *sql.Tx, nowMs int64, rows []row) error {
		r := find(rows, id)
		if err := r.usable(id); err != nil {
			return err
		}
		switch {
		case r.rest != 0:
			return nil
		case r.ready(nowMs, nowMs/1000) && only(rows, r, nowMs):
			return fmt.Errorf("%w: announce one, and let key %d rest when it signs", ErrOnlyKey, id)
		}
		changed = true
		_, err := tx.ExecContext(ctx, `UPDATE issuer_keys SET rest_ms = $1 WHERE id = $2`, nowMs, int64(id))
		if err != nil {
			return err
		}
		return b.enter(ctx, tx, by, staff.RestKey, id, "")
	})
	return changed && err == nil, err
}

// Retire ends the announcing of a key that rests or is cut off, once every session
// under it is over; before that it is ErrSessions, with the time. Then its secret
// can be destroyed (keystore.Retire). It cannot be undone.
func (b *Book) Retire(ctx context.Context, id tokens.KeyID, by audit.Entry) (changed bool, err error) {
	err = b.change(ctx, "retire key", func(ctx context.Context, tx *sql.Tx, nowMs int64, rows []row) error {
		r := find(rows, id)
		switch {
		case r == nil:
			return fmt.Errorf("%w: key %d", ErrUnknown, id)
		case r.retired != 0:
			return nil
		}
		running, err := sessions(ctx, tx, nowMs)
		if err != nil {
			return err
		}
		over := r.over(running[id], nowMs)
		if over == 0 {
			return fmt.Errorf("%w: key %d; let it rest first", ErrInUse, id)
		}
		if over > nowMs {
			return fmt.Errorf("%w: key %d can be retired from %s", ErrSessions, id, stamp(over))
		}
		changed = true
		if _, err := tx.ExecContext(ctx, `UPDATE issuer_keys SET retired_ms = $1 WHERE id = $2`, nowMs, int64(id)); err != nil {
			return err
		}
		return b.enter(ctx, tx, by, staff.RetireKey, id, "")
	})
	return changed && err == nil, err
}

// usable refuses what no order can bring back; r may be nil.
func (r *row) usable(id tokens.KeyID) error {
	switch {
	case r == nil:
		return fmt.Errorf("%w: key %d", ErrUnknown, id)
	case r.retired != 0:
		return fmt.Errorf("%w: key %d since %s", ErrRetired, id, stamp(r.retired))
	}
	return nil
}

// only reports whether no other key is ready now.
func only(rows []row, r *row, nowMs int64) bool {
	return newest(rows, nowMs, nowMs/1000, func(id tokens.KeyID) bool { return id != r.id }) == nil
}

// enter writes the order's line.
func (b *Book) enter(ctx context.Context, tx *sql.Tx, by audit.Entry, action staff.Action, id tokens.KeyID, detail string) error {
	by.Action, by.Object, by.Detail = action, audit.Key(id), detail
	return b.trail.Append(ctx, tx, by)
}

func stamp(ms int64) string { return time.UnixMilli(ms).UTC().Format(time.RFC3339) }
