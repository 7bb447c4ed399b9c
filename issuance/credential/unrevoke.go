package credential

import (
	"context"
	"database/sql"
	"errors"

	"github.com/railgate/railgate/issuance/audit"
	"github.com/railgate/railgate/issuance/database"
	"github.com/railgate/railgate/tokens"
)

// Period selects the revocations by one staff credential in [From, To).
type Period struct {
	Who      string
	From, To database.Millis
	At       database.Millis // of the command
	Entry    audit.Entry     // for each credential; its object is filled in
}

// unrevocable selects the credentials that are revoked only because of a period: otherwise
// active, not superseded, and not revoked by another staff credential since their last
// unrevocation.
const unrevocable = `
	SELECT DISTINCT r.day, r.idx FROM revocations r JOIN credentials c ON c.day = r.day AND c.idx = r.idx
	WHERE r.who = $1 AND r.unrevoked = 0 AND r.at_ms >= $2 AND r.at_ms < $3
	  AND c.revoked_ms IS NOT NULL AND c.superseded = 0 AND c.expires_ms > $4
	  AND NOT EXISTS (SELECT 1 FROM revocations l WHERE l.day = r.day AND l.idx = r.idx AND l.unrevoked = 1 AND l.id > r.id)
	  AND NOT EXISTS (SELECT 1 FROM revocations o WHERE o.day = r.day AND o.idx = r.idx AND o.unrevoked = 0 AND o.who <> r.who
	    AND o.id > (SELECT COALESCE(MAX(l.id), 0) FROM revocations l WHERE l.day = r.day AND l.idx = r.idx AND l.unrevoked = 1))`

func (p *Period) args() []any { return []any{p.Who, p.From, p.To, p.At} }

// RevokedIn counts the revocations of a period, and finds what UnrevokePeriod would unrevoke.
func (s *Store) RevokedIn(ctx context.Context, p Period) (revoked int, undo []tokens.Serial, err error) {
	err = s.db.View(ctx, "find revocations", func(ctx context.Context, q database.Queries) error {
		err := q.QueryRowContext(ctx, `SELECT COUNT(*) FROM revocations WHERE who = $1 AND unrevoked = 0 AND at_ms >= $2 AND at_ms < $3`,
			p.Who, p.From, p.To).Scan(&revoked)
		if err != nil {
			return err
		}
		undo, err = database.All(ctx, q, scanSerial, unrevocable+` ORDER BY r.day, r.idx`, p.args()...)
		return err
	})
	return revoked, undo, err
}

// unrevokeBatch is how many credentials one transaction of UnrevokePeriod unrevokes: few
// enough that other transactions wait only shortly.
const unrevokeBatch = 100

// UnrevokePeriod unrevokes, in order, those of the serials that are revoked only because of
// the period. Each transaction has a batch with its records and audit log entries. done gets
// the total after each batch.
func (s *Store) UnrevokePeriod(ctx context.Context, p Period, serials []tokens.Serial, done func(unrevoked int)) error {
	total := 0
	for len(serials) > 0 {
		n := min(len(serials), unrevokeBatch)
		var batch int
		err := s.db.Change(ctx, "unrevoke", func(ctx context.Context, tx *sql.Tx) error {
			batch = 0
			for _, serial := range serials[:n] {
				did, err := s.unrevokeIn(ctx, tx, &p, serial)
				if err != nil {
					return err
				}
				if did {
					batch++
				}
			}
			return nil
		})
		if err != nil {
			return err
		}
		total, serials = total+batch, serials[n:]
		done(total)
	}
	return nil
}

// unrevokeIn unrevokes one credential if it is still revoked only because of the period. It
// takes the locks of SetRevoked, in the same order.
func (s *Store) unrevokeIn(ctx context.Context, tx *sql.Tx, p *Period, serial tokens.Serial) (bool, error) {
	if err := s.lockPersonOf(ctx, tx, serial); errors.Is(err, sql.ErrNoRows) {
		return false, nil // erased meanwhile
	} else if err != nil {
		return false, err
	}
	have, err := readCredential(ctx, tx, serial, s.db.ForUpdate)
	if err != nil {
		return false, err
	}
	var day, index int64
	err = tx.QueryRowContext(ctx, unrevocable+` AND r.day = $5 AND r.idx = $6`, append(p.args(), int64(serial.Day), int64(serial.Index))...).Scan(&day, &index)
	if errors.Is(err, sql.ErrNoRows) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	if newer, err := hasNewer(ctx, tx, have); err != nil || newer {
		return false, err
	}
	entry := p.Entry
	entry.Object = audit.Serial(serial)
	return true, s.setRevoked(ctx, tx, &Revocation{Serial: serial, Who: entry.Who, At: p.At, Entry: entry})
}
