package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"math"
	"time"

	"github.com/railgate/railgate/issuance/audit"
	"github.com/railgate/railgate/issuance/database"
	"github.com/railgate/railgate/issuance/staff"
	"github.com/railgate/railgate/revocation"
	"github.com/railgate/railgate/tokens"
)

// MaxRescued bounds the credentials that are rescued from one key's cut-off and
// live.
const MaxRescued = 1_000_000

// cutOffTimeout bounds a key's cut-off: it writes two rows for each rescued
// credential.
const cutOffTimeout = 2 * time.Minute

// Why a cut-off is refused.
var (
	ErrCutOffTime = errors.New("store: a cut-off must be a time from 1970 to 2106")
	ErrRescued    = errors.New("store: too many credentials to rescue")
	ErrTooFar     = errors.New("store: a subject's cut-off may lie at most 24 hours ahead")
	ErrNoSession  = errors.New("store: every session that began before this cut-off is over already")
)

// KeyCutOff takes a key out of service: sessions that start at or after CutOff
// are not good under it, but for those of rescued credentials.
type KeyCutOff struct {
	Key    tokens.KeyID
	CutOff int64 // Unix seconds
	// Rescued credentials stay good under the key until they expire. Whoever
	// holds a stolen key can make passes for them, too: rescue as few as possible.
	Rescued []tokens.Serial
	// RescueKnown adds every credential, neither revoked nor expired, with a
	// running session in this database that starts at or after CutOff. Serials
	// that only a thief's passes bear are not among them.
	RescueKnown bool
	Who         string // orders it; see staff.CheckName
	AtMs        int64
}

// CutOffKey puts the rescued credentials and then the cut-off into the outbox,
// in one transaction: no gateway sees the cut-off before what is rescued from
// it. A cut-off only ever moves to an earlier time, and what was rescued stays
// so; a repetition changes nothing. It returns whether the cut-off moved and how
// many credentials are rescued that were not before. A key that this database has
// not announced is ErrNotFound: gateways would not know it either.
func (s *Store) CutOffKey(ctx context.Context, c KeyCutOff) (moved bool, rescued int, err error) {
	if c.CutOff < 1 || c.CutOff > math.MaxUint32 {
		return false, 0, ErrCutOffTime
	}
	if len(c.Rescued) > MaxRescued {
		return false, 0, fmt.Errorf("%w: at most %d", ErrRescued, MaxRescued)
	}
	err = s.db.ChangeWithin(ctx, cutOffTimeout, "cut off key", func(ctx context.Context, tx *sql.Tx) error {
		var id int64 // two orders on one key take turns
		err := tx.QueryRowContext(ctx, `SELECT id FROM announced_keys WHERE id = $1`+s.db.ForUpdate, int64(c.Key)).Scan(&id)
		if err == sql.ErrNoRows {
			return ErrNotFound
		}
		if err != nil {
			return err
		}
		if rescued, err = s.rescue(ctx, tx, c); err != nil {
			return err
		}
		done, err := tx.ExecContext(ctx, `
			INSERT INTO key_cutoffs (key_id, cut_off, at_ms) VALUES ($1, $2, $3)
			ON CONFLICT (key_id) DO UPDATE SET cut_off = excluded.cut_off, at_ms = excluded.at_ms
			WHERE excluded.cut_off < key_cutoffs.cut_off`, id, c.CutOff, c.AtMs)
		if err != nil {
			return err
		}
		n, err := done.RowsAffected()
		if moved = n == 1; err != nil || !moved && rescued == 0 {
			return err
		}
		if moved {
			_, err = s.enqueue(ctx, tx, &revocation.Record{Kind: revocation.KindRetireKey, At: c.AtMs, Key: c.Key, CutOff: c.CutOff})
			if err != nil {
				return err
			}
		}
		return s.order(ctx, tx, audit.Entry{AtMs: c.AtMs, Who: c.Who, Action: staff.CutOffKey, Object: audit.Key(c.Key),
			Detail: fmt.Sprintf("at %s, moved %v, rescued %d", stamp(c.CutOff), moved, rescued)})
	})
	if err != nil {
		return false, 0, err
	}
	return moved, rescued, nil
}

// order enters an operator's order into the trail. Those from before there was one
// stay in the table orders.
func (s *Store) order(ctx context.Context, tx *sql.Tx, e audit.Entry) error {
	e.Role = staff.Operator
	return s.trail.Append(ctx, tx, e)
}

// stamp is a moment, Unix seconds, as the trail has it.
func stamp(unix int64) string { return time.Unix(unix, 0).UTC().Format(time.RFC3339) }

// keyCutOff finds a key's cut-off; tokens.Never if it has none.
func keyCutOff(ctx context.Context, q database.Queries, key tokens.KeyID) (cutOff int64, err error) {
	err = q.QueryRowContext(ctx, `SELECT cut_off FROM key_cutoffs WHERE key_id = $1`, int64(key)).Scan(&cutOff)
	if err == sql.ErrNoRows {
		return tokens.Never, nil
	}
	return cutOff, err
}

// KeyCutOff is the first session start, Unix seconds, that is not good under a
// key; tokens.Never for a key in service.
func (s *Store) KeyCutOff(ctx context.Context, key tokens.KeyID) (cutOff int64, err error) {
	err = s.db.View(ctx, "find key's cut-off", func(ctx context.Context, q database.Queries) (err error) {
		cutOff, err = keyCutOff(ctx, q, key)
		return err
	})
	return cutOff, err
}
