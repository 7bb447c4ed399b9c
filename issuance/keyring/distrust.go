package keyring

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/railgate/railgate/issuance/audit"
	"github.com/railgate/railgate/issuance/database"
	"github.com/railgate/railgate/issuance/outbox"
	"github.com/railgate/railgate/issuance/staff"
	"github.com/railgate/railgate/revocation"
	"github.com/railgate/railgate/tokens"
)

// MaxExempt bounds the unexpired credentials that are exempt from one key's cutoff.
const MaxExempt = 1_000_000

// distrustTimeout bounds [Store.Distrust], which writes two rows for each exempt
// credential.
const distrustTimeout = 2 * time.Minute

// Why a cutoff is refused.
var (
	ErrCutoffTime = errors.New("keyring: a cutoff must be a time from 1970 to 2106")
	ErrExempt     = errors.New("keyring: too many exempt credentials")
)

// Distrust names a key to distrust: sessions that start at or after Cutoff are refused,
// except those of exempt credentials.
type Distrust struct {
	Key    tokens.KeyID
	Cutoff int64 // Unix seconds
	// Exempt credentials stay valid under the key until they expire. A thief of the key
	// can make passes for them too: exempt as few as possible.
	Exempt []tokens.Serial
	// ExemptRunning adds every credential, neither revoked nor expired, with a running
	// session in this database that starts at or after Cutoff. Serials that appear only
	// in a thief's passes are not among them.
	ExemptRunning bool
	Who           string // gives the command; see staff.CheckName
	At            database.Millis
}

// Distrust puts the exempt credentials and then the cutoff into the outbox, in one
// transaction: a gateway learns the exemptions first. A cutoff only ever moves to an
// earlier time, and an exempt credential stays exempt; a repetition changes nothing. It
// returns whether the cutoff moved, and how many credentials became exempt. A key that
// this database has not announced is ErrUnknown: gateways do not know it either.
func (s *Store) Distrust(ctx context.Context, d Distrust) (moved bool, exempt int, err error) {
	if d.Cutoff < 1 || d.Cutoff > math.MaxUint32 {
		return false, 0, ErrCutoffTime
	}
	if len(d.Exempt) > MaxExempt {
		return false, 0, fmt.Errorf("%w: at most %d", ErrExempt, MaxExempt)
	}
	err = s.db.ChangeWithin(ctx, distrustTimeout, "distrust key", func(ctx context.Context, tx *sql.Tx) error {
		var id int64 // serializes commands on one key
		err := tx.QueryRowContext(ctx, `SELECT id FROM announced_keys WHERE id = $1`+s.db.ForUpdate, int64(d.Key)).Scan(&id)
		if err == sql.ErrNoRows {
			return ErrUnknown
		}
		if err != nil {
			return err
		}
		if exempt, err = s.exempt(ctx, tx, d); err != nil {
			return err
		}
		n, err := database.Changed(ctx, tx, `
			INSERT INTO key_cutoffs (key_id, cut_off, at_ms) VALUES ($1, $2, $3)
			ON CONFLICT (key_id) DO UPDATE SET cut_off = excluded.cut_off, at_ms = excluded.at_ms
			WHERE excluded.cut_off < key_cutoffs.cut_off`, id, d.Cutoff, d.At)
		if moved = n == 1; err != nil || !moved && exempt == 0 {
			return err
		}
		if moved {
			if err := s.Outbox.Enqueue(ctx, tx, distrustRecord(d.Key, d.Cutoff, d.At)); err != nil {
				return err
			}
		}
		by := audit.Entry{AtMs: int64(d.At), Who: d.Who, Role: staff.Operator}
		return s.recordCommand(ctx, tx, by, staff.DistrustKey, d.Key, fmt.Sprintf("at %v, moved %v, exempted %d", database.SecondsAt(d.Cutoff), moved, exempt))
	})
	if err != nil {
		return false, 0, err
	}
	return moved, exempt, nil
}

// firstUnexpiredDay is the first day whose credentials may not have expired at a time.
func firstUnexpiredDay(at database.Millis) int64 { return tokens.DayOf(at.Seconds()) - 1 }

