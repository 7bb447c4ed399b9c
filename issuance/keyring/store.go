package keyring

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/railgate/railgate/issuance/audit"
	"github.com/railgate/railgate/issuance/database"
	"github.com/railgate/railgate/tokens"
)

// DefaultLead is how long an announcement is in the stream before its key signs.
// Ours: gateways that run have it within a second, and one whose data are older
// than this is close to denying everything anyhow (15 minutes).
const DefaultLead = 10 * time.Minute

// MaxLead keeps a slip in a setting from keeping a key out of use for ever.
const MaxLead = 24 * time.Hour

// sessionOver is how long after a key signed its last no session under it is good:
// 30 minutes (rule A11), and a minute for clocks that differ and for an issuer that
// signed by a view that was maxAge old.
const sessionOver = tokens.MaxPeriod*tokens.MaxLength*time.Second + time.Minute

// Why an order is refused. The errors that wrap these say which key and when.
var (
	ErrUnknown  = errors.New("keyring: no such key was ever announced")
	ErrBound    = errors.New("keyring: the id belongs to another public key")
	ErrRetired  = errors.New("keyring: the key is retired")
	ErrCutOff   = errors.New("keyring: the key is cut off")
	ErrTooSoon  = errors.New("keyring: gateways may not know the key by then")
	ErrOnlyKey  = errors.New("keyring: no other key is in service")
	ErrInUse    = errors.New("keyring: the key has not been told to rest")
	ErrSessions = errors.New("keyring: sessions under the key may still be running")

	errPublic = errors.New("keyring: a public key in the database has the wrong length")
)

// Announcer puts the announcement of a key into the outbox, unless it was there
// lately, and says whether it did. An id that is bound to another public key is an
// error. *store.Store is one.
type Announcer interface {
	AnnounceKey(ctx context.Context, id tokens.KeyID, public [tokens.PublicKeySize]byte, atMs int64) (announced bool, err error)
}

// Book keeps in the database how far each issuer key has come. It needs no secret.
// It is safe for many goroutines, and for several issuers and commands at once.
type Book struct {
	db     *database.DB
	stream Announcer
	trail  *audit.Trail // nil: orders are refused
	lead   time.Duration
}

// NewBook makes a Book; it starts nothing. The trail takes the entries of orders; without
// one every order fails. lead is how long an announcement must be
// in the stream before its key signs, at most MaxLead; 0: no time, for tests only.
// It counts when an announcement is first seen in the stream, and for UseFrom.
func NewBook(db *database.DB, stream Announcer, trail *audit.Trail, lead time.Duration) (*Book, error) {
	if db == nil || stream == nil {
		return nil, errors.New("keyring: a database and an announcer are needed")
	}
	if lead < 0 || lead > MaxLead {
		return nil, fmt.Errorf("keyring: the lead time must be 0 to %v", MaxLead)
	}
	return &Book{db, stream, trail, lead}, nil
}

// Public is the half of a key that gateways know.
type Public struct {
	ID  tokens.KeyID
	Key [tokens.PublicKeySize]byte
}

// Announceable lists the keys whose announcement must be repeated before topics
// forget it: all that were ordered and are not retired, a key that is cut off among
// them, whose cut-off goes along.
func (b *Book) Announceable(ctx context.Context) (keys []Public, err error) {
	_, rows, err := b.rows(ctx)
	for _, r := range rows {
		if r.retired == 0 {
			keys = append(keys, Public{r.id, r.public})
		}
	}
	return keys, err
}

func (b *Book) rows(ctx context.Context) (nowMs int64, rows []row, err error) {
	err = b.db.View(ctx, "read the issuer keys", func(ctx context.Context, q database.Queries) (err error) {
		nowMs, rows, err = read(ctx, b.db, q)
		return err
	})
	return nowMs, rows, err
}

// change runs f alone among all orders, with the keys as they are then.
func (b *Book) change(ctx context.Context, what string, f func(ctx context.Context, tx *sql.Tx, nowMs int64, rows []row) error) error {
	return b.db.Change(ctx, what, func(ctx context.Context, tx *sql.Tx) error {
		if b.db.Exclusive != "" {
			if _, err := tx.ExecContext(ctx, b.db.Exclusive); err != nil {
				return err
			}
		}
		nowMs, rows, err := read(ctx, b.db, tx)
		if err != nil {
			return err
		}
		return f(ctx, tx, nowMs, rows)
	})
}

// note writes down which announcements have come to be in the stream: from now on
// the lead time of their keys runs. Seen late, it runs late, never early. While no
// key was ever in the stream there is nothing better to sign with, and no lead.
func (b *Book) note(ctx context.Context) error {
	return b.change(ctx, "note which keys are in the stream", func(ctx context.Context, tx *sql.Tx, nowMs int64, rows []row) error {
		lead := int64(0)
		for _, r := range rows {
			if r.published != 0 {
				lead = b.lead.Milliseconds()
			}
		}
		for _, r := range rows {
			if r.published != 0 || !r.inStream {
				continue
			}
			_, err := tx.ExecContext(ctx, `UPDATE issuer_keys SET published_ms = $1, use_from_ms = $2 WHERE id = $3`,
				nowMs, max(r.useFrom, nowMs+lead), int64(r.id))
			if err != nil {
				return err
			}
		}
		return nil
	})
}

// unnoted reports whether note has something to write.
func unnoted(rows []row) bool {
	for _, r := range rows {
		if r.published == 0 && r.inStream {
			return true
		}
	}
	return false
}
