package credential

import (
	"context"
	"errors"
	"fmt"
	"time"

	"go.uber.org/zap"

	"github.com/railgate/railgate/issuance/keyring"
	"github.com/railgate/railgate/issuance/store"
	"github.com/railgate/railgate/tokens"
	"github.com/railgate/railgate/tokens/signing"
)

// Keys says which issuer key signs, and which ones gateways are told of. backend
// makes it of a keyring.Ring and its Book.
type Keys interface {
	// Current is the key that signs a session which starts at a time, from memory;
	// keyring.ErrNoKey, with the reason, if there is none.
	Current(start time.Time) (tokens.KeyID, signing.Signer, error)
	// Refresh has Current know what was committed before the call.
	Refresh(ctx context.Context) error
	// Announceable are those whose announcement is to be repeated.
	Announceable(ctx context.Context) ([]keyring.Public, error)
}

// oneKey signs from the first moment: Config.Signer, for tests.
type oneKey struct{ keyring.Key }

var _ Keys = oneKey{}

func (k oneKey) Current(time.Time) (tokens.KeyID, signing.Signer, error) {
	return k.ID, k.Signer, nil
}
func (oneKey) Refresh(context.Context) error { return nil }
func (k oneKey) Announceable(context.Context) ([]keyring.Public, error) {
	return []keyring.Public{k.Public()}, nil
}

// announceKeys is idempotent: the database remembers when it announced what.
func (s *Service) announceKeys(ctx context.Context) error {
	own, err := s.Keys.Announceable(ctx)
	if err != nil {
		return fmt.Errorf("issuance: which keys to announce: %w", err)
	}
	keys := make([]PublicKey, 0, len(own)+len(s.Announce))
	for _, k := range own {
		keys = append(keys, PublicKey{k.ID, k.Key})
	}
	for _, k := range append(keys, s.Announce...) {
		announced, err := s.Store.AnnounceKey(ctx, k.ID, k.Public, s.Now().UnixMilli())
		if err != nil {
			return fmt.Errorf("issuance: announcing key %d: %w", k.ID, err)
		}
		if announced {
			s.Log.Info("key announced", zap.Uint16("key_id", uint16(k.ID)))
			s.Wake()
		}
	}
	return nil
}

// underKey runs open with the key that signs sessions from start, Unix seconds. A
// key that was cut off since the last look at the keys is found out by open's
// transaction: then they are looked up anew, once, and it runs again.
func (s *Service) underKey(ctx context.Context, start int64, open func(tokens.KeyID, signing.Signer) error) error {
	for again := false; ; again = true {
		id, signer, err := s.Keys.Current(time.Unix(start, 0))
		if err != nil {
			return errSuspended // why is in the log since the moment it became so
		}
		err = open(id, signer)
		switch {
		case !errors.Is(err, store.ErrKeyCutOff):
			return err
		case again:
			s.Log.Error("the issuer key is cut off: no session can be opened until the issuer has another", zap.Uint16("key_id", uint16(id)))
			return errSuspended
		}
		if err := s.Keys.Refresh(ctx); err != nil {
			return err
		}
	}
}
