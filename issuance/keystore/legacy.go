package keystore

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/sha256"
	"errors"
	"fmt"

	"golang.org/x/crypto/argon2"
)

// Directories from before age, "v2" in their files: keystore.seal has random directory
// keys under the passphrase (argon2id, AES-256-GCM), and a key file has its plain text
// under a key derived from a directory key and the file's name. They are read and never
// written: see directory.settle.
const legacySealHead = "railgate keystore seal v2 (opened by the passphrase; without it no key opens)"

// legacyBounds are what a seal may ask of argon2id before anything about it is
// authenticated: passes, KiB and threads; a few seconds and 256 MiB.
var legacyBounds = [3]int{16, 256 << 10, 16}

// argon is a variable so that tests can count its runs.
var argon = argon2.IDKey

// legacyKey is a directory key.
type legacyKey [secretSize]byte

// openLegacySeal returns the directory keys: one, or two if a Reseal was cut off.
func openLegacySeal(text []byte, p Passphrase) (keys []legacyKey, err error) {
	v, err := split(text, legacySealHead, "kdf", "time", "memory", "threads", "salt", "box")
	if err == nil && v[0] != "argon2id" {
		err = errors.New(`"kdf" must be argon2id`)
	}
	var cost [3]int
	for i := 0; i < len(cost) && err == nil; i++ {
		if cost[i], err = number(v[1+i], legacyBounds[i]); err != nil {
			err = fmt.Errorf("line %d %w", 3+i, err)
		}
	}
	if err != nil {
		return nil, fmt.Errorf("keystore: %s: %w", sealFile, err)
	}
	salt, salted := lowerHex(v[4])
	box, boxed := lowerHex(v[5])
	if !salted || len(salt) != 16 || !boxed {
		return nil, fmt.Errorf("keystore: %s: salt and box must be lower-case hex digits", sealFile)
	}
	stretched := argon([]byte(p), salt, uint32(cost[0]), uint32(cost[1]), uint8(cost[2]), secretSize)
	raw, err := openBox(derive(stretched, "railgate/keystore/seal/v2", secretSize), box, text[:bytes.LastIndex(text, []byte("box "))])
	if err != nil || len(raw) != secretSize && len(raw) != 2*secretSize {
		return nil, ErrPassphrase
	}
	for ; len(raw) > 0; raw = raw[secretSize:] {
		keys = append(keys, legacyKey(raw[:secretSize]))
	}
	return keys, nil
}

// openLegacyFile returns the text of a key file in the clear.
func openLegacyFile(k *kind, name string, text []byte, keys []legacyKey) ([]byte, error) {
	v, err := split(text, k.head(legacyForm), "under", "box")
	if err != nil {
		return nil, err
	}
	box, ok := lowerHex(v[1])
	if !ok {
		return nil, errors.New(`"box" must be lower-case hex digits`)
	}
	for _, key := range keys {
		if fmt.Sprintf("%x", derive(key[:], "railgate/keystore/key-id/v2", 8)) != v[0] {
			continue
		}
		context := append([]byte(name+"\n"), text[:bytes.LastIndex(text, []byte("box "))]...)
		plain, err := openBox(derive(key[:], "railgate/keystore/file/v2 "+name, secretSize), box, context)
		if err != nil {
			err = errElsewhere
		}
		return plain, err
	}
	return nil, errElsewhere
}

// derive is HKDF-SHA-256 (RFC 5869) without salt.
func derive(secret []byte, purpose string, size int) []byte {
	key, err := hkdf.Key(sha256.New, secret, nil, purpose, size)
	never(err)
	return key
}

func openBox(key, box, context []byte) ([]byte, error) {
	block, err := aes.NewCipher(key)
	never(err)
	gcm, err := cipher.NewGCMWithRandomNonce(block)
	never(err)
	return gcm.Open(nil, nil, box, context)
}
