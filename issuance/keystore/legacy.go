package keystore

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"regexp"
	"strconv"

	"golang.org/x/crypto/argon2"
)

// Directories from before age, "v2" in their files: keystore.seal has random directory
// keys under the passphrase (argon2id, AES-256-GCM), and a key file has its plain text
// under a key derived from a directory key and the file's name. They are read and never
// written: see directory.settle.
var (
	legacySeal = regexp.MustCompile(`^railgate keystore seal v2 .*\nkdf argon2id\ntime ([1-9]\d?)\nmemory ([1-9]\d{0,5})\nthreads ([1-9]\d?)\nsalt ([0-9a-f]{32})\nbox ([0-9a-f]+)\n$`)
	legacyFile = regexp.MustCompile(`^railgate .*\nunder ([0-9a-f]{16})\nbox ([0-9a-f]+)\n$`)
)

// What a seal may ask of argon2id before anything about it is authenticated: a few
// seconds and 256 MiB.
const (
	maxArgonTime    = 16
	maxArgonMemory  = 256 << 10 // KiB
	maxArgonThreads = 16
)

// argon is a variable so that tests can count its runs.
var argon = argon2.IDKey

// legacyKey is a directory key.
type legacyKey [secretSize]byte

// openLegacySeal returns the directory keys: one, or two if a Reseal was cut off.
func openLegacySeal(text []byte, p Passphrase) (keys []legacyKey, err error) {
	m := legacySeal.FindSubmatch(text)
	if m == nil {
		return nil, fmt.Errorf("keystore: %s is neither an age file nor what an older release wrote", sealFile)
	}
	time, _ := strconv.Atoi(string(m[1]))
	memory, _ := strconv.Atoi(string(m[2]))
	threads, _ := strconv.Atoi(string(m[3]))
	if time > maxArgonTime || memory > maxArgonMemory || threads > maxArgonThreads {
		return nil, fmt.Errorf("keystore: %s asks for more work than any release did", sealFile)
	}
	salt, _ := hex.DecodeString(string(m[4]))
	stretched := argon([]byte(p), salt, uint32(time), uint32(memory), uint8(threads), secretSize)
	raw, err := openBox(derive(stretched, "railgate/keystore/seal/v2", secretSize), m[5], text, "")
	if err != nil || len(raw) != secretSize && len(raw) != 2*secretSize {
		return nil, ErrPassphrase
	}
	for ; len(raw) > 0; raw = raw[secretSize:] {
		keys = append(keys, legacyKey(raw[:secretSize]))
	}
	return keys, nil
}

// openLegacyFile returns the text of a key file in the clear.
func openLegacyFile(name string, text []byte, keys []legacyKey) ([]byte, error) {
	m := legacyFile.FindSubmatch(text)
	for i := 0; m != nil && i < len(keys); i++ {
		if hex.EncodeToString(derive(keys[i][:], "railgate/keystore/key-id/v2", 8)) != string(m[1]) {
			continue
		}
		if plain, err := openBox(derive(keys[i][:], "railgate/keystore/file/v2 "+name, secretSize), m[2], text, name+"\n"); err == nil {
			return plain, nil
		}
	}
	return nil, errElsewhere
}

// openBox opens the last line of a text. What is before it, and what is before the text,
// was authenticated with it.
func openBox(key, digits, text []byte, before string) ([]byte, error) {
	box, err := hex.DecodeString(string(digits))
	if err != nil {
		return nil, err
	}
	block, err := aes.NewCipher(key)
	never(err)
	gcm, err := cipher.NewGCMWithRandomNonce(block)
	never(err)
	return gcm.Open(nil, nil, box, append([]byte(before), text[:len(text)-len("box \n")-len(digits)]...))
}

// derive is HKDF-SHA-256 (RFC 5869) without salt.
func derive(secret []byte, purpose string, size int) []byte {
	key, err := hkdf.Key(sha256.New, secret, nil, purpose, size)
	never(err)
	return key
}
