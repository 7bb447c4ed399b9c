package store

import (
	"bytes"
	"context"
	"database/sql"
	"fmt"
	"time"

	"github.com/railgate/railgate/issuance/database"
	"github.com/railgate/railgate/revocation"
	"github.com/railgate/railgate/tokens"
)

// AnnounceAgain is how old an announcement may grow. Topics forget: a gateway
// that boots after the topic's retention (above 72 h) must still find every key.
const AnnounceAgain = 24 * time.Hour

// AnnounceKey puts a key's announcement into the outbox unless this database
// has announced it within AnnounceAgain, and reports whether it did. A cut-off
// that the key has follows it. An id that is bound to another public key is ErrKeyBound,
// and a key that gateways refuse is ErrKeyWeak: its codes would be unknown_key.
func (s *Store) AnnounceKey(ctx context.Context, id tokens.KeyID, public [tokens.PublicKeySize]byte, atMs int64) (announced bool, err error) {
	if err := tokens.CheckPublicKey(public); err != nil {
		return false, fmt.Errorf("%w: id %d: %w", ErrKeyWeak, id, err)
	}
	err = s.db.Change(ctx, "announce key", func(ctx context.Context, tx *sql.Tx) error {
		// Two issuers that start together on one database announce in turn.
		if s.db.Exclusive != "" {
			if _, err := tx.ExecContext(ctx, s.db.Exclusive); err != nil {
				return err
			}
		}
		var bound []byte
		var lastMs int64
		err := tx.QueryRowContext(ctx, `SELECT public, at_ms FROM announced_keys WHERE id = $1`, int64(id)).Scan(&bound, &lastMs)
		switch {
		case err == sql.ErrNoRows:
		case err != nil:
			return err
		case !bytes.Equal(bound, public[:]):
			return fmt.Errorf("id %d: %w", id, ErrKeyBound)
		case atMs-lastMs < AnnounceAgain.Milliseconds():
			return nil
		}
		row, err := s.enqueue(ctx, tx, &revocation.Record{Kind: revocation.KindAnnounceKey, At: atMs, Key: id, Public: public})
		if err != nil {
			return err
		}
		announced = true
		// A gateway that starts after the topic forgot a cut-off must not take the
		// key for one in service. What is rescued from it expires long before that.
		cutOff, err := keyCutOff(ctx, tx, id)
		if err != nil {
			return err
		}
		if cutOff != tokens.Never {
			_, err := s.enqueue(ctx, tx, &revocation.Record{Kind: revocation.KindRetireKey, At: atMs, Key: id, CutOff: cutOff})
			if err != nil {
				return err
			}
		}
		_, err = tx.ExecContext(ctx, `
			INSERT INTO announced_keys (id, public, at_ms, outbox_id) VALUES ($1, $2, $3, $4)
			ON CONFLICT (id) DO UPDATE SET at_ms = $3`, // KeyPublished asks for the first one
			int64(id), public[:], atMs, row)
		return err
	})
	return announced && err == nil, err
}

// KeyPublished reports whether a key's announcement has left the outbox: only
// then can a gateway know the key.
func (s *Store) KeyPublished(ctx context.Context, id tokens.KeyID) (published bool, err error) {
	err = s.db.View(ctx, "find key", func(ctx context.Context, q database.Queries) error {
		var waiting int
		err := q.QueryRowContext(ctx, `
			SELECT (SELECT COUNT(*) FROM outbox WHERE outbox.id = announced_keys.outbox_id)
			FROM announced_keys WHERE announced_keys.id = $1`, int64(id)).Scan(&waiting)
		published = err == nil && waiting == 0
		return err
	})
	return published, err
}
