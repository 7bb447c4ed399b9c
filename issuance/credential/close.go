package store

import (
	"context"
	"database/sql"
	"slices"

	"github.com/railgate/railgate/issuance/database"
	"github.com/railgate/railgate/revocation"
	"github.com/railgate/railgate/tokens"
)

// shownMs is how long after its start some code of a session can pass at a gate,
// milliseconds, with a minute for clocks that differ.
const shownMs = (tokens.MaxPeriod*(tokens.MaxLength+tokens.PreviousSteps) + 60) * 1000

// saidMs is how long after its start a session's closing is put into the outbox,
// milliseconds. It is as long as a credential lives and not shownMs, since this issuer's
// clock may be ahead. Gateways drop a closing that is over by two clocks. A session that is
// closed later than that is closed in the database only.
const saidMs = tokens.CredentialLife * 1000

// SetWake gives the store what tells the publisher that records of a partition were
// committed; without it the publisher finds them at its next heartbeat. wake must not
// block. Call it before the store is shared.
func (s *Store) SetWake(wake func(partition int)) { s.wake = wake }

// closeSessions ends the viewing in the transaction of its cause: what showed codes is
// forgotten, and each session of the last day is put into the outbox, so
// that gates refuse it (rule A12). where selects sessions; its parameters begin at $2.
func (s *Store) closeSessions(ctx context.Context, tx *sql.Tx, nowMs int64, where string, args ...any) error {
	var records []revocation.Record
	err := database.Each(ctx, tx, func(rows *sql.Rows) error {
		var startMs int64
		var day, index sql.NullInt64
		if err := rows.Scan(&startMs, &day, &index); err != nil {
			return err
		}
		if index.Valid && startMs+saidMs > nowMs {
			records = append(records, closing(day.Int64, index.Int64, startMs, nowMs))
		}
		return nil
	}, `UPDATE sessions SET closed_ms = $1, pass = NULL, seed = NULL WHERE closed_ms IS NULL AND `+where+`
		RETURNING start_ms, (SELECT day FROM credentials c WHERE c.application = sessions.application),
		  (SELECT idx FROM credentials c WHERE c.application = sessions.application)`, append([]any{nowMs}, args...)...)
	if err != nil || len(records) == 0 {
		return err
	}
	if err := s.enqueueAll(ctx, tx, records); err != nil {
		return err
	}
	if s.wake != nil {
		var partitions []int
		for _, r := range records {
			if p := s.PartitionOf(r.Serial); !slices.Contains(partitions, p) {
				partitions = append(partitions, p)
				database.AfterCommit(ctx, func() { s.wake(p) })
			}
		}
	}
	return nil
}

// closing is the record of a closed session.
func closing(day, index, startMs, closedMs int64) revocation.Record {
	return revocation.Record{Kind: revocation.KindRevokeSession, At: closedMs,
		Serial: tokens.Serial{Day: uint16(day), Index: uint32(index)}, Start: startMs / 1000}
}

// closedSessions reads the closed sessions of which a code could still pass at nowMs.
func closedSessions(ctx context.Context, tx *sql.Tx, nowMs int64) (records []revocation.Record, err error) {
	err = database.Each(ctx, tx, func(rows *sql.Rows) error {
		var day, index, startMs, closedMs int64
		err := rows.Scan(&day, &index, &startMs, &closedMs)
		records = append(records, closing(day, index, startMs, closedMs))
		return err
	}, `SELECT c.day, c.idx, s.start_ms, s.closed_ms FROM sessions s JOIN credentials c ON c.application = s.application
		WHERE s.start_ms > $1 AND s.closed_ms IS NOT NULL ORDER BY s.start_ms`, nowMs-shownMs)
	return records, err
}

// waitingClosings reads the closings that the stream may not have yet, of sessions that
// closedSessions leaves out: a handheld may report a scan of theirs later.
func waitingClosings(ctx context.Context, tx *sql.Tx, nowMs int64) (records []revocation.Record, err error) {
	err = database.Each(ctx, tx, func(rows *sql.Rows) error {
		var payload []byte
		var at int64
		if err := rows.Scan(&payload, &at); err != nil {
			return err
		}
		r, err := decodePayload(revocation.KindRevokeSession, payload)
		if r.At = at; err == nil && r.Start*1000 <= nowMs-shownMs {
			records = append(records, r)
		}
		return err
	}, `SELECT payload, created_ms FROM outbox WHERE kind = $1 ORDER BY id`, int64(revocation.KindRevokeSession))
	return records, err
}
