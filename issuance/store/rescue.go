package store

import (
	"context"
	"database/sql"
	"fmt"
	"slices"

	"github.com/railgate/railgate/issuance/database"
	"github.com/railgate/railgate/revocation"
	"github.com/railgate/railgate/tokens"
)

// sessionOver is how long after its start no session is good any more,
// milliseconds, with a minute for clocks that differ.
const sessionOver = (tokens.MaxPeriod*tokens.MaxLength + 60) * 1000

// firstLiving is the first day whose credentials may not have expired at atMs.
func firstLiving(atMs int64) int64 { return tokens.DayOf(atMs/1000) - 1 }

// rescue keeps and enqueues the rescued credentials that are not known yet, and
// counts them. Those of days that are over it leaves out.
func (s *Store) rescue(ctx context.Context, tx *sql.Tx, c KeyCutOff) (fresh int, err error) {
	living := firstLiving(c.AtMs - revocation.Afterlife.Milliseconds())
	if _, err := tx.ExecContext(ctx, `DELETE FROM rescued WHERE key_id = $1 AND day < $2`, int64(c.Key), living); err != nil {
		return 0, err
	}
	known, err := serials(ctx, tx, `SELECT day, idx FROM rescued WHERE key_id = $1`, int64(c.Key))
	if err != nil {
		return 0, err
	}
	wanted := c.Rescued
	if c.RescueKnown {
		running, err := serials(ctx, tx, `
			SELECT DISTINCT c.day, c.idx FROM sessions s JOIN credentials c ON c.application = s.application
			WHERE s.start_ms >= $1 AND s.key_id IN ($2, 0) AND c.revoked_ms IS NULL AND c.expires_ms > $3
			ORDER BY c.day, c.idx`, max(c.CutOff*1000, c.AtMs-sessionOver), int64(c.Key), c.AtMs)
		if err != nil {
			return 0, err
		}
		wanted = slices.Concat(wanted, running)
	}
	seen := make(map[tokens.Serial]bool, len(known)+len(wanted))
	for _, serial := range known {
		seen[serial] = true
	}
	var rows [][]any
	var records []revocation.Record
	for _, serial := range wanted {
		if seen[serial] || int64(serial.Day) < living {
			continue
		}
		if seen[serial] = true; len(seen) > MaxRescued {
			return 0, fmt.Errorf("%w: at most %d", ErrRescued, MaxRescued)
		}
		rows = append(rows, []any{int64(c.Key), int64(serial.Day), int64(serial.Index), c.AtMs})
		records = append(records, revocation.Record{Kind: revocation.KindRescue, At: c.AtMs, Key: c.Key, Serial: serial})
	}
	if err := database.InsertMany(ctx, tx, `INSERT INTO rescued (key_id, day, idx, at_ms)`, rows); err != nil {
		return 0, err
	}
	return len(records), s.enqueueAll(ctx, tx, records)
}

// serials reads days and indexes.
func serials(ctx context.Context, tx *sql.Tx, query string, args ...any) (all []tokens.Serial, err error) {
	err = database.Each(ctx, tx, func(rows *sql.Rows) error {
		var serial tokens.Serial
		if err := rows.Scan(&serial.Day, &serial.Index); err != nil {
			return err
		}
		all = append(all, serial)
		return nil
	}, query, args...)
	return all, err
}
