package keystore

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"strconv"
	"strings"
	"time"

	"github.com/railgate/railgate/internal/ownfile"
	"github.com/railgate/railgate/tokens"
	"github.com/railgate/railgate/tokens/signing"
)

// FirstTestKey is the first id reserved for keys of tests and load tests: no
// issuer made here has it or a higher one.
const FirstTestKey tokens.KeyID = 32768

func issuerFile(id tokens.KeyID) string  { return fmt.Sprintf("%s%d%s", issuerStem, id, inUse) }
func retiredFile(id tokens.KeyID) string { return fmt.Sprintf("%s%d%s", issuerStem, id, retired) }

// issuerID reads the id in a file's name; end is inUse or retired.
func issuerID(name, end string) (tokens.KeyID, bool) {
	stem, isIssuer := strings.CutPrefix(name, issuerStem)
	stem, ends := strings.CutSuffix(stem, end)
	n, err := number(stem, 1, uint64(FirstTestKey)-1)
	return tokens.KeyID(n), isIssuer && ends && err == nil
}

func retiredID(name string) (tokens.KeyID, bool) { return issuerID(name, retired) }

// drawID is random because ids are bound to keys for ever: two issuers set up by
// people who never spoke should not meet on one. It returns 0 if all are taken.
func drawID(taken map[tokens.KeyID]bool) tokens.KeyID {
	const ids = int(FirstTestKey) - 1
	first := rand.IntN(ids)
	for i := range ids {
		if id := tokens.KeyID(1 + (first+i)%ids); !taken[id] {
			return id
		}
	}
	return 0
}

// Generate adds an issuer key to a directory that Init made. Its id is none of
// taken, which should be all that were ever announced, and none that the directory
// ever held. Nothing signs with it yet: Keys.Issuer stays the oldest.
func (o Options) Generate(dir string, taken map[tokens.KeyID]bool) (Issuer, error) {
	d, err := o.enterToAdd(dir)
	if err != nil {
		return Issuer{}, err
	}
	defer d.leave()
	used := make(map[tokens.KeyID]bool)
	for id, is := range taken {
		used[id] = is
	}
	for _, name := range d.names {
		for _, end := range []string{inUse, retired} {
			if id, ok := issuerID(name, end); ok {
				used[id] = true
			}
		}
	}
	id := drawID(used)
	if id == 0 {
		return Issuer{}, errors.New("keystore: every id is taken")
	}
	return d.addIssuer(id, o.now())
}

// enterToAdd sees to it that a new key is as well kept as its neighbours.
func (o Options) enterToAdd(dir string) (*directory, error) {
	d, err := enter(dir, o.Passphrase, ownfile.Trust{}, true)
	if err != nil {
		return nil, err
	}
	if len(d.keys()) == 0 {
		err = fmt.Errorf("keystore: %s holds no keys; Init makes the first", dir)
	} else if d.seal == nil && o.Passphrase != "" {
		err = fmt.Errorf("keystore: a passphrase was given, but %s is plain; Seal it first", dir)
	}
	if err != nil {
		d.leave()
		return nil, err
	}
	return d, nil
}

func (d *directory) addIssuer(id tokens.KeyID, at time.Time) (Issuer, error) {
	seed := signing.GenerateSeed()
	err := d.add(issuerFile(id), strconv.Itoa(int(id)), fmt.Sprintf("%x", seed[:]), at.Format(time.RFC3339))
	return Issuer{id, signing.NewKey(seed), at}, err
}

// takeIssuer takes what stands in an issuer key file.
func (k *Keys) takeIssuer(d *directory, name string, values []string) error {
	id, ok := issuerID(name, inUse)
	if !ok || values[0] != strconv.Itoa(int(id)) {
		return fmt.Errorf("the id must be 1 to %d and that of the file name", FirstTestKey-1)
	}
	if d.has(retiredFile(id)) {
		return errors.New("is the key of a retired id, come back from a backup; Retire it again")
	}
	seed, err := secret("seed", values[1])
	if err != nil {
		return err
	}
	var created time.Time
	if len(values) == 3 {
		created, err = time.Parse(time.RFC3339, values[2])
		if err != nil || created.UTC().Truncate(time.Second).Format(time.RFC3339) != values[2] {
			return errors.New(`"created" must be a time like 2026-02-10T08:00:00Z`)
		}
	}
	k.Issuers = append(k.Issuers, Issuer{id, signing.NewKey(seed), created.UTC()})
	return nil
}
