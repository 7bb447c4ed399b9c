package issuance

import (
	"context"

	"github.com/railgate/railgate/issuance/audit"
	"github.com/railgate/railgate/issuance/keyring"
	"github.com/railgate/railgate/issuance/staff"
)

// itself is the name of the issuer in the trail, where nobody ordered what it did.
const itself = "issuer"

// keysInService are what the rules ask of keys: the ring answers from memory, the
// book from the database.
type keysInService struct {
	*keyring.Ring
	book *keyring.Book
}

func (k keysInService) Announceable(ctx context.Context) ([]keyring.Public, error) {
	return k.book.Announceable(ctx)
}

// openKeys makes the ring of the issuer's keys. On a new database the oldest begins,
// without an order: there is nothing better to sign with.
func (b *Backend) openKeys(ctx context.Context, c *Config) (keysInService, error) {
	none := keysInService{}
	book, err := keyring.NewBook(c.Rules.Store.Database(), c.Rules.Store, b.Trail, c.KeyLead)
	if err != nil {
		return none, err
	}
	ring, err := keyring.New(keyring.Config{Book: book, Keys: c.Keys, Now: b.now, Log: b.log, Metrics: c.Rules.Metrics})
	if err != nil {
		return none, err
	}
	by := audit.Entry{AtMs: b.now().UnixMilli(), Who: itself, Role: staff.Program}
	if _, err := book.Begin(ctx, c.Keys[0].Public(), by); err != nil {
		return none, err
	}
	return keysInService{ring, book}, nil
}
