package loadtest

import (
	"crypto/rand"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"

	"github.com/railgate/railgate/tokens"
	"github.com/railgate/railgate/tokens/signing"
)

// FirstLoadKey is the lowest id of a load key. Issuers give ids from here on to no key of their own.
const FirstLoadKey tokens.KeyID = 1 << 15

// NewTarget makes a load key and writes a target file with it, closed to other users.
// The fields that t lacks are written as what is to be put there. A file that exists
// is not replaced: its key may be announced.
func NewTarget(path string, t Target) (LoadKey, error) {
	var id [2]byte
	if _, err := rand.Read(id[:]); err != nil {
		return LoadKey{}, err
	}
	t.LoadKey = LoadKey{ID: FirstLoadKey | tokens.KeyID(binary.BigEndian.Uint16(id[:])), Seed: signing.GenerateSeed()}
	for _, f := range []struct {
		field *string
		stand string
	}{
		{&t.Gateway, "REPLACE-WITH-URL"}, {&t.Issuer, "REPLACE-WITH-URL"},
		{&t.Device, "REPLACE-WITH-rgd_-AND-64-HEX-DIGITS"}, {&t.Staff, "REPLACE-WITH-rgs_-AND-64-HEX-DIGITS"},
	} {
		if *f.field == "" {
			*f.field = f.stand
		}
	}
	text, err := json.MarshalIndent(t, "", "  ")
	if err != nil {
		return LoadKey{}, err
	}
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return LoadKey{}, fmt.Errorf("target file: %w", err)
	}
	_, err = f.Write(append(text, '\n'))
	if closed := f.Close(); err == nil {
		err = closed
	}
	if err != nil {
		os.Remove(path)
		return LoadKey{}, fmt.Errorf("target file: %w", err)
	}
	return t.LoadKey, nil
}

// Announcement is the entry for the settings of the issuers of the system to be
// loaded. It holds the public key only.
func (k LoadKey) Announcement() string {
	public := signing.NewKey(k.Seed).Public()
	return fmt.Sprintf("[[announce]]\nid = %d\npublic = %q\n", k.ID, hex.EncodeToString(public[:]))
}
