package keyring

import (
	"context"
	"database/sql"
	"math"
	"time"

	"github.com/railgate/railgate/issuance/database"
	"github.com/railgate/railgate/issuance/outbox"
	"github.com/railgate/railgate/tokens"
)

// row is a key as stored. Times are by the database clock; 0: not yet, or never.
type row struct {
	id          tokens.KeyID
	public      [tokens.PublicKeySize]byte
	ordered     database.Millis
	published   database.Millis
	useFrom     database.Millis
	deactivated database.Millis
	retired     database.Millis
	cutoff      int64 // Unix seconds; tokens.Never: trusted
	inStream    bool  // its announcement has left the outbox
}

// ready reports whether the key may sign at a time, by the database clock, a session that
// starts at a time, Unix seconds.
func (r *row) ready(at database.Millis, start int64) bool {
	return r.published != 0 && r.useFrom <= at && r.deactivated == 0 && r.retired == 0 && start < r.cutoff
}

// unrecorded reports whether recordPublished has something to write.
func (r *row) unrecorded() bool { return r.published == 0 && r.inStream }

// newest is the rule: of the ready keys, the one whose time came last. An operator who
// activates an older key thus returns to it. nil: no key is ready.
func newest(rows []row, at database.Millis, start int64, held func(tokens.KeyID) bool) (best *row) {
	for i := range rows {
		if r := &rows[i]; r.ready(at, start) && held(r.id) && (best == nil || best.before(r)) {
			best = r
		}
	}
	return best
}

// before reports whether r came into use before o.
func (r *row) before(o *row) bool {
	if r.useFrom != o.useFrom {
		return r.useFrom < o.useFrom
	}
	if r.ordered != o.ordered {
		return r.ordered < o.ordered
	}
	return r.id < o.id
}

func anyKey(tokens.KeyID) bool { return true }

// findRow is the row of a key, nil if there is none.
func findRow(rows []row, id tokens.KeyID) *row {
	for i := range rows {
		if rows[i].id == id {
			return &rows[i]
		}
	}
	return nil
}

// readRows reads the database clock and then all keys, the oldest announcement first.
func readRows(ctx context.Context, db *database.DB, q database.Queries) (now database.Millis, rows []row, err error) {
	if err := q.QueryRowContext(ctx, `SELECT `+db.NowMs).Scan(&now); err != nil {
		return 0, nil, err
	}
	err = database.Each(ctx, q, func(from *sql.Rows) error {
		r := row{cutoff: tokens.Never}
		var public []byte
		var published, useFrom, rest, retired sql.Null[database.Millis]
		var cutoff sql.Null[int64]
		err := from.Scan(&r.id, &public, &r.ordered, &published, &useFrom, &rest, &retired, &cutoff, &r.inStream)
		if err != nil {
			return err
		}
		if len(public) != len(r.public) {
			return errPublic
		}
		copy(r.public[:], public)
		r.published, r.useFrom, r.deactivated, r.retired = published.V, useFrom.V, rest.V, retired.V
		if cutoff.Valid {
			r.cutoff = cutoff.V
		}
		rows = append(rows, r)
		return nil
	}, `SELECT k.id, k.public, k.ordered_ms, k.published_ms, k.use_from_ms, k.inactive_ms, k.retired_ms, c.cut_off,
		  a.id IS NOT NULL AND NOT `+outbox.Waits("a.outbox_id")+`
		FROM issuer_keys k LEFT JOIN key_cutoffs c ON c.key_id = k.id LEFT JOIN announced_keys a ON a.id = k.id
		ORDER BY k.ordered_ms, k.id`)
	return now, rows, err
}

// State is how far a key has come; the package comment says what each means.
type State string

// The states. Generated is for keys of the directory that List does not return.
const (
	Generated  State = "generated"
	Announced  State = "announced"
	Waiting    State = "waiting"
	Active     State = "active"
	Overlap    State = "overlap"
	Inactive   State = "inactive"
	Distrusted State = "distrusted"
	Retired    State = "retired"
)

// Line is a key in the operator's table. Times are by the database clock; a zero time has
// not come or was not set.
type Line struct {
	Public
	State       State
	Ordered     time.Time // to be announced
	Published   time.Time // observed in the stream
	UseFrom     time.Time
	Deactivated time.Time
	Cutoff      time.Time // sessions that start then or later are refused
	Retired     time.Time
	Running     int       // sessions that may still be valid
	RetireFrom  time.Time // when it can be retired; zero: deactivate it first, or it is retired
}

// List returns every key that was ever to be announced, the oldest first. It does not
// know which issuer has which key.
func (s *Store) List(ctx context.Context) (lines []Line, err error) {
	err = s.db.View(ctx, "list the issuer keys", func(ctx context.Context, q database.Queries) error {
		now, rows, err := readRows(ctx, s.db, q)
		if err != nil {
			return err
		}
		running, err := s.Sessions.Running(ctx, q, now.Add(-SessionOver))
		if err != nil {
			return err
		}
		serving := newest(rows, now, now.Seconds(), anyKey)
		for i := range rows {
			r := &rows[i]
			l := Line{
				Public: Public{r.id, r.public}, State: r.state(now, serving), Ordered: timeOf(r.ordered), Published: timeOf(r.published),
				UseFrom: timeOf(r.useFrom), Deactivated: timeOf(r.deactivated), Retired: timeOf(r.retired), Running: running[r.id].Count,
			}
			if r.cutoff <= math.MaxUint32 { // the latest possible cutoff
				l.Cutoff = time.Unix(r.cutoff, 0).UTC()
			}
			if r.retired == 0 {
				l.RetireFrom = timeOf(r.sessionsEnd(running[r.id], now))
			}
			lines = append(lines, l)
		}
		return nil
	})
	return lines, err
}

// timeOf converts a time of the database; zero stays zero.
func timeOf(m database.Millis) time.Time {
	if m == 0 {
		return time.Time{}
	}
	return m.Time()
}

// state is the first state that applies.
func (r *row) state(now database.Millis, serving *row) State {
	switch {
	case r.retired != 0:
		return Retired
	case r.cutoff <= now.Seconds():
		return Distrusted
	case r.deactivated != 0:
		return Inactive
	case r.published == 0:
		return Announced
	case r.useFrom > now:
		return Waiting
	case r == serving:
		return Active
	}
	return Overlap
}

// sessionsEnd is when every session under an inactive or distrusted key is over; 0: the
// key still signs.
func (r *row) sessionsEnd(running Running, now database.Millis) database.Millis {
	stopped := r.deactivated
	if cutoff := database.SecondsAt(r.cutoff); r.cutoff <= now.Seconds() && (stopped == 0 || cutoff < stopped) {
		stopped = cutoff
	}
	if stopped == 0 {
		return 0
	}
	return max(stopped, running.Last).Add(SessionOver)
}
