package keyring

import (
	"context"
	"database/sql"
	"math"
	"time"

	"github.com/railgate/railgate/issuance/database"
	"github.com/railgate/railgate/tokens"
)

// row is a key as the database has it. Times are Unix milliseconds by the
// database's clock; 0: not yet, or never.
type row struct {
	id        tokens.KeyID
	public    [tokens.PublicKeySize]byte
	ordered   int64
	published int64
	useFrom   int64
	rest      int64
	retired   int64
	cutOff    int64 // Unix seconds; tokens.Never if there is none
	inStream  bool  // its announcement has left the outbox
}

// ready reports whether the key may sign at a time, by the database's clock, a
// session that starts at a time, Unix seconds.
func (r *row) ready(atMs, start int64) bool {
	return r.published != 0 && r.useFrom <= atMs && r.rest == 0 && r.retired == 0 && start < r.cutOff
}

// newest is the rule: of the keys that are ready, the one whose time came last. An
// operator who orders an older key into use goes back to it thereby. nil: none is.
func newest(rows []row, atMs, start int64, held func(tokens.KeyID) bool) (best *row) {
	for i := range rows {
		if r := &rows[i]; r.ready(atMs, start) && held(r.id) && (best == nil || best.before(r)) {
			best = r
		}
	}
	return best
}

// before puts two keys in the order in which they came into use.
func (r *row) before(o *row) bool {
	if r.useFrom != o.useFrom {
		return r.useFrom < o.useFrom
	}
	if r.ordered != o.ordered {
		return r.ordered < o.ordered
	}
	return r.id < o.id
}

func anyone(tokens.KeyID) bool { return true }

// find is the row of a key, nil if there is none.
func find(rows []row, id tokens.KeyID) *row {
	for i := range rows {
		if rows[i].id == id {
			return &rows[i]
		}
	}
	return nil
}

// read reads the database's clock and then all keys, oldest order first.
func read(ctx context.Context, db *database.DB, q database.Queries) (nowMs int64, rows []row, err error) {
	if err := q.QueryRowContext(ctx, `SELECT `+db.NowMs).Scan(&nowMs); err != nil {
		return 0, nil, err
	}
	err = database.Each(ctx, q, func(from *sql.Rows) error {
		r := row{cutOff: tokens.Never}
		var public []byte
		var published, useFrom, rest, retired, cutOff sql.NullInt64
		err := from.Scan(&r.id, &public, &r.ordered, &published, &useFrom, &rest, &retired, &cutOff, &r.inStream)
		if err != nil {
			return err
		}
		if len(public) != len(r.public) {
			return errPublic
		}
		copy(r.public[:], public)
		r.published, r.useFrom, r.rest, r.retired = published.Int64, useFrom.Int64, rest.Int64, retired.Int64
		if cutOff.Valid {
			r.cutOff = cutOff.Int64
		}
		rows = append(rows, r)
		return nil
	}, `SELECT k.id, k.public, k.ordered_ms, k.published_ms, k.use_from_ms, k.rest_ms, k.retired_ms, c.cut_off,
		  a.id IS NOT NULL AND NOT EXISTS (SELECT 1 FROM outbox o WHERE o.id = a.outbox_id)
		FROM issuer_keys k LEFT JOIN key_cutoffs c ON c.key_id = k.id LEFT JOIN announced_keys a ON a.id = k.id
		ORDER BY k.ordered_ms, k.id`)
	return nowMs, rows, err
}

// clock is a moment of the database; zero stays zero.
func clock(ms int64) time.Time {
	if ms == 0 {
		return time.Time{}
	}
	return time.UnixMilli(ms).UTC()
}

// cutOffAt is a cut-off as a moment; zero for none.
func (r *row) cutOffAt() time.Time {
	if r.cutOff > math.MaxUint32 { // no cut-off is later
		return time.Time{}
	}
	return time.Unix(r.cutOff, 0).UTC()
}
