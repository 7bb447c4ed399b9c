package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/railgate/railgate/issuance/keystore"
	"github.com/railgate/railgate/issuance/store"
)

// openStore opens the database of the settings; with move, whatever its stream is.
func openStore(ctx context.Context, c *config, move bool) (*store.Store, error) {
	db, err := store.Open(ctx, store.Config{Database: c.Database, Partitions: c.Kafka.Partitions, Topic: c.Kafka.Topic, Move: move})
	if err != nil {
		return nil, fmt.Errorf("database: %w", err)
	}
	return db, nil
}

// passphrase is that of the settings; empty: none.
func (c *config) passphrase() (keystore.Passphrase, error) {
	if c.PassphraseFile == "" {
		return "", nil
	}
	p, err := keystore.ReadPassphrase(c.PassphraseFile, c.trust())
	if err != nil {
		return "", fmt.Errorf("keys_passphrase_file: %w", err)
	}
	return p, nil
}

// keyOptions open the key directory, sealed or not.
func (c *config) keyOptions() (o keystore.Options, err error) {
	o.Trust = c.trust()
	o.Passphrase, err = c.passphrase()
	return o, err
}

// openKeys says which setting is at fault.
func (c *config) openKeys() (*keystore.Keys, error) {
	o, err := c.keyOptions()
	if err != nil {
		return nil, err
	}
	k, err := o.Open(c.Keys)
	switch {
	case errors.Is(err, keystore.ErrSealed):
		return nil, fmt.Errorf("keys: %w; set keys_passphrase_file", err)
	case errors.Is(err, keystore.ErrPassphrase):
		return nil, fmt.Errorf("keys_passphrase_file: %w", err)
	case err != nil:
		return nil, fmt.Errorf("keys: %w", err)
	}
	return k, nil
}
