package keystore

import (
	"bytes"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"filippo.io/age"

	"github.com/railgate/railgate/internal/ownfile"
)

// Passphrase decrypts an encrypted directory. It prints as a constant text. Read it from a file
// ([ReadPassphrase]): other users can see arguments and the environment.
type Passphrase string

const (
	// MinPassphrase is the minimum length, bytes. Our choice: 16 random letters cannot be guessed at one scrypt
	// run for each guess.
	MinPassphrase = 16
	// maxPassphrase is the maximum size of a passphrase file, bytes.
	maxPassphrase = 1024
)

// String keeps a passphrase out of logs and error texts.
func (p Passphrase) String() string { return "passphrase (private)" }

// Format hides a passphrase from every verb of fmt, including %x and %#v.
func (p Passphrase) Format(f fmt.State, _ rune) { fmt.Fprint(f, p.String()) }

// MarshalText hides a passphrase in JSON and TOML.
func (p Passphrase) MarshalText() ([]byte, error) { return []byte(p.String()), nil }

// ReadPassphrase reads a file of one line, such as a systemd credential or a mounted secret. The line break is
// not part of the passphrase.
func ReadPassphrase(path string, trust ownfile.Trust) (Passphrase, error) {
	trust.RootGroup = true // credentials of systemd units belong to root's group
	text, err := trust.ReadSecret(path, maxPassphrase, "make it 0400, or 0440 and set secret_group")
	if err != nil {
		return "", fmt.Errorf("keystore: passphrase: %w", err)
	}
	line := strings.TrimSuffix(strings.TrimSuffix(string(text), "\n"), "\r")
	if len(text) > maxPassphrase || line == "" || strings.ContainsAny(line, "\r\n\x00") {
		return "", fmt.Errorf("keystore: passphrase: %s must hold one line of 1 to %d bytes", path, maxPassphrase)
	}
	return Passphrase(line), nil
}

func (p Passphrase) strongEnough() error {
	if len(p) < MinPassphrase {
		return errors.New("keystore: a passphrase must have at least 16 bytes")
	}
	return nil
}

// workFactor is the binary logarithm of scrypt's N, with r = 8: 128 MiB and about 0.4 s for each attempt, the first
// recommendation of OWASP's password storage cheat sheet. Tests use a small one.
var workFactor = 17

// maxWorkFactor bounds the work factor, which is read before the file is authenticated: 256 MiB and about a
// second. The age command writes such files.
const maxWorkFactor = 18

// newScrypt is a variable: tests count its runs.
var newScrypt = func(p Passphrase) (age.Identity, error) {
	i, err := age.NewScryptIdentity(string(p))
	if err == nil {
		i.SetMaxWorkFactor(maxWorkFactor)
	}
	return i, err
}

const (
	sealFile = "keystore.seal"
	// sealHead and legacyMark are comments for the age command, which reads a decrypted seal file as a file of
	// identities.
	sealHead   = "# railgate keystore identities v3 (secret: open the key files; the first encrypts)"
	legacyMark = "# v2 "
	ageHead    = "age-encryption.org/v1\n"
)

var (
	// ErrPassphrase does not distinguish the two cases: without the passphrase they are indistinguishable.
	ErrPassphrase = errors.New("keystore: wrong passphrase, or " + sealFile + " was damaged")
	// ErrNoPassphrase means that Options.Passphrase is required.
	ErrNoPassphrase = errors.New("keystore: the keys are encrypted and no passphrase was given; set keys_passphrase_file")

	errWrongKey = errors.New("was encrypted in another directory or with an earlier key, or was damaged, altered or exchanged; restore it and " + sealFile + " from one backup")
)

// keySet is the content of keystore.seal. Key files are encrypted to an X25519 identity whose public key is also
// secret: without it, an attacker cannot make a file that decrypts, so the age files are authenticated. The
// identity is random and independent of the passphrase: a start runs scrypt once, not once for each file.
type keySet struct {
	keys   []*age.X25519Identity // the first encrypts; a second is older: a re-encryption is in progress
	legacy []legacyKey           // keys of files in the legacy format
}

func newIdentity() *age.X25519Identity {
	i, err := age.GenerateX25519Identity()
	mustSucceed(err) // the random source never fails since Go 1.24
	return i
}

// text returns the seal file, encrypted with a passphrase: one scrypt run.
func (s *keySet) text(p Passphrase) []byte {
	text := sealHead + "\n"
	for _, k := range s.keys {
		text += k.String() + "\n"
	}
	for _, k := range s.legacy {
		text += fmt.Sprintf("%s%x\n", legacyMark, k)
	}
	to, err := age.NewScryptRecipient(string(p))
	mustSucceed(err) // fails only for an empty passphrase, which strongEnough refuses
	to.SetWorkFactor(workFactor)
	return encrypt([]byte(text), to)
}

