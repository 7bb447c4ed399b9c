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

// Passphrase opens a sealed directory. It never prints itself. Take it from a file
// (ReadPassphrase): arguments and the environment are seen by others.
type Passphrase string

const (
	// MinPassphrase is the length below which no directory is sealed, bytes. Our choice:
	// 16 random letters are beyond guessing at one scrypt run a guess.
	MinPassphrase = 16
	// maxPassphrase bounds what is read of a passphrase file, bytes.
	maxPassphrase = 1024
)

// String keeps a passphrase out of logs and error texts.
func (p Passphrase) String() string { return "passphrase (private)" }

// Format does the same for every verb, %x and %#v included.
func (p Passphrase) Format(f fmt.State, _ rune) { fmt.Fprint(f, p.String()) }

// MarshalText does the same for JSON and TOML.
func (p Passphrase) MarshalText() ([]byte, error) { return []byte(p.String()), nil }

// ReadPassphrase reads a file of one line, such as a systemd credential or a
// mounted secret. The end of the line is not part of the passphrase.
func ReadPassphrase(path string, trust ownfile.Trust) (Passphrase, error) {
	trust.RootGroup = true // a credential of a systemd unit
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

// workFactor is the logarithm of scrypt's N, r being 8: 128 MiB and about 0.4 s a try,
// the first choice of OWASP's password storage sheet. Tests make it small.
var workFactor = 17

// maxWorkFactor bounds what a seal may ask for before anything about it is
// authenticated: 256 MiB, and a second. The age command writes such files.
const maxWorkFactor = 18

// newScrypt is a variable so that tests can count the runs.
var newScrypt = func(p Passphrase) (age.Identity, error) {
	i, err := age.NewScryptIdentity(string(p))
	if err == nil {
		i.SetMaxWorkFactor(maxWorkFactor)
	}
	return i, err
}

const (
	sealFile = "keystore.seal"
	// sealHead and legacyMark are comments to the age command, which takes an opened
	// seal for a file of identities.
	sealHead   = "# railgate keystore identities v3 (secret: open the key files; the first encrypts)"
	legacyMark = "# v2 "
	ageHead    = "age-encryption.org/v1\n"
)

var (
	// ErrPassphrase does not say which of the two it is: only the passphrase itself
	// could tell them apart.
	ErrPassphrase = errors.New("keystore: wrong passphrase, or " + sealFile + " was damaged")
	// ErrNoPassphrase asks for what Options.Passphrase is there for.
	ErrNoPassphrase = errors.New("keystore: the keys are sealed and no passphrase was given")

	errElsewhere = errors.New("was sealed in another directory or before a Reseal, or was damaged, altered or exchanged; take it and " + sealFile + " from one backup")
)

// seal is what an opened keystore.seal has. Key files are encrypted to an X25519
// identity whose public half is as secret as the private one: nobody who lacks it can
// make a file that opens, so that age authenticates here, too. The identity is random
// and not the passphrase itself, so that a start runs scrypt once, not once a file.
type seal struct {
	keys   []*age.X25519Identity // the first encrypts; a second is older: Reseal is under way
	legacy []legacyKey           // of a directory that has files from before age
}

func newIdentity() *age.X25519Identity {
	i, err := age.GenerateX25519Identity()
	never(err) // since Go 1.24 the random source does not fail
	return i
}

// text is the file, under a passphrase: one scrypt run.
func (s *seal) text(p Passphrase) []byte {
	text := sealHead + "\n"
	for _, k := range s.keys {
		text += k.String() + "\n"
	}
	for _, k := range s.legacy {
		text += fmt.Sprintf("%s%x\n", legacyMark, k)
	}
	to, err := age.NewScryptRecipient(string(p))
	never(err) // but for an empty passphrase, which strongEnough refuses
	to.SetWorkFactor(workFactor)
	return encrypt([]byte(text), to)
}

// openSeal tries a passphrase: one run of scrypt, or of argon2id.
func openSeal(text []byte, p Passphrase) (s *seal, err error) {
	s = &seal{}
	if !bytes.HasPrefix(text, []byte(ageHead)) {
		s.legacy, err = openLegacySeal(text, p)
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
		return nil, fmt.Errorf("keystore: %s opens, and does not hold what this program writes", sealFile)
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
	never(err) // it goes to memory
	return out.Bytes()
}

func never(err error) {
	if err != nil {
		panic("BUG: keystore: " + err.Error())
	}
}

// decrypt gives errors that may repeat what the file has: they are not to be shown.
func decrypt(text []byte, with age.Identity) ([]byte, error) {
	r, err := age.Decrypt(bytes.NewReader(text), with)
	if err != nil {
		return nil, err
	}
	return io.ReadAll(r)
}

// Encrypt turns a plain directory into a sealed one. Whenever it is cut off, the
// directory opens with the passphrase, and the same call finishes; on a sealed
// directory it does that and no more, and brings files from before age into the
// present form. What the files held in the clear is erased, as far as the package
// comment can promise: copies of them stay what they were.
func Encrypt(dir string, p Passphrase) error {
	if err := p.strongEnough(); err != nil {
		return err
	}
	d, err := Options{Passphrase: p}.enter(dir, true)
	if err != nil {
		return err
	}
	defer d.leave()
	if len(d.keys()) == 0 {
		return fmt.Errorf("keystore: %s holds no keys", dir)
	}
	if d.seal == nil {
		d.seal = &seal{}
	}
	return d.settle(p)
}

// ReEncrypt changes the passphrase and the key under it, so that the old passphrase
// and an old copy of keystore.seal open nothing that is made from now on. Whenever
// it is cut off, one of the two passphrases opens the directory, and the same call
// finishes.
func ReEncrypt(dir string, old, next Passphrase) error {
	if err := next.strongEnough(); err != nil {
		return err
	}
	d, err := Options{Passphrase: old}.enter(dir, true)
	if errors.Is(err, ErrPassphrase) {
		if d, err := (Options{Passphrase: next}).enter(dir, true); err == nil {
			defer d.leave()
			return d.settle(next)
		}
	}
	if err != nil {
		return err
	}
	defer d.leave()
	switch {
	case d.seal == nil:
		return fmt.Errorf("keystore: %s is plain; Seal it", dir)
	case len(d.seal.keys) == 0: // from before age: it gets a new key now
		return d.settle(next)
	}
	if err := d.settle(old); err != nil { // so that the seal never has more than two keys
		return err
	}
	return d.changeKey(next)
}

// changeKey has a new key for the files to come and for those that are there. First it
// writes the seal: no file is ever encrypted with a key that is not on disk.
func (d *directory) changeKey(p Passphrase) error {
	d.seal.keys = append([]*age.X25519Identity{newIdentity()}, d.seal.keys...)
	put := create
	if d.has(sealFile) {
		put = replace
	}
	if err := put(d.file(sealFile), d.seal.text(p)); err != nil {
		return err
	}
	d.names = append(d.names, sealFile)
	return d.settle(p)
}

// settle encrypts every key file with the first key, and then drops the others. It
// reads all files before it writes one: a directory with a bad one is left as it was.
func (d *directory) settle(p Passphrase) error {
	old := make(map[string]key)
	for _, name := range d.keys() {
		if err := regular(d.file(name)); err != nil {
			return err
		}
		v, how, err := d.read(name)
		if err != nil {
			return err
		}
		if how != settled {
			old[name] = v
		}
	}
	if len(d.seal.keys) == 0 {
		return d.changeKey(p)
	}
	for _, name := range slices.Sorted(maps.Keys(old)) {
		if err := replace(d.file(name), d.text(name, old[name])); err != nil {
			return err
		}
	}
	if len(d.seal.keys) == 1 && len(d.seal.legacy) == 0 {
		return nil
	}
	d.seal = &seal{keys: d.seal.keys[:1]}
	return replace(d.file(sealFile), d.seal.text(p))
}
