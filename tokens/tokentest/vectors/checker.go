package vectors

import (
	"encoding/hex"
	"errors"
	"fmt"

	"github.com/railgate/railgate/tokens"
	"github.com/railgate/railgate/tokens/fixedkey"
	"github.com/railgate/railgate/tokens/tokentest"
)

// Checker returns the gate that the vector describes, without remembered passes. It
// omits keys that a gate refuses.
func (v *Vector) Checker(tables bool) (tokens.Checker, error) {
	var none tokens.Checker
	var keys []tokens.Key
	for _, k := range v.Keys {
		key := tokens.Key{ID: tokens.KeyID(k.ID), Cutoff: tokens.Never}
		if n, err := hex.Decode(key.Public[:], []byte(k.Public)); err != nil || n != tokens.PublicKeySize {
			return none, fmt.Errorf("key %d: %d bytes, %v", k.ID, n, err)
		}
		if k.Cutoff != nil {
			key.Cutoff = *k.Cutoff
		}
		if len(k.Exempt) > 0 {
			exempt, err := serials(k.Exempt)
			if err != nil {
				return none, err
			}
			key.Exempted = tokentest.Serials(exempt)
		}
		switch err := key.Prepare(tables); {
		case errors.Is(err, fixedkey.ErrKeyWeak), errors.Is(err, fixedkey.ErrKeyForm):
			continue
		case err != nil:
			return none, err
		}
		keys = append(keys, key)
	}
	set, err := tokens.NewKeySet(keys...)
	if err != nil {
		return none, err
	}
	revoked, err := serials(v.Revoked)
	if err != nil {
		return none, err
	}
	cutoffs := make(map[tokens.Subject]int64)
	for _, c := range v.SubjectCutoffs {
		var subject tokens.Subject
		if n, err := hex.Decode(subject[:], []byte(c.Subject)); err != nil || n != len(subject) {
			return none, fmt.Errorf("subject %q: %v", c.Subject, err)
		}
		cutoffs[subject] = c.EarliestStart
	}
	closed := make(map[tokentest.Opened]int64)
	for _, c := range v.ClosedSessions {
		serial, err := tokens.ParseSerial(c.Serial)
		if err != nil {
			return none, err
		}
		closed[tokentest.Opened{Serial: serial, Start: c.Start}] = v.Now
	}
	return tokens.Checker{Keys: set, Revocations: tokentest.Revocations{Serials: revoked, Cutoffs: cutoffs, Ended: closed}}, nil
}

func serials(texts []string) (map[tokens.Serial]bool, error) {
	set := make(map[tokens.Serial]bool)
	for _, text := range texts {
		serial, err := tokens.ParseSerial(text)
		if err != nil {
			return nil, err
		}
		set[serial] = true
	}
	return set, nil
}