// openKeySet decrypts a seal file with a passphrase: one run of scrypt or argon2id.
func openKeySet(text []byte, p Passphrase) (s *keySet, err error) {
	s = &keySet{}
	if !bytes.HasPrefix(text, []byte(ageHead)) {
		s.legacy, err = decryptLegacySeal(text, p)
		return s, err
	}
	with, err := newScrypt(p)
	if err != nil {
		return nil, ErrPassphrase
	}
	plain, err := decrypt(text, with)
	if err != nil {
		return nil, ErrPassphrase
	}
	identities, err := age.ParseIdentities(bytes.NewReader(plain))
	for _, i := range identities {
		if k, ok := i.(*age.X25519Identity); ok {
			s.keys = append(s.keys, k)
		}
	}
	for line := range strings.Lines(string(plain)) {
		if digits, isLegacy := strings.CutPrefix(line, legacyMark); isLegacy {
			if raw, err := hex.DecodeString(strings.TrimSuffix(digits, "\n")); err == nil && len(raw) == secretSize {
				s.legacy = append(s.legacy, legacyKey(raw))
			}
		}
	}
	if err != nil || len(s.keys) == 0 || !bytes.HasPrefix(plain, []byte(sealHead)) {
		return nil, fmt.Errorf("keystore: %s was decrypted, and its content is not from this program; restore it from the backup", sealFile)
	}
	return s, nil
}

func encrypt(text []byte, to age.Recipient) []byte {
	var out bytes.Buffer
	w, err := age.Encrypt(&out, to)
	if err == nil {
		_, err = w.Write(text)
	}
	if err == nil {
		err = w.Close()
	}
	mustSucceed(err) // it writes to memory
	return out.Bytes()
}

func mustSucceed(err error) {
	if err != nil {
		panic("BUG: keystore: " + err.Error())
	}
}

// decrypt returns errors that may quote the file: they must not be printed.
func decrypt(text []byte, with age.Identity) ([]byte, error) {
	r, err := age.Decrypt(bytes.NewReader(text), with)
	if err != nil {
		return nil, err
	}
	return io.ReadAll(r)
}

// Encrypt encrypts a plain directory. If it is interrupted, the directory opens with the passphrase, and the same call
// completes it. On an encrypted directory it only completes an interrupted command and converts files in the legacy
// format. The plain content is erased, with the limits in the package comment; copies of it are not.
func Encrypt(dir string, p Passphrase) error {
	if err := p.strongEnough(); err != nil {
		return err
	}
	d, err := Options{Passphrase: p}.openDirectory(dir, true)
	if err != nil {
		return err
	}
	defer d.unlock()
	if len(d.keys()) == 0 {
		return fmt.Errorf("keystore: %s contains no keys", dir)
	}
	if d.keySet == nil {
		d.keySet = &keySet{}
	}
	return d.encryptAll(p)
}

// ReEncrypt changes the passphrase and the key of the files: the old passphrase, with an old copy of keystore.seal,
// decrypts no file written afterwards. If it is interrupted, one of the two passphrases opens the directory, and the
// same call completes it.
func ReEncrypt(dir string, old, next Passphrase) error {
	if err := next.strongEnough(); err != nil {
		return err
	}
	d, err := Options{Passphrase: old}.openDirectory(dir, true)
	if errors.Is(err, ErrPassphrase) {
		if d, err := (Options{Passphrase: next}).openDirectory(dir, true); err == nil {
			defer d.unlock()
			return d.encryptAll(next)
		}
	}
	if err != nil {
		return err
	}
	defer d.unlock()
	switch {
	case d.keySet == nil:
		return fmt.Errorf("keystore: %s is not encrypted; encrypt it first", dir)
	case len(d.keySet.keys) == 0: // legacy format: it gets a new key now
		return d.encryptAll(next)
	}
	if err := d.encryptAll(old); err != nil { // the seal file must never have more than two keys
		return err
	}
	return d.changeKey(next)
}

// changeKey re-encrypts the directory with a new key. It writes the seal file first: no file is ever encrypted with
// a key that is not on disk.
func (d *directory) changeKey(p Passphrase) error {
	d.keySet.keys = append([]*age.X25519Identity{newIdentity()}, d.keySet.keys...)
	put := create
	if d.has(sealFile) {
		put = replace
	}
	if err := put(d.file(sealFile), d.keySet.text(p)); err != nil {
		return err
	}
	d.names = append(d.names, sealFile)
	return d.encryptAll(p)
}

// encryptAll encrypts every key file with the first key, and then removes the other keys. It reads all files before
// it writes one: a directory with a damaged file is not changed.
func (d *directory) encryptAll(p Passphrase) error {
	old := make(map[string]key)
	for _, name := range d.keys() {
		if err := requireRegular(d.file(name)); err != nil {
			return err
		}
		v, how, err := d.readKey(name)
		if err != nil {
			return err
		}
		if how != current {
			old[name] = v
		}
	}
	if len(d.keySet.keys) == 0 {
		return d.changeKey(p)
	}
	for _, name := range slices.Sorted(maps.Keys(old)) {
		if err := replace(d.file(name), d.text(name, old[name])); err != nil {
			return err
		}
	}
	if len(d.keySet.keys) == 1 && len(d.keySet.legacy) == 0 {
		return nil
	}
	d.keySet = &keySet{keys: d.keySet.keys[:1]}
	return replace(d.file(sealFile), d.keySet.text(p))
}
