package keyring

import (
	"context"
	"database/sql"
	"time"

	"github.com/railgate/railgate/issuance/database"
	"github.com/railgate/railgate/tokens"
)

// State is how far a key has come; the package comment says what each means.
type State string

// The states. Generated is for keys of the directory that List does not have.
const (
	Generated State = "generated"
	Announced State = "announced"
	Waiting   State = "waiting"
	InService State = "in service"
	Overlap   State = "overlap"
	Resting   State = "resting"
	CutOff    State = "cut off"
	Retired   State = "retired"
)

// Line is a key in the operator's table. Times are by the database's clock; a zero
// one has not come or was not fixed.
type Line struct {
	Public
	State      State
	Ordered    time.Time // to be announced
	Published  time.Time // seen in the stream
	UseFrom    time.Time
	Rest       time.Time
	CutOff     time.Time // sessions that start then or later are not good
	Retired    time.Time
	Running    int       // sessions that may still be good
	RetireFrom time.Time // when it can be retired; zero: it must rest first, or is retired
}

// List has every key that was ever ordered to be announced, oldest order first.
// It does not know which issuer holds which.
func (b *Book) List(ctx context.Context) (lines []Line, err error) {
	err = b.db.View(ctx, "list the issuer keys", func(ctx context.Context, q database.Queries) error {
		nowMs, rows, err := read(ctx, b.db, q)
		if err != nil {
			return err
		}
		running, err := sessions(ctx, q, nowMs)
		if err != nil {
			return err
		}
		serving := newest(rows, nowMs, nowMs/1000, anyone)
		for i := range rows {
			r := &rows[i]
			l := Line{
				Public: Public{r.id, r.public}, State: r.state(nowMs, serving), Ordered: clock(r.ordered), Published: clock(r.published),
				UseFrom: clock(r.useFrom), Rest: clock(r.rest), CutOff: r.cutOffAt(), Retired: clock(r.retired), Running: running[r.id].count,
			}
			if r.retired == 0 {
				l.RetireFrom = clock(r.over(running[r.id], nowMs))
			}
			lines = append(lines, l)
		}
		return nil
	})
	return lines, err
}

// state names what holds first.
func (r *row) state(nowMs int64, serving *row) State {
	switch {
	case r.retired != 0:
		return Retired
	case r.cutOff <= nowMs/1000:
		return CutOff
	case r.rest != 0:
		return Resting
	case r.published == 0:
		return Announced
	case r.useFrom > nowMs:
		return Waiting
	case r == serving:
		return InService
	}
	return Overlap
}

// runningSessions are those under one key that may still be good.
type runningSessions struct {
	count   int
	startMs int64 // of the last one
}

func sessions(ctx context.Context, q database.Queries, nowMs int64) (map[tokens.KeyID]runningSessions, error) {
	all := make(map[tokens.KeyID]runningSessions)
	err := database.Each(ctx, q, func(rows *sql.Rows) error {
		var id tokens.KeyID
		var s runningSessions
		if err := rows.Scan(&id, &s.count, &s.startMs); err != nil {
			return err
		}
		all[id] = s
		return nil
	}, `SELECT key_id, COUNT(*), MAX(start_ms) FROM sessions WHERE start_ms > $1 GROUP BY key_id`, nowMs-sessionOver.Milliseconds())
	return all, err
}

// over is when every session under a key that rests or is cut off is over; 0: it
// has not stopped.
func (r *row) over(s runningSessions, nowMs int64) int64 {
	stopped := r.rest
	if r.cutOff <= nowMs/1000 && (stopped == 0 || r.cutOff*1000 < stopped) {
		stopped = r.cutOff * 1000
	}
	if stopped == 0 {
		return 0
	}
	return max(stopped, s.startMs) + sessionOver.Milliseconds()
}