// exempt stores and enqueues the credentials that are not exempt yet, and counts them. It
// skips those of past days.
func (s *Store) exempt(ctx context.Context, tx *sql.Tx, d Distrust) (fresh int, err error) {
	living := firstUnexpiredDay(d.At.Add(-revocation.Afterlife))
	if _, err := tx.ExecContext(ctx, `DELETE FROM exempted WHERE key_id = $1 AND day < $2`, int64(d.Key), living); err != nil {
		return 0, err
	}
	seen := make(map[tokens.Serial]bool, len(d.Exempt))
	err = database.Each(ctx, tx, func(rows *sql.Rows) error {
		var serial tokens.Serial
		err := rows.Scan(&serial.Day, &serial.Index)
		seen[serial] = true
		return err
	}, `SELECT day, idx FROM exempted WHERE key_id = $1`, int64(d.Key))
	if err != nil {
		return 0, err
	}
	wanted := d.Exempt
	if d.ExemptRunning {
		running, err := s.Sessions.Holders(ctx, tx, d.Key, max(database.SecondsAt(d.Cutoff), d.At.Add(-SessionOver)), d.At)
		if err != nil {
			return 0, err
		}
		wanted = slices.Concat(wanted, running)
	}
	var rows [][]any
	var records []revocation.Record
	for _, serial := range wanted {
		if seen[serial] || int64(serial.Day) < living {
			continue
		}
		if seen[serial] = true; len(seen) > MaxExempt {
			return 0, fmt.Errorf("%w: at most %d", ErrExempt, MaxExempt)
		}
		rows = append(rows, []any{int64(d.Key), int64(serial.Day), int64(serial.Index), d.At})
		records = append(records, revocation.Record{Kind: revocation.KindExempt, At: int64(d.At), Key: d.Key, Serial: serial})
	}
	if err := database.InsertMany(ctx, tx, `INSERT INTO exempted (key_id, day, idx, at_ms)`, rows); err != nil {
		return 0, err
	}
	return len(records), s.Outbox.Enqueue(ctx, tx, records...)
}

func distrustRecord(id tokens.KeyID, cutoff int64, at database.Millis) revocation.Record {
	return revocation.Record{Kind: revocation.KindRetireKey, At: int64(at), Key: id, Cutoff: cutoff}
}

// CutoffOf is the first session start, Unix seconds, that is refused under a key;
// tokens.Never for a trusted key.
func CutoffOf(ctx context.Context, q database.Queries, id tokens.KeyID) (cutoff int64, err error) {
	err = q.QueryRowContext(ctx, `SELECT cut_off FROM key_cutoffs WHERE key_id = $1`, int64(id)).Scan(&cutoff)
	if err == sql.ErrNoRows {
		return tokens.Never, nil
	}
	return cutoff, err
}

// Trusted is what gateways know of a key, with respect to one credential.
type Trusted struct {
	Public []byte // nil: the key was never announced
	Cutoff int64  // tokens.Never while the key is trusted
	Exempt bool   // the credential is exempt from the cutoff
}

// TrustedFor reads what the stream says about a key.
func TrustedFor(ctx context.Context, q database.Queries, id tokens.KeyID, serial tokens.Serial) (t Trusted, err error) {
	var cutoff sql.Null[int64]
	err = q.QueryRowContext(ctx, `SELECT (SELECT public FROM announced_keys WHERE id = $1), (SELECT cut_off FROM key_cutoffs WHERE key_id = $1),
			(SELECT COUNT(*) > 0 FROM exempted WHERE key_id = $1 AND day = $2 AND idx = $3)`,
		int64(id), int64(serial.Day), int64(serial.Index)).Scan(&t.Public, &cutoff, &t.Exempt)
	if t.Cutoff = tokens.Never; cutoff.Valid {
		t.Cutoff = cutoff.V
	}
	return t, err
}

// ActiveRecords is the outbox.Source of keys, and of every gateway. Announcements precede
// the other records of their keys, and exemptions precede the cutoff. A retired key is omitted unless it is
// distrusted: a gateway that remembers the key may have missed the cutoff, and the cutoff
// means nothing without the key. Past exemptions are included for as long as gateways
// keep them.
func ActiveRecords(ctx context.Context, _ *database.DB, tx *sql.Tx, now database.Millis) ([]revocation.Record, error) {
	records, err := outbox.ReadRecords(ctx, tx,
		outbox.NewQuery(revocation.KindAnnounceKey, func(rows *sql.Rows, r *revocation.Record) error {
			var public []byte
			err := rows.Scan(&r.Key, &public, &r.At)
			if copy(r.Public[:], public); err == nil && len(public) != len(r.Public) {
				err = errPublic
			}
			return err
		}, `SELECT id, public, at_ms FROM announced_keys
			WHERE id NOT IN (SELECT id FROM issuer_keys WHERE retired_ms IS NOT NULL) OR id IN (SELECT key_id FROM key_cutoffs) ORDER BY id`),
		outbox.NewQuery(revocation.KindExempt, func(rows *sql.Rows, r *revocation.Record) error {
			return rows.Scan(&r.Key, &r.Serial.Day, &r.Serial.Index, &r.At)
		}, `SELECT key_id, day, idx, at_ms FROM exempted WHERE day >= $1 ORDER BY key_id, day, idx`, firstUnexpiredDay(now.Add(-revocation.Afterlife))),
		outbox.NewQuery(revocation.KindRetireKey, func(rows *sql.Rows, r *revocation.Record) error {
			return rows.Scan(&r.Key, &r.Cutoff, &r.At)
		}, `SELECT key_id, cut_off, at_ms FROM key_cutoffs ORDER BY key_id`))
	if err != nil {
		return nil, err
	}
	gateways, err := gatewayRecords(ctx, tx, now, selectGateways+` ORDER BY id`)
	return append(records, gateways...), err
}
