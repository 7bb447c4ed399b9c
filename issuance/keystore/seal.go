package keystore

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"strconv"

	"golang.org/x/crypto/argon2"
)

const (
	sealFile = "keystore.seal"
	headSeal = "railgate keystore seal v2 (opened by the passphrase; without it no key opens)"
)

// ErrPassphrase does not say which of the two it is: nothing could tell them
// apart but the passphrase itself.
var ErrPassphrase = errors.New("keystore: wrong passphrase, or " + sealFile + " was damaged")

// ErrSealed asks for what Options.Passphrase is there for.
var ErrSealed = errors.New("keystore: the keys are sealed and no passphrase was given")

// cost is what one try of a passphrase takes (RFC 9106).
type cost struct {
	time    uint32 // passes
	memory  uint32 // KiB
	threads uint8
}

// newCost is the second recommended choice of RFC 9106, section 4. Tests make it
// small.
var newCost = cost{time: 3, memory: 64 << 10, threads: 4}

// What a file may ask for before anything about it is authenticated: a hostile one
// costs a few seconds and 256 MiB.
const (
	maxTime    = 16
	maxMemory  = 256 << 10
	maxThreads = 16
)

// stretch is a variable so that tests can count its runs.
var stretch = argon2.IDKey

const (
	saltSize = 16
	keySize  = 32
)

// directoryKey is what the keys of one directory lie under.
type directoryKey [keySize]byte

// seal is an opened keystore.seal.
type seal struct {
	cost cost
	salt [saltSize]byte
	wrap []byte         // from the passphrase
	keys []directoryKey // one, or two while Reseal is under way; the first seals
}

// The labels that separate derived keys.
const (
	purposeWrap = "railgate/keystore/seal/v2"
	purposeID   = "railgate/keystore/key-id/v2"
	purposeFile = "railgate/keystore/file/v2 " // and the file's name
)

func derive(secret []byte, purpose string, size int) []byte {
	key, err := hkdf.Key(sha256.New, secret, nil, purpose, size)
	if err != nil {
		panic("BUG: keystore: " + err.Error())
	}
	return key
}

func newDirectoryKey() (k directoryKey) {
	rand.Read(k[:])
	return k
}

// keyID tells in a sealed file under which directory key it lies.
type keyID [8]byte

func (k *directoryKey) id() keyID { return keyID(derive(k[:], purposeID, len(keyID{}))) }

// file is the box of one file name.
func (k *directoryKey) file(name string) cipher.AEAD {
	return newBox(derive(k[:], purposeFile+name, keySize))
}

// newBox is AES-256-GCM with random nonces; no key here seals more than a handful
// of times.
func newBox(key []byte) cipher.AEAD {
	block, err := aes.NewCipher(key)
	if err != nil {
		panic("BUG: keystore: " + err.Error())
	}
	box, err := cipher.NewGCMWithRandomNonce(block)
	if err != nil {
		panic("BUG: keystore: " + err.Error())
	}
	return box
}

// newSeal prepares a seal under a passphrase, with a salt of its own.
func newSeal(p Passphrase, keys ...directoryKey) *seal {
	s := &seal{cost: newCost, keys: keys}
	rand.Read(s.salt[:])
	s.wrap = s.cost.wrap(p, s.salt)
	return s
}

func (c cost) wrap(p Passphrase, salt [saltSize]byte) []byte {
	return derive(stretch([]byte(p), salt[:], c.time, c.memory, c.threads, keySize), purposeWrap, keySize)
}

// text is the file. All that stands before the box is authenticated by it.
func (s *seal) text() []byte {
	head := sealHead(s.cost, s.salt)
	var keys []byte
	for _, k := range s.keys {
		keys = append(keys, k[:]...)
	}
	box := newBox(s.wrap).Seal(nil, nil, keys, head)
	return fmt.Appendf(head, "box %x\n", box)
}

func sealHead(c cost, salt [saltSize]byte) []byte {
	return fmt.Appendf(nil, "%s\nkdf argon2id\ntime %d\nmemory %d\nthreads %d\nsalt %x\n", headSeal, c.time, c.memory, c.threads, salt)
}

// parseSeal reads the file's form and bounds, before any work is done for it.
func parseSeal(text []byte) (c cost, salt [saltSize]byte, box []byte, err error) {
	v, err := split(text, headSeal, "kdf", "time", "memory", "threads", "salt", "box")
	if err != nil {
		return c, salt, nil, err
	}
	if v[0] != "argon2id" {
		return c, salt, nil, errors.New(`"kdf" must be argon2id`)
	}
	var n [3]uint64
	for i, max := range []uint64{maxTime, maxMemory, maxThreads} {
		name := []string{"time", "memory", "threads"}[i]
		if n[i], err = number(v[1+i], 1, max); err != nil {
			return c, salt, nil, fmt.Errorf("%q %w", name, err)
		}
	}
	raw, ok := lowerHex(v[4])
	if !ok || len(raw) != saltSize {
		return c, salt, nil, fmt.Errorf(`"salt" must be %d lower-case hex digits`, 2*saltSize)
	}
	box, ok = lowerHex(v[5])
	if !ok {
		return c, salt, nil, errors.New(`"box" must be lower-case hex digits`)
	}
	return cost{uint32(n[0]), uint32(n[1]), uint8(n[2])}, [saltSize]byte(raw), box, nil
}

// openSeal tries a passphrase: one argon2id run.
func openSeal(text []byte, p Passphrase) (*seal, error) {
	c, salt, box, err := parseSeal(text)
	if err != nil {
		return nil, fmt.Errorf("keystore: %s: %w", sealFile, err)
	}
	s := &seal{cost: c, salt: salt, wrap: c.wrap(p, salt)}
	keys, err := newBox(s.wrap).Open(nil, nil, box, sealHead(c, salt))
	if err != nil {
		return nil, ErrPassphrase
	}
	if len(keys) != keySize && len(keys) != 2*keySize {
		return nil, fmt.Errorf("keystore: %s holds neither one directory key nor two", sealFile)
	}
	for ; len(keys) > 0; keys = keys[keySize:] {
		s.keys = append(s.keys, directoryKey(keys[:keySize]))
	}
	return s, nil
}

// number reads a whole number in its one spelling.
func number(text string, min, max uint64) (uint64, error) {
	n, err := strconv.ParseUint(text, 10, 64)
	if err != nil || n < min || n > max || strconv.FormatUint(n, 10) != text {
		return 0, fmt.Errorf("must be %d to %d", min, max)
	}
	return n, nil
}

func lowerHex(text string) ([]byte, bool) {
	raw, err := hex.DecodeString(text)
	return raw, err == nil && hex.EncodeToString(raw) == text
}
