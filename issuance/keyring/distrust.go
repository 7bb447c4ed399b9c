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

// MaxExempt bounds the credentials that are exempt from one key's cut-off and
// live.
const MaxExempt = 1_000_000

// distrustTimeout bounds a key's cut-off: it writes two rows for each exempt
// credential.
const distrustTimeout = 2 * time.Minute

// Why a cut-off is refused.
var (
	ErrCutoffTime = errors.New("keyring: a cut-off must be a time from 1970 to 2106")
	ErrExempt     = errors.New("keyring: too many credentials to rescue")
)

// Distrust takes a key out of service: sessions that start at or after CutOff
// are not good under it, but for those of exempt credentials.
type Distrust struct {
	Key    tokens.KeyID
	Cutoff int64 // Unix seconds
	// Exempt credentials stay good under the key until they expire. Whoever
	// holds a stolen key can make passes for them, too: exempt as few as possible.
	Exempt []tokens.Serial
	// ExemptRunning adds every credential, neither revoked nor expired, with a
	// running session in this database that starts at or after CutOff. Serials
	// that only a thief's passes bear are not among them.
	ExemptRunning bool
	Who           string // orders it; see staff.CheckName
	At            database.Millis
}

// Distrust puts the exempt credentials and then the cut-off into the outbox,
// in one transaction: no gateway sees the cut-off before what is exempt from
// it. A cut-off only ever moves to an earlier time, and what was exempt stays
// so; a repetition changes nothing. It returns whether the cut-off moved and how
// many credentials are exempt that were not before. A key that this database has
// not announced is ErrUnknown: gateways would not know it either.
func (s *Store) Distrust(ctx context.Context, d Distrust) (moved bool, exempt int, err error) {
	if d.Cutoff < 1 || d.Cutoff > math.MaxUint32 {
		return false, 0, ErrCutoffTime
	}
	if len(d.Exempt) > MaxExempt {
		return false, 0, fmt.Errorf("%w: at most %d", ErrExempt, MaxExempt)
	}
	err = s.db.ChangeWithin(ctx, distrustTimeout, "distrust key", func(ctx context.Context, tx *sql.Tx) error {
		var id int64 // two orders on one key take turns
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

// exempt keeps and enqueues the exempt credentials that are not known yet, and
// counts them. Those of days that are over it leaves out.
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
	return revocation.Record{Kind: revocation.KindRetireKey, At: int64(at), Key: id, CutOff: cutoff}
}

// CutoffOf is the first session start, Unix seconds, that is not good under a key;
// tokens.Never for a key in service.
func CutoffOf(ctx context.Context, q database.Queries, id tokens.KeyID) (cutoff int64, err error) {
	err = q.QueryRowContext(ctx, `SELECT cut_off FROM key_cutoffs WHERE key_id = $1`, int64(id)).Scan(&cutoff)
	if err == sql.ErrNoRows {
		return tokens.Never, nil
	}
	return cutoff, err
}

// Trusted is what gateways know of a key, for one credential.
type Trusted struct {
	Public []byte // nil: the key was never announced
	Cutoff int64  // tokens.Never while the key is in service
	Exempt bool   // the credential, from the cut-off
}

// TrustedFor reads what gateways are told of a key.
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

// ActiveRecords is the outbox.Source of keys: they come before what is
// said of them, exemptions before the cut-off they are from. A retired key is left
// out, but not one that is cut off: a gateway that remembers the key, and may have
// missed the cut-off, must hear of it, and no other can make sense of it alone. What is
// over is said for as long as gateways keep it.
func ActiveRecords(ctx context.Context, _ *database.DB, tx *sql.Tx, now database.Millis) ([]revocation.Record, error) {
	return outbox.ReadRecords(ctx, tx,
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
			return rows.Scan(&r.Key, &r.CutOff, &r.At)
		}, `SELECT key_id, cut_off, at_ms FROM key_cutoffs ORDER BY key_id`))
}
