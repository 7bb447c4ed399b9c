package keyring

import (
	"bytes"
	"context"
	"database/sql"
	"fmt"
	"time"

	"github.com/railgate/railgate/issuance/audit"
	"github.com/railgate/railgate/issuance/database"
	"github.com/railgate/railgate/issuance/outbox"
	"github.com/railgate/railgate/issuance/staff"
	"github.com/railgate/railgate/revocation"
	"github.com/railgate/railgate/tokens"
)

// AnnounceAgain is the age at which an announcement is repeated. Topics forget: a gateway
// that starts after the topic's retention (above 72 h) must still find every key.
const AnnounceAgain = 24 * time.Hour

// Public is the public part of a key, which gateways know.
type Public struct {
	ID  tokens.KeyID
	Key [tokens.PublicKeySize]byte
}

// Announceable lists the keys whose announcement must be repeated before topics forget
// it: all keys that are not retired, distrusted ones among them with their cutoffs.
func (s *Store) Announceable(ctx context.Context) (keys []Public, err error) {
	_, rows, err := s.rows(ctx)
	for _, r := range rows {
		if r.retired == 0 {
			keys = append(keys, Public{r.id, r.public})
		}
	}
	return keys, err
}

// Publish puts a key's announcement into the outbox unless this database has announced it
// within AnnounceAgain, and reports whether it did. The cutoff of a distrusted key follows
// it. An id that is bound to another public key is ErrBound. A key that gateways refuse is
// ErrWeak: its codes would be unknown_key.
func (s *Store) Publish(ctx context.Context, k Public, at database.Millis) (announced bool, err error) {
	if err := tokens.CheckPublicKey(k.Key); err != nil {
		return false, fmt.Errorf("%w: id %d: %w", ErrWeak, k.ID, err)
	}
	err = s.db.Change(ctx, "announce key", func(ctx context.Context, tx *sql.Tx) error {
		if err := s.lockCommands(ctx, tx); err != nil {
			return err
		}
		var bound []byte
		var last database.Millis
		err := tx.QueryRowContext(ctx, `SELECT public, at_ms FROM announced_keys WHERE id = $1`, int64(k.ID)).Scan(&bound, &last)
		switch {
		case err == sql.ErrNoRows:
		case err != nil:
			return err
		case !bytes.Equal(bound, k.Key[:]):
			return fmt.Errorf("id %d: %w", k.ID, ErrBound)
		case at < last.Add(AnnounceAgain):
			return nil
		}
		row, err := s.Outbox.EnqueueRow(ctx, tx, revocation.Record{Kind: revocation.KindAnnounceKey, At: int64(at), Key: k.ID, Public: k.Key})
		if err != nil {
			return err
		}
		announced = true
		// A gateway that starts after the topic forgot a cutoff must not trust the key.
		// Exempt credentials expire long before that.
		cutoff, err := CutoffOf(ctx, tx, k.ID)
		if err != nil {
			return err
		}
		if cutoff != tokens.Never {
			if err := s.Outbox.Enqueue(ctx, tx, distrustRecord(k.ID, cutoff, at)); err != nil {
				return err
			}
		}
		_, err = tx.ExecContext(ctx, `
			INSERT INTO announced_keys (id, public, at_ms, outbox_id) VALUES ($1, $2, $3, $4)
			ON CONFLICT (id) DO UPDATE SET at_ms = $3`, // the outbox_id of the first one stays: Published reads it
			int64(k.ID), k.Key[:], at, row)
		return err
	})
	return announced && err == nil, err
}

// Published reports whether a key's announcement has left the outbox: only then can a
// gateway know the key.
func (s *Store) Published(ctx context.Context, id tokens.KeyID) (published bool, err error) {
	err = s.db.View(ctx, "find key", func(ctx context.Context, q database.Queries) error {
		return q.QueryRowContext(ctx, `SELECT NOT `+outbox.Waits("announced_keys.outbox_id")+` FROM announced_keys WHERE announced_keys.id = $1`,
			int64(id)).Scan(&published)
	})
	return published, err
}

// Bootstrap records that a database's very first key is to be announced; later it does
// nothing and reports false. The caller then publishes all Announceable keys.
func (s *Store) Bootstrap(ctx context.Context, k Public, by audit.Entry) (first bool, err error) {
	return s.change(ctx, "begin with the first issuer key", func(ctx context.Context, tx *sql.Tx, now database.Millis, rows []row) (bool, error) {
		if len(rows) > 0 {
			return false, nil
		}
		return s.insert(ctx, tx, k, now, by)
	})
}

// Announce records that a key is to be announced, and puts its announcement into the
// outbox. A repetition completes an interrupted announcement and otherwise changes
// nothing, as changed reports. A retired key is ErrRetired, an id with another public key
// ErrBound. by has the operator, the role, the time and the request.
func (s *Store) Announce(ctx context.Context, k Public, by audit.Entry) (changed bool, err error) {
	if changed, err = s.recordAnnouncement(ctx, k, by); err != nil {
		return false, err
	}
	_, err = s.Publish(ctx, k, database.Millis(by.AtMs))
	return changed, err
}

// recordAnnouncement records that a key is to be announced.
func (s *Store) recordAnnouncement(ctx context.Context, k Public, by audit.Entry) (changed bool, err error) {
	return s.change(ctx, "announce key", func(ctx context.Context, tx *sql.Tx, now database.Millis, rows []row) (bool, error) {
		switch r := findRow(rows, k.ID); {
		case r == nil:
			return s.insert(ctx, tx, k, now, by)
		case r.public != k.Key:
			return false, fmt.Errorf("%w: key %d", ErrBound, k.ID)
		case r.retired != 0:
			return false, fmt.Errorf("%w: key %d since %v; create a new key", ErrRetired, k.ID, r.retired)
		}
		return false, nil
	})
}

// insert adds the key. It refuses an id that was announced with another public key: the
// new announcement could never succeed.
func (s *Store) insert(ctx context.Context, tx *sql.Tx, k Public, now database.Millis, by audit.Entry) (changed bool, err error) {
	var others int
	err = tx.QueryRowContext(ctx, `SELECT COUNT(*) FROM announced_keys WHERE id = $1 AND public <> $2`, int64(k.ID), k.Key[:]).Scan(&others)
	if err != nil {
		return false, err
	}
	if others != 0 {
		return false, fmt.Errorf("%w: key %d", ErrBound, k.ID)
	}
	_, err = tx.ExecContext(ctx, `INSERT INTO issuer_keys (id, public, ordered_ms) VALUES ($1, $2, $3)`, int64(k.ID), k.Key[:], now)
	if err != nil {
		return false, err
	}
	return true, s.recordCommand(ctx, tx, by, staff.AnnounceKey, k.ID, "")
}
