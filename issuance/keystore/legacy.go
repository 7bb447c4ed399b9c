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

// The legacy format, "v2" in its files, precedes age: keystore.seal contains random directory keys, encrypted with
// the passphrase (argon2id, AES-256-GCM); a key file contains its text, encrypted with a key derived from a
// directory key and the file's name. It is read and never written: see directory.encryptAll.
var (
	legacySealPattern = regexp.MustCompile(`^railgate keystore seal v2 .*\nkdf argon2id\ntime ([1-9]\d?)\nmemory ([1-9]\d{0,5})\nthreads ([1-9]\d?)\nsalt ([0-9a-f]{32})\nbox ([0-9a-f]+)\n$`)
	legacyFilePattern = regexp.MustCompile(`^railgate .*\nunder ([0-9a-f]{16})\nbox ([0-9a-f]+)\n$`)
)

// Bounds of the argon2id parameters, which are read before the file is authenticated: a few seconds and 256 MiB.
const (
	maxArgonTime    = 16
	maxArgonMemory  = 256 << 10 // KiB
	maxArgonThreads = 16
)

// argon is a variable: tests count its runs.
var argon = argon2.IDKey

// legacyKey is a directory key.
type legacyKey [secretSize]byte

// decryptLegacySeal returns the directory keys: one, or two if a re-encryption was interrupted.
func decryptLegacySeal(text []byte, p Passphrase) (keys []legacyKey, err error) {
	m := legacySealPattern.FindSubmatch(text)
	if m == nil {
		return nil, fmt.Errorf("keystore: %s is neither an age file nor a file of an older release; restore it from the backup", sealFile)
	}
	time, _ := strconv.Atoi(string(m[1]))
	memory, _ := strconv.Atoi(string(m[2]))
	threads, _ := strconv.Atoi(string(m[3]))
	if time > maxArgonTime || memory > maxArgonMemory || threads > maxArgonThreads {
		return nil, fmt.Errorf("keystore: %s requests more work than any release wrote; restore it from the backup", sealFile)
	}
	salt, _ := hex.DecodeString(string(m[4]))
	stretched := argon([]byte(p), salt, uint32(time), uint32(memory), uint8(threads), secretSize)
	raw, err := decryptBox(derive(stretched, "railgate/keystore/seal/v2", secretSize), m[5], text, "")
	if err != nil || len(raw) != secretSize && len(raw) != 2*secretSize {
		return nil, ErrPassphrase
	}
	for ; len(raw) > 0; raw = raw[secretSize:] {
		keys = append(keys, legacyKey(raw[:secretSize]))
	}
	return keys, nil
}

// decryptLegacyFile decrypts the text of a key file.
func decryptLegacyFile(name string, text []byte, keys []legacyKey) ([]byte, error) {
	m := legacyFilePattern.FindSubmatch(text)
	for i := 0; m != nil && i < len(keys); i++ {
		if hex.EncodeToString(derive(keys[i][:], "railgate/keystore/key-id/v2", 8)) != string(m[1]) {
			continue
		}
		if plain, err := decryptBox(derive(keys[i][:], "railgate/keystore/file/v2 "+name, secretSize), m[2], text, name+"\n"); err == nil {
			return plain, nil
		}
	}
	return nil, errWrongKey
}

// decryptBox decrypts the last line of a text. The lines before it, and the text before, are authenticated data.
func decryptBox(key, digits, text []byte, before string) ([]byte, error) {
	box, err := hex.DecodeString(string(digits))
	if err != nil {
		return nil, err
	}
	block, err := aes.NewCipher(key)
	mustSucceed(err)
	gcm, err := cipher.NewGCMWithRandomNonce(block)
	mustSucceed(err)
	return gcm.Open(nil, nil, box, append([]byte(before), text[:len(text)-len("box \n")-len(digits)]...))
}

// derive is HKDF-SHA-256 (RFC 5869) without salt.
func derive(secret []byte, purpose string, size int) []byte {
	key, err := hkdf.Key(sha256.New, secret, nil, purpose, size)
	mustSucceed(err)
	return key
}
